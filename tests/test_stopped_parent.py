"""A parent that is stopped for a while, as by Ctrl-Z, takes what its workers have done meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from colortk.batch.options import PictureOptions
from colortk.batch.picture_worker import PictureWorker
from colortk.batch.plan import OutputTarget
from colortk.batch.results import FileResult
from colortk.batch.worker import LoadedState, PictureTask, WorkerConfig
from colortk.runtime import pool as pool_module
from colortk.runtime.loading import PluginRequest
from colortk.runtime.messages import Channel, Message, pair, wait
from colortk.runtime.plain_data import to_plain
from colortk.runtime.pool import WorkerPool


class Process:
    """The process of a worker, as far as the pool uses it."""

    pid = 1 << 30

    def kill(self) -> None:
        pass

    def wait(self, timeout: float | None = None) -> int:
        return 0


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("is_noticed", [True, False])
def test_a_picture_that_was_done_in_time_counts_though_it_is_read_late(
    is_done: bool, is_noticed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, child_socket = pair()
    child = Channel(child_socket)
    config = WorkerConfig(PluginRequest("gray"), PictureOptions("none"))
    worker = PictureWorker(config, None, 60, (Process(), ours))  # type: ignore[arg-type]
    pool: WorkerPool[PictureTask, FileResult] = WorkerPool(lambda: worker, 1)
    task = PictureTask("a.png", "a.png", OutputTarget(None))
    pool.submit(task)
    child.send(Message("ready", child.receive(5).number, to_plain(LoadedState("", "{}"))))
    assert pool.collect() == []
    request = child.receive(5)
    for step in ("reading", "colorizing", "writing"):
        child.send(Message("step", request.number, {"step": step}))
    if is_done:
        child.send(Message("record", request.number, to_plain(FileResult("", "b.png", ""))))
    worker._since -= 100  # the parent was stopped, before or after it looked for messages
    missed: list[Any] = [] if is_noticed else [[]]
    monkeypatch.setattr(
        pool_module, "wait", lambda *about: missed.pop() if missed else wait(*about)
    )
    ((found, result),) = pool.collect()
    assert found is task
    if is_done:
        assert (result.error, result.output) == (None, "b.png")
    else:
        assert "writing the result was stopped: it took over 60 s" in str(result.error)
    pool.stop()
    child.close()
