"""One picture in a worker: decoded once, given to every plugin, scored, and sent back small.

A worker gets names and the picture's bytes, never a model, so that it may be on another machine.
Every plugin runs in a process of its own, started once a worker: one that crashes, hangs or
exits costs its own row.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from colortk._cv import cv2
from colortk.color import Float32, lab_to_rgb, lightness
from colortk.errors import ColortkError, PictureError
from colortk.harness.entries import Entry
from colortk.harness.metrics.colorfulness import colorfulness
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.protocol import Protocol, reference
from colortk.harness.results import PictureRow, ResultRow
from colortk.harness.scoring import Scorer
from colortk.harness.views import heat_map, histogram, thumbnail
from colortk.isolate import Isolated
from colortk.pipeline import colorize, refiner
from colortk.process import keep_freed_memory

_kept = threading.local()


@dataclass(frozen=True)
class Task:
    """What a worker does with one picture. ``picture``: SHA-256 of ``data``.

    ``parent``: process number of whoever waits for it, 0 if that is on another machine.
    """

    picture: str
    name: str
    data: bytes = field(repr=False)
    protocol: Protocol
    entries: tuple[Entry, ...]
    metrics: tuple[str, ...]
    timeout: float | None
    threads: int | None
    parent: int = 0


@dataclass
class Done:
    """What came of a task (its picture's SHA-256): rows and failures to load by entry label.

    ``error``: why the picture itself could not be used. ``loading``: seconds in which plugins
    were started and loaded.
    """

    task: str
    name: str
    picture: PictureRow | None = None
    rows: dict[str, ResultRow] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    loading: float = 0.0


@lru_cache(maxsize=1)
def _settle(threads: int | None) -> None:
    """Once in a process that works for others: share the cores, and keep memory for reuse."""
    if threads is None:
        return
    cv2.setNumThreads(threads)
    os.environ["COLORTK_THREADS"] = str(threads)  # read when a network is loaded
    # A Dask worker is told to give memory back at every chance: planes of a quarter of a
    # megabyte, taken and given back thousands of times, cost half as much time again.
    os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)
    keep_freed_memory()


@lru_cache(maxsize=4)
def _scorer(metrics: tuple[str, ...]) -> Scorer:
    return Scorer(metrics)


def _plugins() -> dict[object, Isolated]:
    """The plugin processes of this thread: a Dask worker may have several threads."""
    if not hasattr(_kept, "plugins"):
        _kept.plugins = {}
    found: dict[object, Isolated] = _kept.plugins
    return found


def close() -> None:
    """End this thread's plugin processes."""
    for plugin in _plugins().values():
        plugin.close()
    _plugins().clear()


def _plugin(entry: Entry, task: Task) -> Isolated:
    kept = _plugins()
    key = (entry.request, entry.key, task.timeout, task.threads)
    if key not in kept:
        plugin = Isolated(entry.request, task.timeout, task.threads)
        if plugin.digest != entry.key.artifact:
            plugin.close()
            raise PictureError(
                f"plugin '{entry.request.plugin}' has other weights on this worker",
                do="install the same version everywhere",
            )
        kept[key] = plugin
    return kept[key]


def work(packed: tuple[Task]) -> Done:
    """Colorize and score one picture with every entry of a task."""
    (task,) = packed
    if task.parent and task.parent not in (os.getpid(), os.getppid()):
        os._exit(1)  # whoever handed it out was killed: nobody would keep what is computed
    _settle(task.threads)
    done = Done(task.picture, task.name)
    try:
        original = reference(task.data, task.name, task.protocol)
    except PictureError as error:
        done.error = str(error)
        return done
    truth = Truth(original.pixels)
    light = lightness(original.pixels)
    loaded = sum(plugin.loading for plugin in _plugins().values())
    for entry in task.entries:
        try:
            done.rows[entry.label] = _one(entry, task, truth, light)
        except ColortkError as error:  # it cannot be loaded: nothing about this picture
            done.unavailable[entry.label] = str(error)
    done.picture = _picture(task, truth, light, original.enlarged)
    done.loading = sum(plugin.loading for plugin in _plugins().values()) - loaded
    return done


def _picture(task: Task, truth: Truth, light: Float32, enlarged: bool) -> PictureRow:
    """The original's own row; after the scores, which have computed most of it."""
    none = np.zeros_like(light)
    grey = np.rint(lab_to_rgb(np.stack([light, none, none], -1)) * 255).astype(np.uint8)
    return PictureRow(
        task.picture,
        task.name,
        light.shape[1],
        light.shape[0],
        float(truth.chroma.mean(dtype=np.float64)),
        colorfulness(truth.pixels),
        enlarged,
        histogram(*truth.planes[1:]),
        thumbnail(truth.pixels),
        thumbnail(grey),
    )


def _one(entry: Entry, task: Task, truth: Truth, light: Float32) -> ResultRow:
    row = ResultRow(task.picture, entry.key, version=entry.version)
    plugin = _plugin(entry, task)
    start = time.perf_counter()
    try:
        result = colorize(light, plugin, refiner(task.protocol.refine), entry.strength).rgb
    except PictureError as error:
        row.error, row.fatal = str(error), not plugin.alive
        row.seconds = time.perf_counter() - start
        return row
    middle = time.perf_counter()
    if plugin.last is not None:
        row.seconds, row.peak_memory = plugin.last.seconds, plugin.last.peak_memory
    pair = Pair(truth, result)
    scores = _scorer(task.metrics).score(pair)
    row.values, row.errors, row.metric_seconds = scores.values, scores.errors, scores.seconds
    after = time.perf_counter()
    row.result, row.heat = thumbnail(result), heat_map(pair.delta_e94)
    row.histogram = histogram(*pair.result.planes[1:])
    row.host_seconds = middle - start - row.seconds + time.perf_counter() - after
    return row
