"""The pool on a cluster, with a client that runs tasks immediately in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from colortk.errors import EnvironmentProblem, PluginError
from colortk.runtime import dask_pool
from colortk.runtime.dask_pool import DaskPool


class Future:
    """A completed future."""

    def __init__(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._value: Any = None
        self._error: Exception | None = None
        try:
            self._value, self.status = call(*arguments), "finished"
        except Exception as error:
            self._error, self.status = error, "error"

    def result(self) -> Any:
        return self._value

    def exception(self) -> Exception | None:
        return self._error

    def add_done_callback(self, callback: Callable[[Future], None]) -> None:
        callback(self)


class Client:
    """A stand-in for ``distributed.Client``: one machine with two threads."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, ...]] = []
        self.lost = False

    def nthreads(self) -> dict[str, int]:
        return {"worker": 2}

    def submit(self, work: Callable[..., Any], tasks: Any, *more: Any, pure: bool) -> Future:
        assert not pure, "equal tasks are not the same task"
        self.messages.append(tasks)
        future = Future(work, (tasks, *more))
        if self.lost:
            future.status = "lost"
        return future

    def cancel(self, futures: list[Future]) -> None:
        assert not futures, "a pool that is used up has nothing to cancel"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client()

    @contextlib.contextmanager
    def connect(address: str) -> Iterator[Client]:
        assert address == "tcp://host:8786"
        yield client

    monkeypatch.setattr(dask_pool, "connect", connect)
    return client


def work(tasks: tuple[str, ...], suffix: str) -> list[str]:
    if "killer" in tasks:
        raise RuntimeError("it died\n 4 times")
    if "broken" in tasks:
        raise PluginError("no plugin")
    return [task + suffix for task in tasks]


def run(tasks: list[str]) -> dict[str, str]:
    pool: DaskPool[str, str] = DaskPool(
        "tcp://host:8786", work, lambda task, reason: f"{task} failed: {reason}", ("!",), 3
    )
    results: dict[str, str] = {}
    waiting = list(tasks)
    with pool:
        while waiting or pool.is_busy:
            while waiting and pool.has_capacity:
                pool.submit(waiting.pop(0))
            for task, result in pool.collect():
                assert task not in results
                results[task] = result
    return results


def test_every_task_gets_its_result_and_tasks_are_sent_in_batches(client: Client) -> None:
    tasks = [str(number) for number in range(20)]
    assert run(tasks) == {task: f"{task}!" for task in tasks}
    assert {len(message) for message in client.messages[:-1]} == {3}


def test_a_task_that_crashes_workers_fails_alone(client: Client) -> None:
    assert run(["a", "killer", "b", "c"]) == {
        "a": "a!",
        "b": "b!",
        "c": "c!",
        "killer": "killer failed: RuntimeError: it died 4 times",
    }


def test_an_internal_error_ends_the_pool(client: Client) -> None:
    with pytest.raises(PluginError, match="no plugin"):
        run(["broken"])


def test_a_lost_scheduler_is_reported(client: Client) -> None:
    client.lost = True
    with pytest.raises(EnvironmentProblem, match="scheduler was lost"):
        run(["a"])
