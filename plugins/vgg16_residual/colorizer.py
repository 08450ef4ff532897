"""The colorizer of Zaman (2020)."""

from __future__ import annotations

from typing import Any

from colortk.plugin import Artifacts, OnnxColorizer

from .codec import CODEC

#: Its chroma is too strong on pictures unlike its training pictures (see the model card).
CHROMA_GAIN = 0.8


def colorizer(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """Return the colorizer with the trained network."""
    return OnnxColorizer(
        artifacts, CODEC, "colortk_plugins.vgg16_residual.network:any_size", CHROMA_GAIN
    )
