"""The tab "Colorize": upload a picture, compare before and after, download the result."""

from __future__ import annotations

import contextlib
import html
import threading
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.guidance.hints import Hint
from colortk.io.files import write_atomic
from colortk.io.samples import photographs
from colortk.ui._gradio import gr
from colortk.ui.controls import file_drop, plugin_choice, strength_slider
from colortk.ui.event_handlers import AppContext, RequestContext, event_handler, notice
from colortk.ui.hint_editor import editor_messages, hint_editor
from colortk.ui.kept_predictions import KeptPlugin, KeptPrediction, KeptPredictions, picture_id
from colortk.ui.limits import format_size
from colortk.ui.page_hints import check_size, data_url, editor_view, parse_hints, render_hints
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
#: Counts a change, and marks the shown result as out of date. It runs in the browser, at once.
MARK_STALE = """() => {
    window.colortkChanges = (window.colortkChanges ?? 0) + 1;
    const shown = document.getElementById("download") !== null;
    const update = (values) => ({ __type__: "update", ...values });
    return [update({ visible: shown }), update({ interactive: false })];
}"""
#: Adds the number of the latest change to the message of the editor, the input at this position.
EDITOR_INPUT = 5
ADD_REVISION = f"""(...values) => {{
    const none = '{{"picture": "", "hints": {{"points": []}}}}';
    const message = JSON.parse(values[{EDITOR_INPUT}] || none);
    values[{EDITOR_INPUT}] = JSON.stringify({{ ...message, revision: window.colortkChanges ?? 0 }});
    return values;
}}"""
#: Removes the mark if the result is of the latest change: another one may have come meanwhile.
UNMARK = """() => {
    const shown = document.querySelector(".summary [data-revision]")?.dataset.revision;
    const current = shown === String(window.colortkChanges ?? 0);
    const update = (values) => ({ __type__: "update", ...values });
    if (!current) return [update({}), update({})];
    return [update({ visible: false }), update({ interactive: true })];
}"""


