"""One picture in a worker: decoded once, given to every plugin, scored, and sent back small.

A worker gets names and the picture's bytes, never a model, so that it may be on another machine.
Every plugin runs in a process of its own, started once a worker: one that crashes, hangs or
exits costs its own row.
"""

from __future__ import annotations

import gc
import json
import os
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lab_to_rgb, lightness
from colortk.errors import ColortkError, EnvironmentProblem, PictureError, PluginError
from colortk.harness.duplicate_pixels import pixel_digest
from colortk.harness.metric_weights import weights_digest
from colortk.harness.metrics.colorfulness import colorfulness
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.plugin_variants import Entry
from colortk.harness.protocol import Protocol, reference
from colortk.harness.records import Key, PictureRow, Repeat, ResultRow
from colortk.harness.scoring import Scorer
from colortk.harness.second_predictions import repeat
from colortk.harness.thumbnails import heat_map, histogram, thumbnail
from colortk.pipeline import Refiner, colorize, refiner
from colortk.plugin.registry import registry
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import Request
from colortk.runtime.provenance import (
    colorizer_code,
    host_code,
    running_host_code,
    running_metric_code,
    snapshot,
)
from colortk.runtime.sandbox import Hidden
from colortk.runtime.subprocesses import end_with, keep_freed_memory
from colortk.types import Float32

_kept = threading.local()


@dataclass(frozen=True)
class Task:
    """What a worker does with one picture. ``picture``: SHA-256 of ``data``.

    ``metrics``: names, and digests of their code. ``parent``: process number of whoever waits for
    it, 0 if that is on another machine. ``run``: names the comparison. ``repeat``: predict the
    picture twice. ``hidden``: what plugins must not find where they find code.
    """

    picture: str
    name: str
    data: bytes = field(repr=False)
    protocol: Protocol
    entries: tuple[Entry, ...]
    metrics: tuple[tuple[str, str], ...]
    timeout: float | None
    threads: int | None
    parent: int = 0
    run: str = ""
    repeat: bool = False
    hidden: Hidden = field(default_factory=Hidden)


@dataclass
class Done:
    """What came of a task (its picture's SHA-256): rows and failures to load by entry label.

    ``error``: why the picture itself could not be used. ``loading``: seconds in which plugins
    were started and loaded. ``repeating``: seconds of second predictions, without loading.
    """

    task: str
    name: str
    picture: PictureRow | None = None
    rows: dict[str, ResultRow] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    loading: float = 0.0
    repeating: float = 0.0


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
    gc.freeze()  # what was imported need not be looked through again and again


@lru_cache(maxsize=1)
def _watch(parent: int) -> None:
    end_with(parent)


@lru_cache(maxsize=4)
def _scorer(metrics: tuple[tuple[str, str], ...]) -> Scorer:
    check_code(metrics)
    return Scorer([name for name, _ in metrics])


def check_code(metrics: tuple[tuple[str, str], ...]) -> None:
    """Raise ``EnvironmentProblem`` if a metric's code here is not that which was looked up."""
    specs = {name: registry().metric(name) for name, _ in metrics}
    with snapshot():
        codes = {name: running_metric_code(spec) for name, spec in specs.items()}
    for name, code in metrics:
        if codes[name] + weights_digest(specs[name]) != code:
            raise EnvironmentProblem(
                f"metric '{name}' is another one on this worker",
                hint="install the same versions everywhere, and restart the workers",
            )


@lru_cache(maxsize=4)
def refiner_of(name: str) -> Refiner:
    """The refinement ``name``, kept."""
    return refiner(name)


def _plugins() -> dict[object, tuple[Isolated, str]]:
    """Plugin processes of the thread (a Dask worker has several), and the run that last used each."""
    if not hasattr(_kept, "plugins"):
        _kept.plugins = {}
    found: dict[object, tuple[Isolated, str]] = _kept.plugins
    return found


def _renewed() -> set[tuple[str, Request, Key]]:
    """Plugins whose process this thread has replaced for a second prediction, by comparison."""
    if not hasattr(_kept, "renewed"):
        _kept.renewed = set()
    marks: set[tuple[str, Request, Key]] = _kept.renewed
    return marks


def loading() -> float:
    """Seconds in which this thread's plugins were started and loaded."""
    return sum(plugin.loading for plugin, _ in _plugins().values())


def close() -> None:
    """End this thread's plugin processes."""
    for plugin, _ in _plugins().values():
        plugin.close()
    _plugins().clear()


