"""Many pictures in other processes, or on other machines; what is whose place is settled here.

Processes, not threads: a plugin that kills its process then costs one picture. They cost no more
of the processor: 86 ms a picture of 640 × 480 against 82 to 86 in threads for `sift_mlp`, and 300
against 304 for `vgg16_residual` (`benchmarks/batch.py --ways` says how many pictures a second each
way makes). Nor are pictures given to a plugin several at once: on a processor `vgg16_residual`
takes 267 to 277 ms for one, and 282 to 286 for each of four.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from colortk.batch.inputs import Item
from colortk.batch.local_pool import Hands
from colortk.batch.outputs import Held, Places
from colortk.batch.prestart import MANY
from colortk.batch.process_file import guarded
from colortk.batch.records import STANDARD, Record
from colortk.batch.worker import Task
from colortk.errors import PictureError, UsageError
from colortk.io.encode import extension_for
from colortk.io.sniff import format_of
from colortk.runtime.inference import device
from colortk.runtime.subprocesses import cores

#: Processes that share a GPU, unless told: each takes memory of it for itself.
ON_GPU = 4


def jobs_for(items: list[Item], told: int | None) -> int:
    """Processes for these pictures; 1 is this one.

    ``told``: 0 is as many as cores, ``None`` as many for many pictures, 1 for few. Raises
    ``UsageError`` for several processes and standard input.
    """
    if any(item.name == STANDARD for item in items):
        if told is not None and told != 1:
            raise UsageError("--jobs and a picture from standard input", hint="leave one out")
        return 1
    if told is not None:
        return max(1, min(told or cores(), len(items)))
    if len(items) <= MANY * cores():
        return 1
    with suppress(PackageNotFoundError):
        if device() != "cpu" and version("onnxruntime-gpu"):
            return min(cores(), ON_GPU)
    return cores()


def colorize_apart(
    items: list[Item], places: Places, hands: Hands, plugin: str
) -> Generator[Record, None, None]:
    """One record a picture as they are done; one that fails, kills or hangs costs itself alone.

    Of two inputs that would go to one output the second is refused, as where they are done one
    after the other. When the disk is full no more are begun. Raises ``ColortkError`` if the plugin
    cannot be loaded.
    """
    rest = iter(items)
    again: deque[Item] = deque()
    held: dict[Path, list[Item]] = {}
    given: dict[Task, tuple[Item, Record]] = {}
    told: list[Record] = []
    with hands:
        while True:
            while hands.room and not places.full:
                item = again.popleft() if again else next(rest, None)
                if item is None:
                    break
                record = places.record(item, plugin)
                try:
                    task = None if record.skipped else _claim(item, record, places)
                except Held as wait:
                    held.setdefault(wait.path, []).append(item)
                    continue
                if task is None:
                    yield record
                    continue
                given[task] = item, record
                hands.give(task)
            yield from told  # not before all hands are full
            told.clear()
            if not hands.busy:
                return
            for task, answer in hands.take():
                item, record = given.pop(task)
                # Where it goes in the user's words, which may not be those of the worker.
                record = replace(answer, output=record.output)
                places.finish(item, task.spot, record)
                if task.spot.path is not None:
                    again += held.pop(task.spot.path, [])
                told.append(record)


def _claim(item: Item, record: Record, places: Places) -> Task | None:
    """What is to be done for a picture, or ``None`` if its record is complete."""
    with guarded(record):
        if item.error is not None:
            raise PictureError(item.error)
        if places.early(item, record):
            return None
        given = places.settings.extension
        suggested = given or extension_for(format_of(Path(item.name)))
        spot = places.claim(item, record, suggested)
        return None if spot is None else Task(item.name, item.name, spot)
    return None
