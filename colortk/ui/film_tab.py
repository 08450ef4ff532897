"""The tab "Film": a short film in, the same in colour, to play and to keep."""

from __future__ import annotations

import html
import threading
from pathlib import Path
from typing import Any

from colortk.errors import EnvironmentProblem, UsageError
from colortk.ui._gradio import gr
from colortk.ui.controls import drop, plugin_choice, strength_choice
from colortk.ui.event_handlers import House, Stopped, Visit, event, notice
from colortk.ui.limits import size_of

EMPTY = (
    '<div class="empty"><b>Your film in colour</b><span>Short ones, to see what a plugin does;'
    " <code>colortk video</code> takes any length. Sound stays as it is.</span></div>"
)


def build(house: House) -> None:
    """Put the tab's parts where Gradio is building; without PyAV, how to get it."""
    try:
        from colortk.ui import film_conversion  # noqa: F401
    except EnvironmentProblem as error:
        gr.Markdown(f"**Films need PyAV.** Whoever runs this page can install it: `{error.hint}`")
        return
    stops: dict[str | None, threading.Event] = {}

    def colorize(visit: Visit, *values: Any) -> Any:
        stop = stops[visit.window] = threading.Event()
        try:
            return _colorize(visit, stop, *values)
        finally:
            stops.pop(visit.window, None)

    def stop(visit: Visit) -> list[Any]:
        if visit.window in stops:
            stops[visit.window].set()
        return []

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = drop("Film", "film", house.limits)
            plugin = plugin_choice(house, "film-plugin")
            strength = strength_choice("film-strength")
            steady = gr.Checkbox(
                True,
                label="Steady colours",
                info="Averaged along motion, so that they do not flicker",
            )
            with gr.Row():
                go = gr.Button("Colorize", variant="primary", elem_id="film-go")
                end = gr.Button("Stop", variant="secondary", elem_id="film-stop")
        with gr.Column(scale=2, min_width=320):
            wrong = notice()
            empty = gr.HTML(EMPTY)
            player = gr.Video(
                label="In colour", visible=False, interactive=False, elem_id="player", buttons=[]
            )
            told = gr.HTML("", elem_classes="told", visible=False)
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="film-download"
            )
    go.click(
        event(house, colorize, 4), [file, plugin, strength, steady],
        [empty, player, told, download, wrong],
        concurrency_id="films", concurrency_limit=1, trigger_mode="once",
        show_progress_on=[empty, player], api_visibility="private",
    )  # fmt: skip
    end.click(event(house, stop, 0), None, [wrong], queue=False, api_visibility="private")
    file.clear(
        event(house, _empty, 4), None, [empty, player, told, download, wrong], queue=False,
        show_progress="hidden", api_visibility="private",
    )  # fmt: skip


def _empty(visit: Visit) -> Any:
    hidden = gr.update(value=None, visible=False)
    return gr.update(visible=True), hidden, hidden, hidden


def _colorize(
    visit: Visit, stop: threading.Event, file: str | None, label: str, strength: float, steady: bool
) -> Any:
    from colortk.ui.film_conversion import colorize_clip

    if not file:
        raise UsageError("There is no film yet", hint="choose one")
    house, path = visit.house, Path(file)

    def advance(done: int, total: int | None) -> None:
        if stop.is_set() or house.closing.is_set() or not house.visitors.present(visit.token):
            raise Stopped("The film was stopped")
        if done % 4 == 0 or done == total:
            visit.progress((done, total), desc="Colorizing", unit="frames")

    visit.progress(0.0, desc="Reading the film")
    made = colorize_clip(
        path, path.name, house.shelf.take(label), min(2.0, max(0.0, float(strength))), bool(steady),
        house.limits, visit.folder("film"), advance,
    )  # fmt: skip
    line = f"<p>{made.frames} frames, {made.frames_per_second:.1f} frames a second.</p>"
    line += "".join(f"<p>{html.escape(note)}</p>" for note in made.notes)
    return (
        gr.update(visible=False),
        gr.update(value=str(made.file), visible=True),
        gr.update(value=line, visible=True),
        gr.update(
            value=str(made.file),
            label=f"Download {made.file.name} ({size_of(made.file)})",
            visible=True,
        ),
    )
