"""Scaling of the network of Darban (2024): L* over 100 in, a* and b* over 128 out.

The paper scales L, a and b to the range of tanh without naming factors; these are our choice.
"""

from __future__ import annotations

from colortk.plugin import LinearScaling

CODEC = LinearScaling(scale=100, chroma_scale=128)
