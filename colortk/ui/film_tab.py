"""The tab "Film": upload a short film, play and download it in color."""

from __future__ import annotations

import html
import threading
import time
from pathlib import Path
from typing import Any

from colortk.errors import EnvironmentProblem, UsageError
from colortk.ui._gradio import gr
from colortk.ui.controls import file_drop, plugin_choice, strength_slider
from colortk.ui.event_handlers import (
    AppContext,
    FilmStopped,
    RequestContext,
    alert,
    event_handler,
    notice,
)
from colortk.ui.job_queue import GradioQueue
from colortk.ui.limits import format_size
from colortk.ui.page_elements import scripted_element
from colortk.ui.previews import file_url
from colortk.ui.stop_signals import StopSignals
from colortk.ui.time_left import format_time_left

EMPTY_TEXT = (
    '<div class="empty"><b>Your film in color</b><span>For short films.'
    " <code>colortk video</code> colorizes films of any length. Sound is kept.</span></div>"
)
#: Films of all visitors are colorized one after another.
GROUP = "films"


def build(app: AppContext, page: Any) -> None:
    """Create the elements of the tab in the current block of Gradio.

    Without PyAV, the tab says how to install it.

    Parameters
    ----------
    app : AppContext
        Objects that the tabs share.
    page : gradio.Blocks
        The page.
    """
    try:
        from colortk.ui import film_conversion  # noqa: F401
    except EnvironmentProblem as error:
        gr.Markdown(f"**Films need PyAV.** To install it on the server: `{error.hint}`")
        return
    stops = StopSignals(GradioQueue(page), GROUP, [*[gr.skip()] * 4, alert("The film was stopped")])

    def colorize(context: RequestContext, *values: Any) -> Any:
        with stops.running(context.window) as stop:
            return _colorize(context, stop, *values)

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = file_drop("Film", "film", app.limits)
            plugin = plugin_choice(app, "film-plugin")
            strength = strength_slider("film-strength")
            smooth_colors = gr.Checkbox(
                True,
                label="Steady colors",
                info="Move colors along motion, so that they do not flicker",
            )
            with gr.Row():
                go = gr.Button("Colorize", variant="primary", elem_id="film-go")
                end = gr.Button("Stop", variant="secondary", elem_id="film-stop")
        with gr.Column(scale=2, min_width=320):
            error_notice = notice()
            empty = gr.HTML(EMPTY_TEXT)
            player = scripted_element("film_player", "player", visible=False)
            summary = gr.HTML("", elem_classes="summary", visible=False)
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="film-download"
            )
    go.click(
        event_handler(app, colorize, 4), [file, plugin, strength, smooth_colors],
        [empty, player, summary, download, error_notice],
        concurrency_id=GROUP, concurrency_limit=1, trigger_mode="once",
        show_progress_on=[empty, player], api_visibility="private",
    )  # fmt: skip
    end.click(
        event_handler(app, stops.stop, 0),
        None,
        [error_notice],
        queue=False,
        api_visibility="private",
    )
    file.clear(
        event_handler(app, _clear, 4), None, [empty, player, summary, download, error_notice],
        queue=False, show_progress="hidden", api_visibility="private",
    )  # fmt: skip


def _clear(context: RequestContext) -> Any:
    hidden_result = gr.update(value=None, visible=False)
    return gr.update(visible=True), hidden_result, hidden_result, hidden_result


def _colorize(
    context: RequestContext,
    stop: threading.Event,
    file: str | None,
    label: str,
    strength: float,
    smooth_colors: bool,
) -> Any:
    from colortk.ui.film_conversion import colorize_clip

    if not file:
        raise UsageError("No film is chosen", hint="choose one")
    app, path = context.app, Path(file)

    def advance(frames_done: int, total: int | None) -> None:
        if stop.is_set() or app.closing.is_set() or not app.visitors.is_connected(context.token):
            raise FilmStopped("The film was stopped")
        if frames_done % 4 == 0 or frames_done == total:
            text = "Colorizing"
            if total and frames_done:
                per_frame = (time.monotonic() - start) / frames_done
                text += f", {format_time_left(per_frame * (total - frames_done))}"
            context.progress((frames_done, total), desc=text, unit="frames")

    context.progress(0.0, desc="Reading the film")
    start = time.monotonic()
    clip = colorize_clip(
        path, path.name, app.pool.get(label), min(2.0, max(0.0, float(strength))),
        bool(smooth_colors), app.limits, context.folder("film"), advance,
    )  # fmt: skip
    text = f"<p>{clip.frames} frames, {clip.frames_per_second:.1f} frames per second.</p>"
    text += "".join(f"<p>{html.escape(note)}</p>" for note in clip.notes)
    return (
        gr.update(visible=False),
        gr.update(value=file_url(clip.file), visible=True),
        gr.update(value=text, visible=True),
        gr.update(
            value=str(clip.file),
            label=f"Download {clip.file.name} ({format_size(clip.file)})",
            visible=True,
        ),
    )
