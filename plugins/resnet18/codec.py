"""Document 004's numbers, scales being ours: (L* - 50) / 50 in, a* and b* over 110 out."""

from __future__ import annotations

from colortk.runtime.network_io import Planes

CODEC = Planes(offset=50, scale=50, chroma_scale=110)
