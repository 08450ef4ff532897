"""Colorize the pictures of a batch in other processes, or on other machines.

Processes, not threads: a plugin that crashes then fails on one picture only. Processes use no more
processor time: 86 ms per picture of 640 × 480 against 82 to 86 ms in threads for `sift_mlp`, and
300 against 304 ms for `vgg16_residual` (`benchmarks/batch.py --ways` prints both rates). Pictures
are not batched for a plugin either: on a processor `vgg16_residual` takes 267 to 277 ms for one
picture, and 282 to 286 ms for each of four.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from colortk.batch.inputs import InputItem
from colortk.batch.local_pool import PicturePool
from colortk.batch.options import STANDARD_STREAM
from colortk.batch.plan import PlannedFile
from colortk.batch.prestart import PICTURES_PER_CORE
from colortk.batch.results import FileResult
from colortk.batch.tracker import OutputTracker
from colortk.batch.worker import PictureTask
from colortk.errors import PictureError, UsageError
from colortk.runtime.inference import requested_device
from colortk.runtime.subprocesses import cores

#: Default limit of processes that share a GPU: each process needs its own GPU memory.
GPU_JOBS = 4


def job_count(items: Sequence[InputItem], jobs: int | None) -> int:
    """Return the number of processes for a batch; 1 is this process.

    Parameters
    ----------
    items : sequence of InputItem
    jobs : int or None
        The number that was asked for: 0 means one per core, and ``None`` means one per core for
        many pictures and 1 for few.

    Raises
    ------
    UsageError
        Several processes cannot read standard input.
    """
    if any(item.name == STANDARD_STREAM for item in items):
        if jobs is not None and jobs != 1:
            reason = "only this process can read standard input"
            raise UsageError("--jobs and '-' exclude each other", reason, "leave one out")
        return 1
    if jobs is not None:
        return max(1, min(jobs or cores(), len(items)))
    if len(items) <= PICTURES_PER_CORE * cores():
        return 1
    for build in ("onnxruntime-gpu", "onnxruntime-directml"):
        with suppress(PackageNotFoundError):
            if requested_device() != "cpu" and version(build):
                return min(cores(), GPU_JOBS)
    return cores()


def colorize_parallel(
    plans: Sequence[PlannedFile], tracker: OutputTracker, pool: PicturePool, plugin: str
) -> Generator[FileResult, None, None]:
    """Yield one result for each picture, in completion order.

    A picture that fails, or that crashes or hangs its worker, does not stop the others. When the
    disk is full no more pictures are begun.

    Parameters
    ----------
    plans : sequence of PlannedFile
    tracker : OutputTracker
    pool : PicturePool
        Its workers are ended with the generator.
    plugin : str
        Name of the colorizer.

    Yields
    ------
    FileResult

    Raises
    ------
    ColortkError
        The plugin cannot be loaded.
    """
    waiting = iter(plans)
    submitted: dict[PictureTask, tuple[PlannedFile, FileResult]] = {}
    finished: list[FileResult] = []
    with pool:
        while True:
            while pool.has_capacity and not tracker.disk_full:
                planned = next(waiting, None)
                if planned is None:
                    break
                result = planned.result(plugin)
                task = _begin(planned, result, tracker)
                if task is None:
                    yield result
                    continue
                submitted[task] = planned, result
                pool.submit(task)
            yield from finished  # only when all workers have work
            finished.clear()
            if not pool.is_busy:
                return
            for task, reply in pool.collect():
                planned, result = submitted.pop(task)
                # The output as the user wrote it: workers of a cluster get absolute paths.
                result = replace(reply, output=result.output, variant=planned.variant)
                tracker.record_output(planned, result)
                finished.append(result)


def _begin(planned: PlannedFile, result: FileResult, tracker: OutputTracker) -> PictureTask | None:
    """Return the task of a picture, or ``None`` if its result is complete."""
    if planned.target is None:
        return None
    if planned.data is not None:
        reason = "it is a pipe, and other processes cannot read it"
        result.error = str(PictureError(f"cannot read '{planned.name}'", reason, "use --jobs 1"))
        return None
    if not tracker.begin(planned, result):
        return None
    return PictureTask(planned.name, planned.name, planned.target)
