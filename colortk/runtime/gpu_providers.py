"""Which GPU providers of ONNX Runtime are tried, in which order.

A provider is the part of ONNX Runtime that computes on one kind of device. The builds of ONNX
Runtime differ in their providers: ``onnxruntime-gpu`` has CUDA, ``onnxruntime-directml`` has
DirectML (Windows), and every build for macOS has CoreML.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache

from colortk.errors import UsageError

#: ONNX Runtime's names by ours, in the order in which they are tried.
PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
#: How users write them.
LABELS = {"cuda": "CUDA", "directml": "DirectML", "coreml": "CoreML"}
#: Only tried with ``--device gpu`` or by name: every build for macOS has it, so that nobody has
#: chosen it, and its numbers differ more from those of the processor.
ON_REQUEST = {"coreml"}


def requested_providers(device: str) -> tuple[str, ...]:
    """Return the providers to try, those of this machine in order of preference.

    Parameters
    ----------
    device : {"auto", "gpu", "cpu"}
        The device.

    Raises
    ------
    UsageError
        If ``COLORTK_PROVIDERS`` names an unknown provider, or with "gpu" one that ONNX Runtime
        does not have.
    """
    text = os.environ.get("COLORTK_PROVIDERS", "")
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in PROVIDERS]:
        raise UsageError(
            f"COLORTK_PROVIDERS={text}", f"'{unknown[0]}' is none of {', '.join(PROVIDERS)}"
        )
    if device == "cpu":
        return ()
    available = available_providers()
    if not names:
        return tuple(n for n in available if device == "gpu" or n not in ON_REQUEST)
    if device == "gpu" and not set(names) & set(available):
        raise UsageError(
            f"--device gpu: ONNX Runtime has none of COLORTK_PROVIDERS={text}",
            f"it has {', '.join(available) or 'no GPU provider'}",
            "install another build of ONNX Runtime, or change COLORTK_PROVIDERS",
        )
    return tuple(name for name in names if name in available)


@cache
def available_providers() -> tuple[str, ...]:
    """Return the GPU providers of the installed ONNX Runtime. Only a session shows if they work."""
    import onnxruntime

    present = set(onnxruntime.get_available_providers())
    available = tuple(name for name, full in PROVIDERS.items() if full in present)
    if available:
        onnxruntime.set_default_logger_severity(4)  # it logs each library that is missing
    if "cuda" in available:
        with contextlib.redirect_stdout(None), contextlib.suppress(Exception):
            onnxruntime.preload_dlls()  # from NVIDIA's packages, if they are installed
    return available
