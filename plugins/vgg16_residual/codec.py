"""Document 001's numbers: everything over 128, lightness three times."""

from __future__ import annotations

from colortk.plugin import LinearScaling

CODEC = LinearScaling(scale=128, chroma_scale=128, channels=3)