def plugin_of(entry: Entry, task: Task) -> Isolated:
    """The entry's plugin in its own process. Raises ``ColortkError`` if it cannot be loaded."""
    kept = _plugins()
    key = (entry.request, entry.key, task.timeout, task.threads, task.hidden)
    if key not in kept:
        plugin = Isolated(entry.request, task.timeout, task.threads, task.hidden)
        what = _difference(entry, plugin, task.protocol.refine)
        if what:
            plugin.close()
            raise PluginError(
                f"plugin '{entry.request.plugin}' has other {what} where it runs than where"
                " it was looked up",
                hint="install the same version everywhere; run it again if it was being changed",
            )
        kept[key] = plugin, task.run
    plugin = kept[key][0]
    kept[key] = plugin, task.run
    return plugin


def _difference(entry: Entry, plugin: Isolated, refine: str) -> str:
    """What of the plugin is not as it was when the entry was looked up; empty if nothing is."""
    if plugin.digest != entry.key.artifact:
        return "weights"
    options = {name: value for name, value in entry.options.items() if name[:5] != "host "}
    if json.loads(plugin.options_key) != options:
        return "options"
    # The plugin's process has imported its code just now, this process its own when it began.
    with snapshot():
        same = running_host_code(refine, "scores") == host_code(refine, "scores")
        code = colorizer_code(plugin.spec, refine, "scores")
    return "" if same and entry.key.code.startswith(code) else "code"


def evict(run: str) -> None:
    """End plugins of earlier comparisons: a Dask worker lives on."""
    for key in [key for key, (_, last) in _plugins().items() if last != run]:
        _plugins().pop(key)[0].close()
    _renewed().difference_update([mark for mark in _renewed() if mark[0] != run])


def work(tasks: tuple[Task, ...]) -> list[Done]:
    """Colorize and score pictures, one after the other, each with every entry of its task."""
    return [_work(task) for task in tasks]


def prepare(task: Task) -> None:
    """What every piece of work begins with, in whatever process it is done."""
    if task.parent and task.parent not in (os.getpid(), os.getppid()):
        os._exit(1)  # whoever handed it out was killed: nobody would keep what is computed
    if task.parent and task.parent != os.getpid():
        _watch(task.parent)
    _settle(task.threads)


def _work(task: Task) -> Done:
    prepare(task)
    done = Done(task.picture, task.name)
    try:
        original = reference(task.data, task.name, task.protocol)
    except PictureError as error:
        done.error = str(error)
        return done
    truth = Truth(original.pixels)
    light = lightness(original.pixels)
    loaded = loading()
    for entry in task.entries:
        try:
            done.rows[entry.label] = _one(entry, task, truth, light, done)
        except ColortkError as error:  # it cannot be loaded: nothing about this picture
            done.unavailable[entry.label] = str(error)
    done.loading = loading() - loaded
    evict(task.run)
    done.picture = _picture(task, truth, light, original.enlarged)
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
        pixel_digest(truth.pixels),
    )


def repeated(
    entry: Entry, task: Task, plugin: Isolated, light: Float32, first: Float32, done: Done
) -> Repeat:
    """Predict the picture ``light`` again, in a new process if this thread has not yet done so."""
    mark = (task.run, entry.request, entry.key)
    found, seconds = repeat(plugin, light, first, renew=mark not in _renewed())
    _renewed().add(mark)
    done.repeating += seconds
    return found


def _one(entry: Entry, task: Task, truth: Truth, light: Float32, done: Done) -> ResultRow:
    row = ResultRow(task.picture, entry.key, version=entry.version)
    plugin = plugin_of(entry, task)
    row.sealed = plugin.sealed
    start = time.perf_counter()
    try:
        made = colorize(light, plugin, refiner_of(task.protocol.refine), entry.strength)
    except PictureError as error:
        row.error, row.fatal = str(error), not plugin.alive
        row.limit = task.timeout if plugin.late else None
        row.seconds = time.perf_counter() - start
        return row
    middle = time.perf_counter()
    result = made.rgb
    if plugin.last is not None:
        row.seconds, row.peak_memory = plugin.last.seconds, plugin.last.peak_memory
    pair = Pair(truth, result)
    scores = _scorer(task.metrics).score(pair)
    row.values, row.errors, row.metric_seconds = scores.values, scores.errors, scores.seconds
    after = time.perf_counter()
    row.result, row.heat = thumbnail(result), heat_map(pair.delta_e94)
    row.histogram = histogram(*pair.result.planes[1:])
    row.host_seconds = middle - start - row.seconds + time.perf_counter() - after
    if task.repeat:  # last: none of its time is the plugin's or the host's for the picture
        row.repeat = repeated(entry, task, plugin, light, made.ab, done)
    return row
