"""The pictures of a training, read before its first step."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colortk.errors import PictureError, UsageError
from colortk.training.data.image_cache import ImageCache
from colortk.training.data.source import picture_source
from colortk.training.data.split import Split
from colortk.training.loop.state import TrainingState
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

#: Held-out pictures that decide on rate and best epoch, at most.
MAX_HELD_OUT = 400


@dataclass
class Dataset:
    """What there is to learn from, and to know when to stop."""

    train: ImageCache
    weights: list[float]
    held_out: ImageCache


def load_dataset(
    request: TrainRequest, recipe: Recipe, split: Split, state: TrainingState
) -> Dataset:
    """All pictures, decoded; one that cannot be read is said and left out.

    Raises ``UsageError`` if nothing is left, or nothing that has colors.
    """
    held_out_paths = draw_held_out(split.held_out, split.held_out_weights, request.seed)
    # Of pictures that are grown at the start, the originals are wanted no more.
    source = picture_source(request.data)
    train = ImageCache(source, split.train, 0 if recipe.examples == "augmented" else None)
    held_out = ImageCache(source, held_out_paths)
    readable: list[list[int]] = []
    colored: list[int] = []
    state.left_out = []
    with (
        request.progress("reading pictures", len(train) + len(held_out)) as advance,
        ThreadPoolExecutor(max(1, request.jobs)) as pool,
    ):
        for images in (train, held_out):
            indices = []
            for index, error in enumerate(
                pool.map(_error_reader(images, colored), range(len(images)))
            ):
                advance(1)
                if error is None:
                    indices.append(index)
                    continue
                state.left_out.append(images.paths[index].relative_to(request.data).as_posix())
                request.say(f"left out: {error.problem}: {error.reason}")
            readable.append(indices)
    weights = [split.weights[i] for i in readable[0]]
    total = sum(weights)
    for side, count, usable in (
        ("to learn from", len(train), total > 0),
        ("held out", len(held_out), bool(readable[1])),
    ):
        if not usable:
            raise UsageError(
                f"nothing to train on in '{request.data}'",
                f"of {count} pictures {side} none can be read",
                "give it more pictures, or another --seed",
            )
    if not colored:
        raise UsageError(f"nothing to learn from in '{request.data}'", "no picture has colors")
    return Dataset(
        train.subset(readable[0]), [w / total for w in weights], held_out.subset(readable[1])
    )


def _error_reader(images: ImageCache, colored: list[int]) -> Callable[[int], PictureError | None]:
    """Why a picture cannot be read. Once one has colors, ``colored`` is not empty any more."""

    def read_error(index: int) -> PictureError | None:
        try:
            picture = images[index]
        except PictureError as error:
            return error
        if not colored and np.ptp(picture, axis=-1).any():
            colored.append(index)
        return None

    return read_error


def draw_held_out(paths: list[Path], weights: list[float], seed: int) -> list[Path]:
    """At most ``HELD_OUT`` of the held-out pictures that have a weight, drawn by it."""
    pairs = [pair for pair in zip(paths, weights, strict=True) if pair[1] > 0]
    if len(pairs) <= MAX_HELD_OUT:
        return [path for path, _ in pairs]
    share = np.asarray([weight for _, weight in pairs])
    rng = np.random.default_rng([seed, 1])
    held_out_paths = rng.choice(len(pairs), MAX_HELD_OUT, replace=False, p=share / share.sum())
    return [pairs[i][0] for i in sorted(held_out_paths)]
