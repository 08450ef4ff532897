"""Scaling of ``resnet18``, our choice: (L* - 50) / 50 in, a* and b* over 110 out."""

from __future__ import annotations

from colortk.plugin import LinearScaling

CODEC = LinearScaling(offset=50, scale=50, chroma_scale=110)
