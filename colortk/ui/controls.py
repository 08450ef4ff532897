"""Controls that several tabs have."""

from __future__ import annotations

from typing import Any

from colortk.ui._gradio import gr
from colortk.ui.event_handlers import AppContext
from colortk.ui.limits import MEGABYTE, Limits


def file_drop(label: str, kind: str, limits: Limits) -> Any:
    """Where a file is dropped, chosen or pasted. ``kind``: "picture" or "film".

    Any file is taken: what it is shows when it is read, and a wrong one is one message.
    """
    size = f"up to {limits.upload / MEGABYTE:g} MB"
    if kind == "film":
        size += f", {limits.film_seconds:g} s"
    return gr.File(
        label=f"{label} ({size})", height=150, elem_classes=f"drop {kind}", type="filepath"
    )


def plugin_dropdown(app: AppContext, name: str) -> Any:
    """One of the plugins, with what it says of itself."""
    pool = app.pool
    first = pool.labels[0]
    choice = gr.Dropdown(
        pool.labels, value=first, label="Plugin", info=pool.summary(first), filterable=False,
        elem_id=name,
    )  # fmt: skip

    def describe(label: str) -> Any:
        return gr.update(info=pool.summary(label) if label in pool.labels else "")

    choice.input(
        describe, choice, choice, queue=False, show_progress="hidden", api_visibility="private"
    )
    return choice


def strength_slider(name: str) -> Any:
    """How strong the colours are."""
    return gr.Slider(
        0, 2, value=1, step=0.05, label="Strength", buttons=[], elem_id=name,
        info="0 is grey, 1 is what the plugin says, 2 is twice that",
    )  # fmt: skip
