"""Scaling of Zaman (2020): L*, a* and b* over 128, lightness in three equal channels."""

from __future__ import annotations

from colortk.plugin import LinearScaling

CODEC = LinearScaling(scale=128, chroma_scale=128, channels=3)
