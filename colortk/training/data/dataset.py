"""Read the pictures of a training before its first step."""

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

#: Largest number of held-out pictures, which decide about the learning rate and the best epoch.
MAX_HELD_OUT = 400


@dataclass
class Dataset:
    """The pictures of a training.

    Parameters
    ----------
    train : ImageCache
        Pictures that the network is trained on.
    weights : list of float
        Probability that a picture of ``train`` is drawn; sums to 1.
    held_out : ImageCache
        Pictures that measure the validation loss.
    """

    train: ImageCache
    weights: list[float]
    held_out: ImageCache


def load_dataset(
    request: TrainRequest, recipe: Recipe, split: Split, state: TrainingState
) -> Dataset:
    """Decode all pictures; a picture that cannot be read is reported and left out.

    Parameters
    ----------
    request : TrainRequest
        The training.
    recipe : Recipe
        Its recipe.
    split : Split
        Pictures for training and held out.
    state : TrainingState
        ``left_out`` is set to the names of unreadable pictures.

    Returns
    -------
    Dataset
        The readable pictures.

    Raises
    ------
    UsageError
        No picture can be read on one side of the split, or no picture has colors.
    """
    held_out_paths = draw_held_out(split.held_out, split.held_out_weights, request.seed)
    # The originals of augmented pictures are not needed after the start: they are not cached.
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
                request.print_message(f"left out: {error.problem}: {error.reason}")
            readable.append(indices)
    weights = [split.weights[i] for i in readable[0]]
    total = sum(weights)
    for side, count, usable in (
        ("for training", len(train), total > 0),
        ("held out", len(held_out), bool(readable[1])),
    ):
        if not usable:
            raise UsageError(
                f"nothing to train on in '{request.data}'",
                f"none of the {count} pictures {side} can be read",
                "add pictures, or use another --seed",
            )
    if not colored:
        raise UsageError(
            f"nothing to learn from in '{request.data}'",
            "all pictures are gray",
            "add color pictures",
        )
    return Dataset(
        train.subset(readable[0]), [w / total for w in weights], held_out.subset(readable[1])
    )


def _error_reader(images: ImageCache, colored: list[int]) -> Callable[[int], PictureError | None]:
    """Return a function that reads a picture and returns the error, if any.

    The function appends to ``colored`` the index of the first picture that is not gray.
    """

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
    """Return at most ``MAX_HELD_OUT`` of the held-out pictures, drawn by their weights.

    Parameters
    ----------
    paths : list of Path
        Held-out pictures.
    weights : list of float
        Their weights; a picture of weight 0 is never drawn.
    seed : int
        Decides the draw.

    Returns
    -------
    list of Path
        In the order of ``paths``.
    """
    pairs = [pair for pair in zip(paths, weights, strict=True) if pair[1] > 0]
    if len(pairs) <= MAX_HELD_OUT:
        return [path for path, _ in pairs]
    share = np.asarray([weight for _, weight in pairs])
    rng = np.random.default_rng([seed, 1])
    held_out_paths = rng.choice(len(pairs), MAX_HELD_OUT, replace=False, p=share / share.sum())
    return [pairs[i][0] for i in sorted(held_out_paths)]
