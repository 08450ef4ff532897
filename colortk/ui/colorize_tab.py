"""The tab "Colorize": upload a picture, compare before and after, download the result."""

from __future__ import annotations

from typing import Any

from colortk.ui import batch_panel
from colortk.ui import colorize_events as events
from colortk.ui._gradio import gr
from colortk.ui.colorize_inputs import TYPES
from colortk.ui.controls import file_drop, plugin_choice, strength_slider, vividness_slider
from colortk.ui.event_handlers import AppContext, event_handler, notice
from colortk.ui.page_elements import message_receiver, scripted_element
from colortk.ui.reference_upload import reference_drop

REFINEMENTS = [("Keep hue and lightness", "ratio"), ("Clip", "none")]
EMPTY_TEXT = (
    '<div class="empty"><b>Your picture in color</b>'
    "<span>Drop, choose or paste (Ctrl+V) a black-and-white photograph.</span>"
    "</div>"
)
STALE_TEXT = (
    "<p role='status'>The settings have changed. The result shown is of the earlier settings.</p>"
)
LINE_TEXT = (
    "<p>Left of the line the picture is gray, right of it in color. Drag the line, or press the"
    " arrow keys.</p>"
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
#: The same for a new picture. On a narrow screen the result is far below the upload: scroll to it.
SHOW_RESULT = f"""(...values) => {{
    const result = document.getElementById("colorize-result");
    if (result.getBoundingClientRect().top > 0.8 * window.innerHeight) result.scrollIntoView();
    return ({ADD_REVISION})(...values);
}}"""
#: Removes the mark if the result is of the latest change: another one may have come meanwhile.
UNMARK = """() => {
    const shown = document.querySelector(".summary [data-revision]")?.dataset.revision;
    const current = shown === String(window.colortkChanges ?? 0);
    const update = (values) => ({ __type__: "update", ...values });
    if (!current) return [update({}), update({})];
    return [update({ visible: false }), update({ interactive: true })];
}"""


def build(app: AppContext, page: Any) -> None:
    """Create the elements of the tab in the current block of Gradio, ``page``."""
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = file_drop("Picture", "picture", app.limits)
            sample = gr.Button("Try a sample", size="sm", variant="secondary")
            plugin = plugin_choice(app, "colorize-plugin")
            reference = reference_drop(app, plugin)
            strength = strength_slider("colorize-strength")
            vividness = vividness_slider(app, plugin)
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
            batch_panel.build(
                app, page, [plugin, strength, refine, keep_border, kind, vividness, reference]
            )
        with gr.Column(scale=2, min_width=320, elem_id="colorize-result"):
            error_notice = notice()
            empty = gr.HTML(EMPTY_TEXT)
            with gr.Column(visible=False) as result, gr.Tabs(overflow_behavior="wrap"):
                with gr.Tab("Before and after"):
                    slider = gr.ImageSlider(
                        label="Before and after", show_label=False, type="filepath",
                        interactive=False, max_height=640, buttons=["fullscreen"],
                        elem_id="slider",
                    )  # fmt: skip
                    gr.HTML(LINE_TEXT, elem_classes="note")
                with gr.Tab("Set colors"):
                    editor = scripted_element("hint_editor", "hint-editor")
                with gr.Tab("Versions"):
                    picker = scripted_element("version_picker", "version-picker")
            stale = gr.HTML(STALE_TEXT, elem_classes="stale", visible=False)
            summary = gr.HTML("", elem_classes="summary", visible=False)
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="download"
            )
            messages = message_receiver("colortkView", "colortk-view")
            versions = message_receiver("colortkVersions", "colortk-versions")
    history = gr.HTML("", elem_id="history")
    inputs = [
        file, plugin, strength, refine, keep_border, editor, kind, picker, vividness, reference,
    ]  # fmt: skip
    shown = [slider, summary, download, history]
    outputs = [empty, result, messages, versions, *shown, error_notice]
    count = len(outputs) - 1
    colorize = {
        "fn": event_handler(app, events.colorize, count), "inputs": inputs, "outputs": outputs,
        "concurrency_id": "pictures", "concurrency_limit": 1, "trigger_mode": "always_last",
        "show_progress_on": [slider, editor, picker, empty], "api_visibility": "private",
        "js": ADD_REVISION,
    }  # fmt: skip
    unmark = {
        "fn": None, "outputs": [stale, download], "js": UNMARK, "queue": False,
        "api_visibility": "private",
    }  # fmt: skip
    recolorize = {**colorize, "fn": event_handler(app, events.recolorize, count)}
    # With a kept prediction the picture is shown at once, at a small size. The file follows.
    preview = {
        "fn": event_handler(app, events.preview, 1), "inputs": inputs,
        "outputs": [messages, error_notice], "concurrency_id": "previews",
        "concurrency_limit": 2, "trigger_mode": "always_last", "show_progress": "hidden",
        "api_visibility": "private", "js": ADD_REVISION,
    }  # fmt: skip
    save = {
        **colorize, "fn": event_handler(app, events.save, len(shown)),
        "outputs": [*shown, error_notice], "show_progress": "hidden", "show_progress_on": None,
    }  # fmt: skip
    show_versions = {
        **colorize, "fn": event_handler(app, events.show_versions, 1),
        "outputs": [versions, error_notice], "show_progress_on": [picker],
    }  # fmt: skip
    new_picture = {**colorize, "js": SHOW_RESULT}
    go.click(**new_picture).then(**unmark)
    file.upload(**new_picture).then(**unmark)
    for listen in (
        plugin.input, strength.input, kind.input, refine.input, keep_border.input, editor.input,
        picker.input, vividness.input, reference.upload, reference.clear,
    ):  # fmt: skip
        listen(None, None, [stale, download], js=MARK_STALE, queue=False, api_visibility="private")
    for listen in (
        plugin.input, kind.input, refine.input, vividness.input, reference.upload, reference.clear,
    ):  # fmt: skip
        listen(**recolorize).then(**unmark)
    for listen in (strength.input, keep_border.input, editor.input, picker.input):
        listen(**preview).then(**save).then(**unmark)
    picker.submit(**show_versions)
    cleared = file.clear(
        event_handler(app, events.clear, count), None, outputs, queue=False, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip
    hide = lambda: gr.update(visible=False)  # noqa: E731
    cleared.then(hide, None, stale, queue=False, api_visibility="private")
    sample_chosen = sample.click(
        event_handler(app, events.choose_sample, 1),
        None,
        [file, error_notice],
        queue=False,
        api_visibility="private",
    )
    sample_chosen.success(**{**recolorize, "js": SHOW_RESULT}).then(**unmark)
