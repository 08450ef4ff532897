"""The editor of hints: an element of the page with a script of its own."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from colortk.ui._gradio import gr

#: Passes messages of the server on to the editor, which may be created later.
_PASS_ON = """
const passOn = () => {
    window.colortkView = props.value;
    document.dispatchEvent(new CustomEvent("colortk-view"));
};
watch("value", passOn);
if (props.value) passOn();
"""


def hint_editor() -> Any:
    """Create the editor. Its value is the message of :func:`.page_hints.parse_hints`."""
    return gr.HTML(
        "", html_template=_resource("hint_editor.html"), js_on_load=_resource("hint_editor.js"),
        apply_default_css=False, elem_id="hint-editor",
    )  # fmt: skip


def editor_messages() -> Any:
    """Create the invisible element whose value, :func:`.page_hints.editor_view`, is shown.

    It is another element than the editor, because a message of the server that arrives between two
    changes of the visitor would replace the editor's own message.
    """
    return gr.HTML("", html_template="<span></span>", js_on_load=_PASS_ON, visible="hidden")


def _resource(name: str) -> str:
    return files("colortk.ui").joinpath(name).read_text("utf-8")
