"""Runs what is missing, and keeps every picture's scores the moment that they are there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import TypeVar

from colortk.errors import ColortkError, EnvironmentProblem, PictureError, UsageError
from colortk.harness.duplicate_pixels import pixel_repeats
from colortk.harness.metric_weights import weights_digest
from colortk.harness.picture_worker import Done, Task, close, work
from colortk.harness.plugin_variants import Entry
from colortk.harness.protocol import Protocol
from colortk.harness.records import PictureRow, ResultRow
from colortk.harness.results import Results
from colortk.harness.sealing import hidden_from_plugins
from colortk.harness.second_predictions import chosen
from colortk.harness.statistics import preload
from colortk.io.decode import read_bytes
from colortk.io.discovery import find_pictures
from colortk.plugin.registry import registry
from colortk.runtime.dask_pool import dask_backend, refuse_lost
from colortk.runtime.provenance import metric_code, snapshot
from colortk.runtime.subprocesses import cores


@dataclass(frozen=True)
class Source:
    """A picture to compare on. ``data``: its bytes if it is no file. ``picture``: SHA-256."""

    name: str
    picture: str
    data: bytes | None = field(default=None, repr=False)

    def read(self) -> bytes:
        """The bytes; raises ``PictureError``, also if they are not those that were found."""
        data = self.data if self.data is not None else read_bytes(Path(self.name))
        if hashlib.sha256(data).hexdigest() != self.picture:
            raise PictureError(f"cannot use '{self.name}'", "it changed while being read")
        return data


@dataclass(frozen=True)
class How:
    """How the work is done; none of it is part of a result's key.

    ``jobs``: processes. ``timeout``: seconds for one picture, ``None`` for ever. ``scheduler``:
    address of a Dask scheduler that spreads the work instead. ``retry``: try again what failed.
    ``each``: threads of each process, ``None`` for a fair share of the cores. ``repeats``: predict
    one picture in twenty twice; without it, the environment's ``COLORTK_REPEATS=0`` says no.
    """

    jobs: int = 1
    timeout: float | None = 300.0
    scheduler: str | None = None
    retry: bool = False
    each: int | None = None
    repeats: bool = field(default_factory=lambda: os.environ.get("COLORTK_REPEATS") != "0")

    @property
    def threads(self) -> int | None:
        """Threads of a plugin and of the scores, so that the processes share the cores."""
        if self.each is not None:
            return self.each
        if self.scheduler is not None:
            return 1
        return None if self.jobs <= 1 else max(1, cores() // self.jobs)


AnyTask = TypeVar("AnyTask", bound=Task)

#: After so many time-outs or deaths in a row the rest of the pictures are not tried.
PATIENCE = 5
#: Pictures that a cluster's worker gets at a time: each message costs the scheduler its share.
TOGETHER = 4


@dataclass
class Outcome:
    """Everything that is now known: of every picture, of every entry on every picture.

    ``computed``: results that were computed now. ``loading``: seconds, summed over processes, in
    which plugins were started and loaded for it. ``repeating``: seconds, summed likewise, of second
    predictions. ``same_pixels``: originals that are left out, and those that have the same pixels.
    """

    pictures: dict[str, PictureRow]
    results: dict[str, dict[str, ResultRow]]  # by label, by picture
    unreadable: dict[str, str] = field(default_factory=dict)  # by name
    unavailable: dict[str, str] = field(default_factory=dict)  # by label
    computed: int = 0
    loading: float = 0.0
    repeating: float = 0.0
    same_pixels: dict[str, str] = field(default_factory=dict)  # of repeats, by name


def sources(places: Iterable[Path]) -> tuple[list[Source], dict[str, str], int]:
    """Pictures of files and folders, each content once; those unreadable; how many were repeats.

    Raises ``UsageError`` for a place that does not exist or holds no picture.
    """
    paths: dict[Path, None] = {}
    for place in places:
        if not place.exists():
            raise UsageError(f"no picture or folder '{place}'")
        paths |= dict.fromkeys(find_pictures(place) if place.is_dir() else [place])
    return distinct(paths, lambda path: hashlib.sha256(read_bytes(path)).hexdigest())


def distinct(
    paths: Iterable[Path], digest_of: Callable[[Path], str]
) -> tuple[list[Source], dict[str, str], int]:
    """Files, each content once; why some are unreadable, by name; how many were repeats.

    ``digest_of``: a file's SHA-256; it raises ``PictureError``.
    """
    found: dict[str, Source] = {}
    unreadable: dict[str, str] = {}
    repeats = 0
    for path in paths:
        try:
            digest = digest_of(path)
        except PictureError as error:
            unreadable[str(path)] = str(error)
            continue
        repeats += digest in found
        found.setdefault(digest, Source(str(path), digest))
    return list(found.values()), unreadable, repeats


def metric_codes(metrics: Iterable[str]) -> dict[str, str]:
    """Digest of the code of each metric. Raises ``UsageError`` or ``PluginError``."""
    specs = {name: registry().metric(name) for name in metrics}
    with snapshot():
        return {n: metric_code(spec) + weights_digest(spec) for n, spec in specs.items()}


def run(
    pictures: Sequence[Source],
    entries: Sequence[Entry],
    metrics: Sequence[str],
    protocol: Protocol,
    results: Results,
    how: How | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> Outcome:
    """Score every entry on every picture; what ``results`` holds already is not computed again.

    ``advance`` is called with the number of pictures as they are done. Raises
    ``EnvironmentProblem`` if workers die or cannot be reached; what was done is kept.
    """
    how = how or How()
    codes = metric_codes(metrics)
    wanted = {s.picture for s in pictures}
    outcome = Outcome(
        results.pictures(protocol.hash, wanted),
        {e.label: results.results(protocol.hash, e.key, codes, wanted) for e in entries},
    )
    twice = chosen([s.picture for s in pictures]) if how.repeats else set()
    todo: list[tuple[Source, tuple[Entry, ...]]] = []
    known = pixel_repeats((s.picture for s in pictures), outcome.pictures)
    for source in pictures:
        if source.picture in known:
            continue
        repeat = source.picture in twice
        missing = tuple(
            e for e in entries if missing_of(outcome, source.picture, e, codes, how, repeat)
        )
        if missing:
            todo.append((source, missing))
    advance(len(pictures) - len(todo))
    how = replace(how, jobs=max(1, min(how.jobs, len(todo))))
    stubborn: dict[str, int] = {}
    name = secrets.token_hex(8)
    hidden = hidden_from_plugins(pictures, results.path.parent, bool(how.scheduler))

    def tasks() -> Iterator[Task]:
        for source, missing in todo:
            left = tuple(e for e in missing if e.label not in outcome.unavailable)
            if not left:
                advance(1)
                continue
            try:
                data = source.read()
            except PictureError as error:
                outcome.unreadable[source.name] = str(error)
                advance(1)
                continue
            yield Task(
                    source.picture, source.name, data, protocol, left, tuple(codes.items()),
                    how.timeout, how.threads, 0 if how.scheduler else os.getpid(), name,
                    source.picture in twice, hidden,
                )  # fmt: skip

    for done in spread(tasks(), how, work):
        keep(done, outcome, results, protocol, codes)
        give_up(done, outcome, stubborn)
        advance(1)
    leave_out_repeats(pictures, outcome)
    return outcome


def leave_out_repeats(sources: Iterable[Source], outcome: Outcome) -> None:
    """Let of originals with the same pixels only the first count."""
    names = {source.picture: source.name for source in sources}
    for picture, counting in pixel_repeats(names, outcome.pictures).items():
        outcome.same_pixels[names[picture]] = names[counting]
        del outcome.pictures[picture]


def missing_of(
    outcome: Outcome, picture: str, entry: Entry, codes: dict[str, str], how: How, repeat: bool
) -> bool:
    """Whether an entry's scores of a picture, with metrics of these ``codes``, are to be computed.

    ``repeat``: they lack something also without a second prediction of the picture.
    """
    row = outcome.results[entry.label].get(picture)
    if row is None or picture not in outcome.pictures:
        return True
    if row.error is not None:  # what was too slow for a limit may not be for another
        slow = row.limit is not None and (how.timeout is None or how.timeout > row.limit)
        return how.retry or slow
    if repeat and (row.repeat is None or (how.retry and row.repeat.error is not None)):
        return True
    return any(name not in row.values and (how.retry or name not in row.errors) for name in codes)


def keep(
    done: Done, outcome: Outcome, results: Results, protocol: Protocol, codes: dict[str, str]
) -> None:
    """Put what came of a task into the store and into ``outcome``."""
    outcome.unavailable |= done.unavailable
    outcome.loading += done.loading
    outcome.repeating += done.repeating
    if done.error is not None or done.picture is None:
        outcome.unreadable[done.name] = done.error or "no result"
        return
    results.store(protocol, done.picture, done.rows.values(), codes)
    outcome.pictures[done.task] = replace(done.picture, truth=b"", grey=b"", histogram=b"")
    for label, row in done.rows.items():
        known = outcome.results[label].get(done.task)
        if row.error is None or known is None or known.error is not None:
            bare = replace(row, result=b"", heat=b"", histogram=b"")
            outcome.results[label][done.task] = bare
    outcome.computed += len(done.rows)


def give_up(done: Done, outcome: Outcome, stubborn: dict[str, int]) -> None:
    """A plugin whose process dies or hangs again and again must not cost a time-out a picture."""
    for label, row in done.rows.items():
        stubborn[label] = stubborn.get(label, 0) + 1 if row.fatal else 0
        if stubborn[label] == PATIENCE:
            outcome.unavailable[label] = f"given up after {PATIENCE} in a row: {row.error}"


def spread(
    tasks: Iterator[AnyTask], how: How, work: Callable[[tuple[AnyTask, ...]], list[Done]]
) -> Iterator[Done]:
    """What ``work`` makes of the tasks as it comes: from here, from processes, or from a cluster."""
    if how.scheduler is None and how.jobs <= 1:
        try:
            for task in tasks:
                yield from work((task,))
        finally:
            close()
        return
    import joblib

    with contextlib.ExitStack() as stack:
        if how.scheduler is not None:
            stack.enter_context(dask_backend(how.scheduler))
        else:
            settings = joblib.parallel_config(
                backend="loky", n_jobs=how.jobs, inner_max_num_threads=how.threads
            )
            stack.enter_context(settings)
            stack.callback(Thread(target=_end_workers, name="colortk end of workers").start)
        parallel = joblib.Parallel(
            return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
        )
        # In tuples: joblib's Dask backend would store a task on one worker, and lose it with it.
        pieces = _pieces(tasks, TOGETHER if how.scheduler is not None else 1)
        try:
            for number, done in enumerate(
                parallel(joblib.delayed(work)(piece) for piece in pieces)
            ):
                if number == 0:  # not before: the workers are starting
                    preload()
                yield from done
        except (ColortkError, GeneratorExit):
            raise
        except Exception as error:
            if how.scheduler is not None:
                refuse_lost(how.scheduler, error)
            raise EnvironmentProblem(
                "the workers were lost",
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
                "what was done is kept: run it again to go on, with fewer --jobs if memory is short",
            ) from error


def _pieces(tasks: Iterator[AnyTask], size: int) -> Iterator[tuple[AnyTask, ...]]:
    while piece := tuple(islice(tasks, size)):
        yield piece


def _end_workers() -> None:
    """Workers would stay for minutes, each with its plugins' processes."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)
