"""``colortk fit --plugin autoencoder``: squared error and Adam, as in Darban (2024)."""

from __future__ import annotations

from colortk.training.loop.fit import fit
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

from .assess import assess
from .codec import CODEC
from .network import autoencoder

#: The paper trains 800 and 1,000 epochs with batches of 128 at 256 × 256. On two cores that
#: would take weeks, so most of this training uses smaller crops.
RECIPE = Recipe(
    "autoencoder",
    autoencoder,
    CODEC,
    epochs=30,
    batch_size=16,
    samples=8000,
    rate=1e-3,
    sides=((64, 0.4), (128, 0.5), (192, 0.1)),
    multiple=8,
    patience=2,
    cooldown=0.3,
    average=0.998,
    evaluate=assess,
)


def train(request: TrainRequest) -> None:
    """Train the network, see :func:`colortk.training.loop.fit.fit`."""
    fit(request, RECIPE)
