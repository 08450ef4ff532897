"""Prepare training batches in threads, ahead of the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colortk.runtime.network_io import Codec, HintCodec
from colortk.runtime.prefetch import prefetch
from colortk.training.data.augment import AUGMENTATIONS, REPEATS, augment
from colortk.training.data.crops import (
    center_crop,
    lab_from_bytes,
    lab_to_bytes,
    random_crop,
    squeeze,
    to_lab,
)
from colortk.training.data.image_cache import ImageCache, cache_budget
from colortk.training.recipe import Recipe
from colortk.types import Array, Float32

#: Pictures that Acharya (2022) makes of each original, the original included.
PICTURES_EACH = 1 + len(AUGMENTATIONS) * REPEATS
#: Largest number of batches that are prepared ahead.
PREFETCHED_BATCHES = 6


@dataclass
class WaitingTime:
    """Seconds that the network has waited for data."""

    seconds: float = 0.0


def encode(
    planes: tuple[Float32, Float32], codec: Codec, lightness_shown: Float32 | None = None
) -> tuple[Float32, Float32]:
    """Return the inputs of the network and its target outputs.

    Parameters
    ----------
    planes : tuple of ndarray
        L*, float32 (N, side, side), and a*b*, float32 (N, side, side, 2).
    codec : Codec
        Converts to the numbers of the network.
    lightness_shown : ndarray, optional
        L* that the network gets instead of the picture's L*.

    Returns
    -------
    tuple of ndarray
        Inputs and targets.
    """
    lightness, ab = planes
    return codec.inputs(lightness if lightness_shown is None else lightness_shown), codec.targets(
        ab, lightness
    )


@dataclass
class Loader:
    """Batches of training pictures.

    Parameters
    ----------
    images : ImageCache
        The pictures.
    weights : sequence of float
        Probability that a picture is drawn; sums to 1.
    recipe : Recipe
        Says how examples are made.
    seed : int
        Decides everything random.
    jobs : int
        Threads.
    waiting : WaitingTime
        Counts the time that the network waits.
    """

    images: ImageCache
    weights: Sequence[float]
    recipe: Recipe
    seed: int
    jobs: int = 2
    waiting: WaitingTime = field(default_factory=WaitingTime)
    _augmented: Array | None = None

    def epoch_size(self) -> int:
        """Return the number of pictures in an epoch."""
        pictures = len(self.images) * (PICTURES_EACH if self.recipe.examples == "augmented" else 1)
        return self.recipe.samples or pictures

    def epoch(
        self, number: int, size: int, batch: int, side: int
    ) -> Iterator[tuple[Float32, Float32]]:
        """Yield the batches of an epoch. Everything random depends on the seed and on ``number``.

        Parameters
        ----------
        number : int
            The epoch, from 0.
        size : int
            Pictures of the epoch.
        batch : int
            Pictures of a batch. The last batch is left out if it is incomplete, unless it is the
            only batch.
        side : int
            Pixels of the square pictures.

        Yields
        ------
        tuple of ndarray
            Inputs and targets.
        """
        rng = np.random.default_rng([self.seed, number])
        if self.recipe.examples == "augmented":
            make = self._draw_augmented(rng, size, side)
        else:
            make = self._draw_crops(rng, size, side)
        batch = min(batch, size)
        starts = range(0, size - batch + 1, batch)
        with ThreadPoolExecutor(max(1, self.jobs)) as pool:
            pending = (
                pool.submit(self._batch, number, make, range(start, start + batch))
                for start in starts
            )
            yield from self._results(pending)

    def _batch(
        self, number: int, make: Callable[[int], Array], positions: range
    ) -> tuple[Float32, Float32]:
        views = np.stack([make(position) for position in positions])
        if self.recipe.examples == "augmented":
            return encode(lab_from_bytes(views), self.recipe.codec)
        planes = to_lab(views)
        if self.recipe.teacher is not None:
            planes = planes[0], self.recipe.teacher.targets(*planes)
        lightness_shown = planes[0]
        if self.recipe.lightness is not None:
            lightness_shown = np.empty_like(planes[0])
            for out, view, position in zip(lightness_shown, views, positions, strict=True):
                out[:] = self.recipe.lightness(
                    view, np.random.default_rng([self.seed, number, position])
                )
        inputs, targets = encode(planes, self.recipe.codec, lightness_shown)
        if self.recipe.hints is not None:
            assert isinstance(self.recipe.codec, HintCodec)
            drawn = [
                self.recipe.hints(ab, np.random.default_rng([self.seed, number, position, 1]))
                for ab, position in zip(planes[1], positions, strict=True)
            ]
            hints, masks = (np.stack(arrays) for arrays in zip(*drawn, strict=True))
            inputs = self.recipe.codec.inputs_with_hints(lightness_shown, hints, masks)
        return inputs, targets

    def _draw_crops(self, rng: np.random.Generator, size: int, side: int) -> Callable[[int], Array]:
        """Return a function that makes the crop at a position of the epoch."""
        chosen = rng.choice(len(self.images), size, p=np.asarray(self.weights))
        seeds = rng.integers(2**63, size=size)
        zoom = self.recipe.zoom

        def make(position: int) -> Array:
            position_rng = np.random.default_rng(seeds[position])
            crop = random_crop(self.images[int(chosen[position])], side, zoom, position_rng)
            if self.recipe.change_crop is None:
                return crop
            return self.recipe.change_crop(crop, position_rng)

        return make

    def prepare(self, side: int) -> None:
        """Make the twelve augmented versions of each picture, which stay the same in every epoch.

        Document 000 does so. They are kept in memory as 8-bit CIELAB; if the memory is too small,
        they are computed whenever they are used.
        """
        count = len(self.images) * PICTURES_EACH
        if self.recipe.examples != "augmented" or count * side * side * 3 > cache_budget():
            return
        augmented = np.empty((count, side, side, 3), np.uint8)

        def fill(position: int) -> None:
            augmented[position] = self._make_augmented(position, side)

        with ThreadPoolExecutor(max(1, self.jobs)) as pool:
            list(pool.map(fill, range(count)))
        self._augmented = augmented

    def _draw_augmented(
        self, rng: np.random.Generator, size: int, side: int
    ) -> Callable[[int], Array]:
        """Return a function that makes the picture at a position of a shuffled epoch."""
        order = np.resize(rng.permutation(len(self.images) * PICTURES_EACH), size)
        augmented = self._augmented
        if augmented is None:
            return lambda position: self._make_augmented(int(order[position]), side)
        return lambda position: augmented[order[position]]

    def _make_augmented(self, position: int, side: int) -> Array:
        """Return picture ``position`` of all versions, 8-bit CIELAB (side, side, 3)."""
        index, number = divmod(position, PICTURES_EACH)
        picture = squeeze(self.images[index], side)
        if number:
            rng = np.random.default_rng([self.seed, index, number])
            picture = augment(picture, number - 1, rng)
        return lab_to_bytes(*(plane[0] for plane in to_lab(picture[None])))

    def _results(self, futures: Iterator[Future[Any]]) -> Iterator[Any]:
        """Yield the results in order while others are computed; count the time spent waiting."""
        with closing(prefetch(futures, PREFETCHED_BATCHES)) as submitted:
            for future in submitted:
                start = time.perf_counter()
                result = future.result()
                self.waiting.seconds += time.perf_counter() - start
                yield result


def validation_arrays(images: ImageCache, recipe: Recipe, side: int) -> tuple[Float32, Float32]:
    """Return inputs and targets of whole pictures; nothing in them is random.

    Parameters
    ----------
    images : ImageCache
        The pictures.
    recipe : Recipe
        Its codec and kind of examples.
    side : int
        Pixels of the square pictures.

    Returns
    -------
    tuple of ndarray
        Inputs and targets.
    """
    view = squeeze if recipe.examples == "augmented" else center_crop
    views = np.stack([view(images[i], side) for i in range(len(images))])
    return encode(to_lab(views), recipe.codec)
