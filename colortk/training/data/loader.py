"""Batches for training, made in threads ahead of the network."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from colortk.runtime.network_io import Codec
from colortk.training.data.augment import TIMES, WAYS, new_picture
from colortk.training.data.crops import from_bytes, middle, part, planes, squeezed, to_bytes
from colortk.training.data.image_cache import Album, room
from colortk.training.recipe import Recipe
from colortk.types import Array, Float32

#: Pictures that document 000 makes of one, itself among them.
EACH = 1 + len(WAYS) * TIMES
#: Batches that lie ready at most.
AHEAD = 6


@dataclass
class Waiting:
    """Seconds in which the network had to wait for data."""

    seconds: float = 0.0


def encoded(
    planes: tuple[Float32, Float32], codec: Codec, seen: Float32 | None = None
) -> tuple[Float32, Float32]:
    """Inputs and targets of L* (N, side, side) and a*b* (N, side, side, 2).

    ``seen``: L* that the network gets instead of the picture's own.
    """
    lightness, ab = planes
    return codec.inputs(lightness if seen is None else seen), codec.targets(ab, lightness)


@dataclass
class Loader:
    """Pictures to learn from: ``weights`` belong to the pictures of ``album``."""

    album: Album
    weights: Sequence[float]
    recipe: Recipe
    seed: int
    jobs: int = 2
    waiting: Waiting = field(default_factory=Waiting)
    _grown: Array | None = None

    def epoch_size(self) -> int:
        """Pictures of an epoch."""
        every = len(self.album) * (EACH if self.recipe.examples == "twelve" else 1)
        return self.recipe.samples or every

    def epoch(
        self, number: int, size: int, batch: int, side: int
    ) -> Iterator[tuple[Float32, Float32]]:
        """Batches of epoch ``number``: everything random in it follows from the seed and it.

        A last incomplete batch is left out, unless it is the only one.
        """
        rng = np.random.default_rng([self.seed, number])
        if self.recipe.examples == "twelve":
            make = self._prepared(rng, size, side)
        else:
            make = self._drawn(rng, size, side)
        batch = min(batch, size)
        starts = range(0, size - batch + 1, batch)
        with ThreadPoolExecutor(max(1, self.jobs)) as pool:
            pending = (
                pool.submit(self._batch, number, make, range(start, start + batch))
                for start in starts
            )
            yield from self._ahead(pending)

    def _batch(
        self, number: int, make: Callable[[int], Array], places: range
    ) -> tuple[Float32, Float32]:
        views = np.stack([make(place) for place in places])
        if self.recipe.examples == "twelve":
            return encoded(from_bytes(views), self.recipe.codec)
        found = planes(views)
        if self.recipe.teacher is not None:
            found = found[0], self.recipe.teacher.targets(*found)
        if self.recipe.lightness is None:
            return encoded(found, self.recipe.codec)
        seen = np.empty_like(found[0])
        for out, view, place in zip(seen, views, places, strict=True):
            out[:] = self.recipe.lightness(view, np.random.default_rng([self.seed, number, place]))
        return encoded(found, self.recipe.codec, seen)

    def _drawn(self, rng: np.random.Generator, size: int, side: int) -> Callable[[int], Array]:
        """Parts of pictures drawn by the weight of their folders."""
        chosen = rng.choice(len(self.album), size, p=np.asarray(self.weights))
        seeds = rng.integers(2**63, size=size)
        zoom = self.recipe.zoom

        def make(place: int) -> Array:
            own = np.random.default_rng(seeds[place])
            return part(self.album[int(chosen[place])], side, zoom, own)

        return make

    def prepare(self, side: int) -> None:
        """Make the twelve new pictures of each, the same ones for every epoch as in document 000.

        They are kept in 8-bit CIELAB, which is what the document learns from. If there is no room
        for them they are made anew whenever they are wanted.
        """
        count = len(self.album) * EACH
        if self.recipe.examples != "twelve" or count * side * side * 3 > room():
            return
        grown = np.empty((count, side, side, 3), np.uint8)

        def grow(place: int) -> None:
            grown[place] = self._new(place, side)

        with ThreadPoolExecutor(max(1, self.jobs)) as pool:
            list(pool.map(grow, range(count)))
        self._grown = grown

    def _prepared(self, rng: np.random.Generator, size: int, side: int) -> Callable[[int], Array]:
        """Every picture and twelve made of it, in another order in every epoch."""
        order = np.resize(rng.permutation(len(self.album) * EACH), size)
        grown = self._grown
        if grown is None:
            return lambda place: self._new(int(order[place]), side)
        return lambda place: grown[order[place]]

    def _new(self, place: int, side: int) -> Array:
        """Picture ``place`` of all and their twelve, 8-bit CIELAB (side, side, 3)."""
        index, number = divmod(place, EACH)
        picture = squeezed(self.album[index], side)
        if number:
            rng = np.random.default_rng([self.seed, index, number])
            picture = new_picture(picture, number - 1, rng)
        return to_bytes(*(plane[0] for plane in planes(picture[None])))

    def _ahead(self, pending: Iterator[Any]) -> Iterator[Any]:
        """Results in order, ``AHEAD`` of them under way; counts the time spent waiting."""
        ready: queue.Queue[Any] = queue.Queue(AHEAD)
        stopped = threading.Event()

        def feed() -> None:
            for future in chain(pending, [None]):
                while not stopped.is_set():
                    with contextlib.suppress(queue.Full):
                        ready.put(future, timeout=0.1)
                        break
                if stopped.is_set():
                    return

        thread = threading.Thread(target=feed, daemon=True)
        thread.start()
        try:
            while (future := ready.get()) is not None:
                start = time.perf_counter()
                result = future.result()
                self.waiting.seconds += time.perf_counter() - start
                yield result
        finally:
            stopped.set()
            thread.join()


def fixed(album: Album, recipe: Recipe, side: int) -> tuple[Float32, Float32]:
    """Inputs and targets of whole pictures, for validation: no chance in it."""
    view = squeezed if recipe.examples == "twelve" else middle
    views = np.stack([view(album[i], side) for i in range(len(album))])
    return encoded(planes(views), recipe.codec)
