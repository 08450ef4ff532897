"""Controls that several tabs use."""

from __future__ import annotations

from typing import Any

from colortk.ui._gradio import gr
from colortk.ui.event_handlers import AppContext
from colortk.ui.limits import MEGABYTE, Limits
from colortk.ui.plugin_pool import FIRST, PluginPool


def file_drop(label: str, kind: str, limits: Limits, css_class: str = "drop") -> Any:
    """Create the area where a file is dropped, chosen or pasted.

    It accepts every file: a file of a wrong type gives an error message when it is read.

    Parameters
    ----------
    label : str
        Title.
    kind : {"picture", "film", "reference"}
        Expected kind of the file.
    limits : Limits
        Limits of the page, which the title states.
    css_class : str
        CSS class of the area. A pasted file goes to the visible area of the class "drop".
    """
    size = f"up to {limits.upload / MEGABYTE:g} MB"
    if kind == "film":
        size += f", {limits.film_seconds:g} s"
    return gr.File(
        label=f"{label} ({size})", height=150, elem_classes=f"{css_class} {kind}", type="filepath"
    )


def plugin_choice(app: AppContext, name: str) -> Any:
    """Create the choice of a plugin with its summary. ``name``: identifier of the element.

    It is a list of radio buttons: Gradio's drop-down list loses its entries when the Tab key is
    pressed in it.
    """
    pool = app.pool
    first = pool.labels[0]
    choice = gr.Radio(
        pool.labels, value=first, label="Plugin", info=plugin_description(pool, first),
        elem_id=name, elem_classes="plugins",
    )  # fmt: skip

    def describe(label: str) -> Any:
        return gr.update(info=plugin_description(pool, label) if label in pool.labels else "")

    choice.input(
        describe, choice, choice, queue=False, show_progress="hidden", api_visibility="private"
    )
    return choice


def plugin_description(pool: PluginPool, label: str) -> str:
    """Return the summary of a plugin, which names the recommended plugin as such."""
    # Gradio reads the text as Markdown, where two asterisks, as in "a* = b*", mean emphasis.
    summary = pool.summary(label).replace("*", "\N{ASTERISK OPERATOR}")
    return f"Recommended: {summary}" if label == FIRST[0] else summary


def strength_slider(name: str) -> Any:
    """Create the slider for the strength of colors. ``name``: identifier of the element."""
    return gr.Slider(
        0, 2, value=1, step=0.05, label="Strength", buttons=[], elem_id=name,
        info="0: gray. 1: as the plugin predicts. 2: twice as strong",
    )  # fmt: skip


def vividness_slider(app: AppContext, plugin: Any) -> Any:
    """Create the slider for the option ``vividness``. It is shown if the chosen plugin has it.

    ``plugin`` is the choice of the plugin.
    """
    pool = app.pool
    defaults = {label: pool.vividness(label) for label in pool.labels}
    known = [value for value in defaults.values() if value is not None]
    slider = gr.Slider(
        0, 1, value=known[0] if known else 0, step=0.05, label="Vividness", buttons=[],
        elem_id="colorize-vividness", visible=defaults[pool.labels[0]] is not None,
        info="0: most accurate, often pale. 1: as colorful as photographs",
    )  # fmt: skip

    def show(label: str) -> Any:
        return gr.update(visible=defaults.get(label) is not None)

    plugin.input(
        show, plugin, slider, queue=False, show_progress="hidden", api_visibility="private"
    )
    return slider
