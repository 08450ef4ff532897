"""A pool that applies a function to tasks in processes: results, errors, crashes, and its end."""

from __future__ import annotations

import math
import os
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from colortk.errors import ColortkError, PictureError
from colortk.runtime.function_pool import FunctionPool, map_unordered
from colortk.training.workers import parallel_map


@dataclass(frozen=True)
class Numbered:
    number: int
    action: str = ""
    content: bytes = b""
    folder: Path = Path()


@dataclass
class Outcome:
    number: int
    process: int
    value: float | None = None
    content: bytes = b""
    parts: dict[str, bytes] = field(default_factory=dict)


def work(task: Numbered) -> Outcome:
    if task.action == "fail":
        raise PictureError("cannot do it", "a reason", "a hint")
    if task.action == "die":
        os._exit(7)
    if task.action == "hang":
        time.sleep(600)
    value = {0: math.inf, 1: math.nan, 2: -math.inf}.get(task.number, 1.5)
    parts = {"a": task.content[:3], "b": b""}
    return Outcome(task.number, os.getpid(), value, task.content[::-1], parts)


def write_end() -> None:
    Path(os.environ["ENDS"], str(os.getpid())).touch()


def never(task: Numbered, reason: str) -> Outcome:
    raise AssertionError(reason)


def test_tasks_and_results_may_be_larger_than_a_socket_buffer() -> None:
    content = os.urandom(3_000_000)
    tasks = [Numbered(number, content=content) for number in range(5)]
    results = list(map_unordered(tasks, FunctionPool(work, never, 2, threads=1)))
    assert sorted(result.number for result in results) == [0, 1, 2, 3, 4]
    assert os.getpid() not in {result.process for result in results}
    for result in results:
        assert result.content == content[::-1]
        assert result.parts == {"a": content[:3], "b": b""}
    values = {result.number: result.value for result in results}
    assert (values[0], values[2], values[3]) == (math.inf, -math.inf, 1.5)
    assert values[1] is not None
    assert math.isnan(values[1])


def test_a_crashed_process_fails_only_its_own_task() -> None:
    lost = []

    def report(task: Numbered, reason: str) -> Outcome:
        lost.append((task.number, reason))
        return Outcome(task.number, 0)

    tasks = [Numbered(number, "die" if number in (1, 4) else "") for number in range(6)]
    results = list(map_unordered(tasks, FunctionPool(work, report, 2, threads=1)))
    assert sorted(result.number for result in results) == list(range(6))
    assert sorted(result.number for result in results if result.process == 0) == [1, 4]
    assert sorted(lost) == [(1, "its process ended (exit code 7)"), (4, lost[0][1])]


def test_an_error_of_the_function_keeps_its_class_and_message() -> None:
    tasks = [Numbered(0), Numbered(1, "fail"), Numbered(2)]
    with pytest.raises(PictureError, match="a reason") as caught:
        list(map_unordered(tasks, FunctionPool(work, never, 1, threads=1)))
    assert (caught.value.problem, caught.value.hint) == ("cannot do it", "a hint")


def test_processes_close_their_resources_and_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDS", str(tmp_path))
    tasks = [Numbered(number) for number in range(4)]
    results = list(map_unordered(tasks, FunctionPool(work, never, 2, threads=1, close=write_end)))
    processes = {result.process for result in results}
    assert {int(path.name) for path in tmp_path.iterdir()} == processes
    assert not any(Path(f"/proc/{process}").exists() for process in processes)


def test_closing_the_results_ends_a_process_that_hangs() -> None:
    tasks = [Numbered(0), Numbered(1, "hang"), Numbered(2), Numbered(3, "hang")]
    start = time.monotonic()
    with closing(map_unordered(tasks, FunctionPool(work, never, 2, threads=1))) as results:
        assert next(results).number in (0, 2)
    assert time.monotonic() - start < 300


def test_training_stops_when_a_process_dies() -> None:
    with pytest.raises(ColortkError, match="worker process died") as caught:
        list(parallel_map(work, [Numbered(0), Numbered(1, "die"), Numbered(2)], 2))
    assert "exit code 7" in str(caught.value)
    (result,) = parallel_map(work, [Numbered(5)], 1)
    assert result.process == os.getpid()
