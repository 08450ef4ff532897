"""A recipe without a network, for tests of loaders, schedules and checkpoints."""

from __future__ import annotations

from colortk.runtime.network_io import LinearScaling
from colortk.training.recipe import Recipe

CODEC = LinearScaling(offset=50, scale=50, chroma_scale=110)
RECIPE = Recipe("none", lambda: None, CODEC, epochs=4, batch_size=4, rate=1e-3, sides=((32, 1),))
