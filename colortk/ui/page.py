"""The page: its tabs, its looks, and Gradio's settings."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from colortk.survey.session import Survey
from colortk.ui import colorize_tab, compare_tab, film_tab, survey_tab
from colortk.ui._gradio import FastAPI, gr
from colortk.ui.event_handlers import AppContext
from colortk.ui.limits import Limits
from colortk.ui.visitor_registry import KEEP_SECONDS

#: Seconds between two looks for work.
IDLE = 0.02
#: Fonts that are on the reader's machine; Gradio's own themes ask Google for theirs.
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONOSPACE = ("ui-monospace", "Consolas", "DejaVu Sans Mono", "monospace")


def blocks(app: AppContext, survey: Survey | None) -> Any:
    """Gradio's blocks of the whole page; with a survey, that tab comes first."""
    with gr.Blocks(title="colortk", analytics_enabled=False, fill_width=False) as made:
        gr.HTML(_head(app), elem_id="head")
        with gr.Tabs(overflow_behavior="wrap"):
            if survey is not None:
                with gr.Tab("Survey", id="survey"):
                    survey_tab.build(app, survey, made)
            with gr.Tab("Colorize", id="colorize"):
                colorize_tab.build(app)
            with gr.Tab("Compare", id="compare"):
                compare_tab.build(app)
            with gr.Tab("Film", id="film"):
                film_tab.build(app)
        # For this event alone every open window has a connection, which says that somebody is there.
        made.unload(lambda: None)
    # The guard refuses earlier, and says when to come back.
    made.queue(max_size=2 * app.limits.waiting, default_concurrency_limit=1, api_open=False)
    # It looks for work a thousand times a second, which costs a tenth of a core while there is none.
    if hasattr(made._queue, "sleep_when_free"):
        made._queue.sleep_when_free = IDLE
    return made


def _head(app: AppContext) -> str:
    return (
        "<h1>colortk</h1><p>Black-and-white pictures and films in colour. What you upload stays on"
        " the machine that runs this page, is seen by nobody else, and is deleted"
        f" {KEEP_SECONDS / 60:.0f} minutes after you have left.</p>"
    )


def application(made: Any, limits: Limits) -> Any:
    """The page of Gradio's blocks ``made`` as an ASGI application, without its guard."""
    theme = gr.themes.Default(
        primary_hue="indigo", neutral_hue="slate", radius_size="md", font=FONTS, font_mono=MONOSPACE
    ).set(body_text_color_subdued="*neutral_500")  # a shade darker: 4.8 to 1 on white
    return gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        made,
        "/",
        theme=theme,
        css=_resource("page.css"),
        js=_resource("page.js"),
        max_file_size=limits.upload,
        allowed_paths=[],
        show_error=True,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
    )


def _resource(name: str) -> str:
    return files("colortk.ui").joinpath(name).read_text("utf-8")
