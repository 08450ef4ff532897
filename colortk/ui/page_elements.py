"""Elements of the page with scripts of their own, and the messages of the server to them.

``NAME.html`` and ``NAME.js`` in this folder are the template and the script of an element. The
value of the element is its message to the server. The messages of the server arrive in another,
invisible element, because one that arrives between two changes of the visitor would replace the
element's own message.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from colortk.ui._gradio import gr

#: Passes messages of the server on to an element, which may be created later.
_PASS_ON = """
const passOn = () => {
    window[VARIABLE] = props.value;
    document.dispatchEvent(new CustomEvent(EVENT));
};
watch("value", passOn);
if (props.value) passOn();
"""


def scripted_element(name: str, element_id: str, visible: bool = True) -> Any:
    """Create the element with the files ``NAME.html`` and ``NAME.js``."""
    return gr.HTML(
        "", html_template=_resource(f"{name}.html"), js_on_load=_resource(f"{name}.js"),
        apply_default_css=False, elem_id=element_id, visible=visible,
    )  # fmt: skip


def message_receiver(variable: str, event: str) -> Any:
    """Create an invisible element whose value is passed on to scripts of the page.

    Parameters
    ----------
    variable : str
        Name of the global variable that gets the latest value.
    event : str
        Name of the event that says so.
    """
    script = _PASS_ON.replace("VARIABLE", f'"{variable}"').replace("EVENT", f'"{event}"')
    return gr.HTML("", html_template="<span></span>", js_on_load=script, visible="hidden")


def _resource(name: str) -> str:
    return files("colortk.ui").joinpath(name).read_text("utf-8")
