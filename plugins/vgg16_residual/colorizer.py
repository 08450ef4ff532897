"""Factory of document 001's colorizer."""

from __future__ import annotations

from typing import Any

from colortk.plugin import Artifacts, OnnxColorizer

from .codec import CODEC

#: It is too sure of pictures that are not from its training folders (see the model card).
CHROMA_GAIN = 0.8


def colorizer(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """The trained network behind ``predict_ab``."""
    return OnnxColorizer(
        artifacts, CODEC, "colortk_plugins.vgg16_residual.network:any_size", CHROMA_GAIN
    )
