"""Factory of document 004's colorizer."""

from __future__ import annotations

from typing import Any

from colortk.plugin import Artifacts, OnnxColorizer

from .codec import CODEC

#: It is too sure of pictures that are not from its training folders (see the model card).
CHROMA_GAIN = 0.9


def colorizer(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """The trained network behind ``predict_ab``."""
    return OnnxColorizer(artifacts, CODEC, "colortk_plugins.resnet18.network:resnet18", CHROMA_GAIN)
