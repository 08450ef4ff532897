"""The pictures of a training, read before its first step."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colortk.errors import PictureError, UsageError
from colortk.training.data.image_cache import Album
from colortk.training.data.source import picture_source
from colortk.training.data.split import Split
from colortk.training.loop.state import State
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

#: Held-out pictures that decide on rate and best epoch, at most.
HELD_OUT = 400


@dataclass
class Material:
    """What there is to learn from, and to know when to stop."""

    train: Album
    weights: list[float]
    held_out: Album


def read(request: TrainRequest, recipe: Recipe, sides: Split, state: State) -> Material:
    """All pictures, decoded; one that cannot be read is said and left out.

    Raises ``UsageError`` if nothing is left, or nothing that has colours.
    """
    chosen = spread(sides.held_out, sides.held_out_weights, request.seed)
    # Of pictures that are grown at the start, the originals are wanted no more.
    source = picture_source(request.data)
    train = Album(source, sides.train, 0 if recipe.examples == "twelve" else None)
    held_out = Album(source, chosen)
    kept: list[list[int]] = []
    coloured: list[int] = []
    state.left_out = []
    with (
        request.progress("reading pictures", len(train) + len(held_out)) as advance,
        ThreadPoolExecutor(max(1, request.jobs)) as pool,
    ):
        for album in (train, held_out):
            good = []
            for index, error in enumerate(pool.map(_trouble(album, coloured), range(len(album)))):
                advance(1)
                if error is None:
                    good.append(index)
                    continue
                state.left_out.append(album.paths[index].relative_to(request.data).as_posix())
                request.say(f"left out: {error.problem}: {error.reason}")
            kept.append(good)
    weights = [sides.weights[i] for i in kept[0]]
    total = sum(weights)
    for side, count, fine in (
        ("to learn from", len(train), total > 0),
        ("held out", len(held_out), bool(kept[1])),
    ):
        if not fine:
            raise UsageError(
                f"nothing to train on in '{request.data}'",
                f"of {count} pictures {side} none can be read",
                "give it more pictures, or another --seed",
            )
    if not coloured:
        raise UsageError(f"nothing to learn from in '{request.data}'", "no picture has colours")
    return Material(train.only(kept[0]), [w / total for w in weights], held_out.only(kept[1]))


def _trouble(album: Album, coloured: list[int]) -> Callable[[int], PictureError | None]:
    """Why a picture cannot be read. Once one has colours, ``coloured`` is not empty any more."""

    def trouble(index: int) -> PictureError | None:
        try:
            picture = album[index]
        except PictureError as error:
            return error
        if not coloured and np.ptp(picture, axis=-1).any():
            coloured.append(index)
        return None

    return trouble


def spread(paths: list[Path], weights: list[float], seed: int) -> list[Path]:
    """At most ``HELD_OUT`` of the held-out pictures that have a weight, drawn by it."""
    pairs = [pair for pair in zip(paths, weights, strict=True) if pair[1] > 0]
    if len(pairs) <= HELD_OUT:
        return [path for path, _ in pairs]
    share = np.asarray([weight for _, weight in pairs])
    rng = np.random.default_rng([seed, 1])
    chosen = rng.choice(len(pairs), HELD_OUT, replace=False, p=share / share.sum())
    return [pairs[i][0] for i in sorted(chosen)]
