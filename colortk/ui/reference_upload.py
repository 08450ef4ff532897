"""The reference picture of the tab "Colorize"."""

from __future__ import annotations

from typing import Any

from colortk.ui._gradio import gr
from colortk.ui.controls import file_drop
from colortk.ui.event_handlers import AppContext

NOTE = (
    "<p>A color picture of the same or a similar scene. Without it, all colors are automatic.</p>"
)


def reference_drop(app: AppContext, plugin: Any) -> Any:
    """Create the area for a reference. It is shown if the chosen plugin takes one.

    Parameters
    ----------
    app : AppContext
        Objects that the tabs share.
    plugin : gradio.Radio
        The choice of the plugin.

    Returns
    -------
    gradio.File
        The uploaded reference.
    """
    pool = app.pool
    takes_reference = {label: pool.takes_reference(label) for label in pool.labels}
    with gr.Column(visible=takes_reference[pool.labels[0]], elem_id="reference") as area:
        # A pasted picture goes to the first area of the class "drop": the one for the picture.
        file = file_drop("Reference picture", "reference", app.limits, css_class="reference-drop")
        gr.HTML(NOTE, elem_classes="note")

    def show(label: str) -> Any:
        return gr.update(visible=takes_reference.get(label, False))

    plugin.input(show, plugin, area, queue=False, show_progress="hidden", api_visibility="private")
    return file
