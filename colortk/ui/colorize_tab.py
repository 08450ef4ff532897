"""The tab "Colorize": a picture in, a slider between before and after, the file to keep."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.io.files import write_atomic
from colortk.io.samples import photographs
from colortk.ui._gradio import gr
from colortk.ui.controls import file_drop, plugin_dropdown, strength_slider
from colortk.ui.event_handlers import AppContext, RequestContext, event_handler, notice
from colortk.ui.limits import format_size
from colortk.ui.picture_conversion import PictureOptions, colorize_picture

#: What a result can be written as, besides as what it came: those that keep most.
TYPES = [("as uploaded", ""), ("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WebP", "webp")]
REFINEMENTS = [("keep hue and lightness", "ratio"), ("clip", "none")]
EMPTY = (
    '<div class="empty"><b>Your picture in colour</b>'
    "<span>Drop a black-and-white photograph on the left, choose it, or paste it with Ctrl+V.</span>"
    "</div>"
)


def build(app: AppContext) -> None:
    """Put the tab's parts where Gradio is building."""
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = file_drop("Picture", "picture", app.limits)
            sample = gr.Button("Try it on a sample", size="sm", variant="secondary")
            plugin = plugin_dropdown(app, "colorize-plugin")
            strength = strength_slider("colorize-strength")
            with gr.Accordion("More", open=False):
                kind = gr.Radio(TYPES, value="", label="File type of the result")
                refine = gr.Radio(
                    REFINEMENTS, value="ratio", label="Colours that a screen cannot show"
                )
            go = gr.Button("Colorize", variant="primary", elem_id="colorize-go")
        with gr.Column(scale=2, min_width=320):
            wrong = notice()
            empty = gr.HTML(EMPTY)
            slider = gr.ImageSlider(
                label="Before and after", show_label=False, type="filepath", interactive=False,
                visible=False, max_height=640, buttons=["fullscreen"], elem_id="slider",
            )  # fmt: skip
            told = gr.HTML("", elem_classes="told", visible=False)
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="download"
            )
    asked = [file, plugin, strength, kind, refine]
    shown = [empty, slider, told, download, wrong]
    colorize = {
        "fn": event_handler(app, _colorize, 4), "inputs": asked, "outputs": shown,
        "concurrency_id": "pictures", "concurrency_limit": 1, "trigger_mode": "always_last",
        "show_progress_on": [slider, empty], "api_visibility": "private",
    }  # fmt: skip
    go.click(**colorize)
    file.upload(**colorize)
    again = {**colorize, "fn": event_handler(app, _again, 4)}
    for one in (plugin.input, strength.release, kind.input, refine.input):
        one(**again)
    file.clear(
        event_handler(app, _nothing, 4), None, shown, queue=False, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip
    put = sample.click(
        event_handler(app, _sample, 1), None, [file, wrong], queue=False, api_visibility="private"
    )
    put.success(**again)


def _sample(context: RequestContext) -> list[str]:
    """A photograph that everybody has."""
    source = next(iter(photographs().values()))
    copy = context.folder("sample") / source.name
    write_atomic(copy, source.read_bytes(), force=True, durable=False)
    return [str(copy)]


def _nothing(context: RequestContext) -> Any:
    hidden = gr.update(value=None, visible=False)
    return gr.update(visible=True), hidden, hidden, hidden


def _again(context: RequestContext, file: str | None, *values: Any) -> Any:
    """The same picture in another way, if there is one."""
    if not file:
        return [gr.skip()] * 4
    return _colorize(context, file, *values)


def _colorize(
    context: RequestContext, file: str | None, label: str, strength: float, kind: str, refine: str
) -> Any:
    if not file:
        raise UsageError("There is no picture yet", hint="choose one")
    if kind not in [value for _, value in TYPES]:
        raise UsageError(f"a result cannot be of type '{kind}'")
    options = PictureOptions(min(2.0, max(0.0, float(strength))), refine, kind)
    app, path = context.app, Path(file)
    made = colorize_picture(
        path, path.name, app.pool.get(label), options, app.limits, context.folder("picture")
    )
    line = (
        f"<p><b>{html.escape(label)}</b> {made.width} × {made.height}, {made.seconds:.1f} s."
        " Drag the line, or move it with the arrow keys: grey on the left, colour on the right.</p>"
    ) + "".join(f"<p>{html.escape(note)}</p>" for note in made.notes)
    return (
        gr.update(visible=False),
        gr.update(value=(str(made.before), str(made.after)), visible=True),
        gr.update(value=line, visible=True),
        gr.update(
            value=str(made.file),
            label=f"Download {made.file.name} ({format_size(made.file)})",
            visible=True,
        ),
    )
