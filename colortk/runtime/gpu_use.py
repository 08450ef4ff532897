"""Whether a plugin uses the GPU that the user asked for."""

from __future__ import annotations

import os

from colortk.runtime import device_notes

_networks = 0


def networks_on_gpu() -> int:
    """Return the number of networks that this process has loaded on a GPU."""
    return _networks


def count_network() -> None:
    """Count a network that was loaded on a GPU."""
    global _networks
    _networks += 1


def note_processor(name: str, colorizer: object, networks_before: int) -> None:
    """Add a note if the user asked for a GPU, and a plugin does not use it.

    A plugin uses it if it has loaded an ``OnnxNetwork`` on it. A plugin with a framework of its own
    says so by its attribute ``device``, such as ``torch.device("cuda")``.

    Parameters
    ----------
    name : str
        Name of the plugin.
    colorizer : object
        What its factory returned.
    networks_before : int
        :func:`networks_on_gpu` before the factory was called.
    """
    if os.environ.get("COLORTK_DEVICE") != "gpu" or _networks > networks_before:
        return
    if str(getattr(colorizer, "device", "cpu")).partition(":")[0] == "cpu":
        device_notes.add(f"--device gpu: plugin '{name}' runs on the processor")
