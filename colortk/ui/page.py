"""The page: tabs, style, and settings of Gradio."""

from __future__ import annotations

import html
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from colortk.survey.pairs.session import PairSurvey
from colortk.survey.session import Survey
from colortk.ui import colorize_tab, compare_tab, film_tab, survey_tab
from colortk.ui._gradio import FastAPI, gr
from colortk.ui.event_handlers import AppContext
from colortk.ui.limits import Limits
from colortk.ui.visitor_registry import KEEP_SECONDS

#: Seconds between two checks of the queue.
QUEUE_INTERVAL = 0.02
#: Fonts of the reader's machine. The themes of Gradio load fonts from Google.
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONOSPACE = ("ui-monospace", "Consolas", "DejaVu Sans Mono", "monospace")


def blocks(app: AppContext, survey: Survey | PairSurvey | None) -> Any:
    """Create the page.

    Parameters
    ----------
    app : AppContext
        Objects that the tabs share.
    survey : Survey, PairSurvey or None
        A survey, which gets the first tab.

    Returns
    -------
    gradio.Blocks
        The page.
    """
    with gr.Blocks(title="colortk", analytics_enabled=False, fill_width=False) as page:
        gr.HTML(_head(app), elem_id="head")
        with gr.Tabs(overflow_behavior="wrap"):
            if survey is not None:
                with gr.Tab("Survey", id="survey"):
                    survey_tab.build(app, survey, page)
            with gr.Tab("Colorize", id="colorize"):
                colorize_tab.build(app, page)
            with gr.Tab("Compare", id="compare"):
                compare_tab.build(app)
            with gr.Tab("Film", id="film"):
                film_tab.build(app, page)
        if app.pool.needs_weights:
            gr.HTML(_needs_weights(app.pool.needs_weights), elem_id="needs-weights")
        # Because of this event every open window keeps a connection, which shows that it is open.
        page.unload(lambda: None)
    # The guard refuses requests earlier, and states when to try again.
    page.queue(max_size=2 * app.limits.waiting, default_concurrency_limit=1, api_open=False)
    # Gradio checks its queue a thousand times per second, which takes a tenth of a core when idle.
    if hasattr(page._queue, "sleep_when_free"):
        page._queue.sleep_when_free = QUEUE_INTERVAL
    return page


def _head(app: AppContext) -> str:
    return (
        "<h1>colortk</h1><p>Colorize black-and-white pictures and films. Your files stay on the"
        " machine that runs this page, are visible to you only, and are deleted"
        f" {KEEP_SECONDS / 60:.0f} minutes after you leave.</p>"
    )


def _needs_weights(needs: Mapping[str, str]) -> str:
    """Return the list of plugins that could run if their weights were fetched."""
    rows = "".join(
        f"<li><b>{html.escape(name)}</b> {html.escape(text)}</li>" for name, text in needs.items()
    )
    title = "1 plugin needs weights" if len(needs) == 1 else f"{len(needs)} plugins need weights"
    return f"<details><summary>{title}</summary><ul>{rows}</ul></details>"


def application(page: Any, limits: Limits) -> Any:
    """Return the page as an ASGI application, without its guard.

    Parameters
    ----------
    page : gradio.Blocks
        The page.
    limits : Limits
        Limits of the page.
    """
    theme = gr.themes.Default(
        primary_hue="indigo", neutral_hue="slate", radius_size="md", font=FONTS, font_mono=MONOSPACE
    ).set(
        body_text_color_subdued="*neutral_500"
    )  # darker than the default, for a contrast of 4.8 to 1 on white
    return gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        page,
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
