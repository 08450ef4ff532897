"""The colorizer of Kazerooni and Mehmetoglu."""

from __future__ import annotations

from typing import Any

from colortk.plugin import Artifacts, OnnxColorizer

from .codec import CODEC

#: Its chroma is too strong on pictures unlike its training pictures (see the model card).
CHROMA_GAIN = 0.9


def colorizer(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """Return the colorizer with the trained network."""
    return OnnxColorizer(artifacts, CODEC, "colortk_plugins.resnet18.network:resnet18", CHROMA_GAIN)
