"""Document 002's numbers: L* over 100 in, a* and b* over 128 out.

It says that L, a and b are brought to the range of tanh, not by which factors; these are ours.
"""

from __future__ import annotations

from colortk.plugin import LinearScaling

CODEC = LinearScaling(scale=100, chroma_scale=128)