def build(app: AppContext) -> None:
    """Create the elements of the tab in the current block of Gradio."""
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = file_drop("Picture", "picture", app.limits)
            sample = gr.Button("Try a sample", size="sm", variant="secondary")
            plugin = plugin_choice(app, "colorize-plugin")
            strength = strength_slider("colorize-strength")
            keep_border = gr.Checkbox(
                False, label="Keep the border gray", info="The border or mount of a scan",
                elem_id="keep-border",
            )  # fmt: skip
            with gr.Accordion("More", open=False):
                kind = gr.Radio(TYPES, value="", label="File type of the result")
                refine = gr.Radio(
                    REFINEMENTS, value="ratio", label="Colors that a screen cannot show"
                )
            go = gr.Button("Colorize", variant="primary", elem_id="colorize-go")
        with gr.Column(scale=2, min_width=320):
            error_notice = notice()
            empty = gr.HTML(EMPTY_TEXT)
            with gr.Column(visible=False) as result, gr.Tabs():
                with gr.Tab("Before and after"):
                    slider = gr.ImageSlider(
                        label="Before and after", show_label=False, type="filepath",
                        interactive=False, max_height=640, buttons=["fullscreen"],
                        elem_id="slider",
                    )  # fmt: skip
                with gr.Tab("Set colors"):
                    editor = hint_editor()
            stale = gr.HTML(STALE_TEXT, elem_classes="stale", visible=False)
            summary = gr.HTML("", elem_classes="summary", visible=False)
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="download"
            )
            messages = editor_messages()
    inputs = [file, plugin, strength, refine, keep_border, editor, kind]
    shown = [slider, summary, download]
    outputs = [empty, result, messages, *shown, error_notice]
    count = len(outputs) - 1
    colorize = {
        "fn": event_handler(app, _colorize, count), "inputs": inputs, "outputs": outputs,
        "concurrency_id": "pictures", "concurrency_limit": 1, "trigger_mode": "always_last",
        "show_progress_on": [slider, empty], "api_visibility": "private", "js": ADD_REVISION,
    }  # fmt: skip
    unmark = {
        "fn": None, "outputs": [stale, download], "js": UNMARK, "queue": False,
        "api_visibility": "private",
    }  # fmt: skip
    recolorize = {**colorize, "fn": event_handler(app, _recolorize, count)}
    # With a kept prediction the picture is shown at once, at a small size. The file follows.
    preview = {
        "fn": event_handler(app, _preview, 1), "inputs": inputs[:-1],
        "outputs": [messages, error_notice], "concurrency_id": "previews",
        "concurrency_limit": 2, "trigger_mode": "always_last", "show_progress": "hidden",
        "api_visibility": "private", "js": ADD_REVISION,
    }  # fmt: skip
    save = {
        **colorize, "fn": event_handler(app, _save, len(shown)), "outputs": [*shown, error_notice],
        "show_progress": "hidden", "show_progress_on": None,
    }  # fmt: skip
    go.click(**colorize).then(**unmark)
    file.upload(**colorize).then(**unmark)
    for listen in (
        plugin.input, strength.input, kind.input, refine.input, keep_border.input, editor.input,
    ):  # fmt: skip
        listen(None, None, [stale, download], js=MARK_STALE, queue=False, api_visibility="private")
    for listen in (plugin.input, kind.input, refine.input):
        listen(**recolorize).then(**unmark)
    for listen in (strength.input, keep_border.input, editor.input):
        listen(**preview).then(**save).then(**unmark)
    cleared = file.clear(
        event_handler(app, _clear, count), None, outputs, queue=False, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip
    hide = lambda: gr.update(visible=False)  # noqa: E731
    cleared.then(hide, None, stale, queue=False, api_visibility="private")
    sample_chosen = sample.click(
        event_handler(app, _sample, 1),
        None,
        [file, error_notice],
        queue=False,
        api_visibility="private",
    )
    sample_chosen.success(**recolorize).then(**unmark)


def _sample(context: RequestContext) -> list[str]:
    """Return a copy of a photograph that comes with the libraries."""
    source = next(iter(photographs().values()))
    copy = context.folder("sample") / source.name
    write_atomic(copy, source.read_bytes(), force=True, durable=False)
    return [str(copy)]


def _clear(context: RequestContext) -> Any:
    hidden, hidden_result = gr.update(visible=False), gr.update(value=None, visible=False)
    no_pictures = gr.update(value=None)
    return gr.update(visible=True), hidden, "", no_pictures, hidden_result, hidden_result


def _recolorize(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Colorize the picture again with other settings, if there is one."""
    if not file:
        return [gr.skip()] * 6
    return _colorize(context, file, *values)


def _save(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Colorize the picture again, and leave the editor, which shows newer hints, as it is."""
    if not file:
        return [gr.skip()] * 3
    return _write_result(context, file, *values)[0]


def _preview(
    context: RequestContext,
    file: str | None,
    label: str,
    strength: float,
    refine: str,
    keep_border: bool,
    edits: str | None,
) -> Any:
    kept = KeptPredictions(context).find(file, label) if file else None
    if file is None or kept is None:  # the plugin has not predicted yet
        return [gr.skip()]
    edits_of_page = parse_hints(edits)
    hints = edits_of_page.of(picture_id(file))
    check_size(hints, kept.height, kept.width)
    strength = clip_strength(strength) * context.app.pool.get(label).strength
    mask, notes = edits_of_page.mask_of(picture_id(file)), list[str]()
    rgb = render_hints(kept, hints, strength, refine, bool(keep_border), mask, notes)
    values = {"src": data_url(rgb), "revision": edits_of_page.revision, "notes": notes}
    return [editor_view(picture_id(file), kept, Path(file).stem, **values)]


def _colorize(context: RequestContext, file: str | None, *values: Any) -> Any:
    if not file:
        raise UsageError("No picture is chosen", hint="choose one")
    shown, kept, options, plugin_strength = _write_result(context, file, *values)
    refine = options.refine
    predicted = data_url(render_hints(kept, (), plugin_strength, refine, keep_border=False))
    changed = predicted
    if options.guided or options.strength != 1:
        strength, border = options.strength * plugin_strength, options.keep_border
        changed = data_url(
            render_hints(kept, options.hints, strength, refine, border, options.mask)
        )
    # The first click then finds the picture's affinities.
    threading.Thread(target=_warm, args=(kept, refine), daemon=True).start()
    view = editor_view(picture_id(file), kept, Path(file).stem, src=changed, prediction=predicted)
    return gr.update(visible=False), gr.update(visible=True), view, *shown


def _warm(kept: KeptPrediction, refine: str) -> None:
    """Compute what all previews of a picture share."""
    with contextlib.suppress(MemoryError):  # the first preview then reports it
        render_hints(kept, [Hint(0.5, 0.5, fractions=True)], 1.0, refine, keep_border=False)


def _write_result(
    context: RequestContext,
    file: str,
    label: str,
    strength: float,
    refine: str,
    keep_border: bool,
    edits: str | None,
    kind: str,
) -> tuple[list[Any], KeptPrediction, UploadOptions, float]:
    """Write the file of a result, and keep the prediction.

    Returns
    -------
    shown : list
        Updates of the slider, the summary and the download.
    kept : KeptPrediction
    options : UploadOptions
    plugin_strength : float
        Strength that the plugin's label states.
    """
    if kind not in [value for _, value in TYPES]:
        raise UsageError(f"a result cannot have the type '{kind}'")
    app, path = context.app, Path(file)
    edits_of_page = parse_hints(edits)
    hints = edits_of_page.of(picture_id(file))
    mask = edits_of_page.mask_of(picture_id(file))
    options = UploadOptions(clip_strength(strength), refine, kind, hints, bool(keep_border), mask)
    predictions = KeptPredictions(context)
    kept = predictions.find(file, label)
    plugin = KeptPlugin(app.pool.get(label), kept)
    with contextlib.ExitStack() as stack:
        if kept is None:
            stack.enter_context(app.estimates.shown(label, context.progress))
        colorized = colorize_picture(
            path, path.name, plugin, options, app.limits, context.folder("picture")
        )
    if kept is None:
        kept = colorized.prediction
        predictions.keep(file, label, kept)
    text = (
        f"<p data-revision='{edits_of_page.revision}'><b>{html.escape(label)}</b>"
        f" {colorized.width} × {colorized.height}, {colorized.seconds:.1f} s."
        " Drag the line or press the arrow keys. Before the line the picture is gray,"
        " after it in color.</p>"
    ) + "".join(f"<p>{html.escape(note)}</p>" for note in colorized.notes)
    shown = [
        gr.update(value=(str(colorized.before), str(colorized.after))),
        gr.update(value=text, visible=True),
        gr.update(
            value=str(colorized.file),
            label=f"Download {colorized.file.name} ({format_size(colorized.file)})",
            visible=True,
        ),
    ]
    return shown, kept, options, plugin.strength


def clip_strength(value: float) -> float:
    """Return a strength that the page allows."""
    return min(2.0, max(0.0, float(value)))
