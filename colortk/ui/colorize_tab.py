"""The tab "Colorize": upload a picture, compare before and after, download the result."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.io.files import write_atomic
from colortk.io.samples import photographs
from colortk.ui._gradio import gr
from colortk.ui.controls import file_drop, plugin_choice, strength_slider
from colortk.ui.event_handlers import AppContext, RequestContext, event_handler, notice
from colortk.ui.limits import format_size
from colortk.ui.picture_conversion import UploadOptions, colorize_picture

#: File types of a result, as label and extension.
TYPES = [("As uploaded", ""), ("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WebP", "webp")]
REFINEMENTS = [("Keep hue and lightness", "ratio"), ("Clip", "none")]
EMPTY_TEXT = (
    '<div class="empty"><b>Your picture in color</b>'
    "<span>Drop, choose or paste (Ctrl+V) a black-and-white photograph.</span>"
    "</div>"
)
STALE_TEXT = (
    "<p role='status'>The settings have changed. The result shown is of the earlier settings.</p>"
)
#: Marks the shown result as out of date, if there is one. It runs in the browser, at once.
MARK_STALE = """() => {
    const shown = document.getElementById("download") !== null;
    const update = (values) => ({ __type__: "update", ...values });
    return [update({ visible: shown }), update({ interactive: false })];
}"""


def build(app: AppContext) -> None:
    """Create the elements of the tab in the current block of Gradio."""
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = file_drop("Picture", "picture", app.limits)
            sample = gr.Button("Try a sample", size="sm", variant="secondary")
            plugin = plugin_choice(app, "colorize-plugin")
            strength = strength_slider("colorize-strength")
            with gr.Accordion("More", open=False):
                kind = gr.Radio(TYPES, value="", label="File type of the result")
                refine = gr.Radio(
                    REFINEMENTS, value="ratio", label="Colors that a screen cannot show"
                )
            go = gr.Button("Colorize", variant="primary", elem_id="colorize-go")
        with gr.Column(scale=2, min_width=320):
            error_notice = notice()
            empty = gr.HTML(EMPTY_TEXT)
            slider = gr.ImageSlider(
                label="Before and after", show_label=False, type="filepath", interactive=False,
                visible=False, max_height=640, buttons=["fullscreen"], elem_id="slider",
            )  # fmt: skip
            stale = gr.HTML(STALE_TEXT, elem_classes="stale", visible=False)
            summary = gr.HTML("", elem_classes="summary", visible=False)
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="download"
            )
    inputs = [file, plugin, strength, kind, refine]
    outputs = [empty, slider, summary, download, stale, error_notice]
    colorize = {
        "fn": event_handler(app, _colorize, 5), "inputs": inputs, "outputs": outputs,
        "concurrency_id": "pictures", "concurrency_limit": 1, "trigger_mode": "always_last",
        "show_progress_on": [slider, empty], "api_visibility": "private",
    }  # fmt: skip
    for listen in (plugin.input, strength.input, kind.input, refine.input):
        listen(None, None, [stale, download], js=MARK_STALE, queue=False, api_visibility="private")
    go.click(**colorize)
    file.upload(**colorize)
    recolorize = {**colorize, "fn": event_handler(app, _recolorize, 5)}
    for listen in (plugin.input, strength.release, kind.input, refine.input):
        listen(**recolorize)
    file.clear(
        event_handler(app, _clear, 5), None, outputs, queue=False, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip
    sample_chosen = sample.click(
        event_handler(app, _sample, 1),
        None,
        [file, error_notice],
        queue=False,
        api_visibility="private",
    )
    sample_chosen.success(**recolorize)


def _sample(context: RequestContext) -> list[str]:
    """Return a copy of a photograph that comes with the libraries."""
    source = next(iter(photographs().values()))
    copy = context.folder("sample") / source.name
    write_atomic(copy, source.read_bytes(), force=True, durable=False)
    return [str(copy)]


def _clear(context: RequestContext) -> Any:
    hidden = gr.update(visible=False)
    hidden_result = gr.update(value=None, visible=False)
    return gr.update(visible=True), hidden_result, hidden_result, hidden_result, hidden


def _recolorize(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Colorize the picture again with other settings, if there is one."""
    if not file:
        return [gr.skip()] * 5
    return _colorize(context, file, *values)


def _colorize(
    context: RequestContext, file: str | None, label: str, strength: float, kind: str, refine: str
) -> Any:
    if not file:
        raise UsageError("No picture is chosen", hint="choose one")
    if kind not in [value for _, value in TYPES]:
        raise UsageError(f"a result cannot have the type '{kind}'")
    options = UploadOptions(min(2.0, max(0.0, float(strength))), refine, kind)
    app, path = context.app, Path(file)
    with app.estimates.shown(label, context.progress):
        colorized = colorize_picture(
            path, path.name, app.pool.get(label), options, app.limits, context.folder("picture")
        )
    text = (
        f"<p><b>{html.escape(label)}</b> {colorized.width} × {colorized.height},"
        f" {colorized.seconds:.1f} s."
        " Drag the line or press the arrow keys. Before the line the picture is gray,"
        " after it in color.</p>"
    ) + "".join(f"<p>{html.escape(note)}</p>" for note in colorized.notes)
    return (
        gr.update(visible=False),
        gr.update(value=(str(colorized.before), str(colorized.after)), visible=True),
        gr.update(value=text, visible=True),
        gr.update(
            value=str(colorized.file),
            label=f"Download {colorized.file.name} ({format_size(colorized.file)})",
            visible=True,
            interactive=True,
        ),
        gr.update(visible=False),
    )
