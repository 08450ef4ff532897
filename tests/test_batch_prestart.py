"""Workers that are started while the command still searches for pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.batch import prestart
from colortk.batch.inputs import find_inputs
from colortk.batch.local_pool import LocalPool
from colortk.batch.options import BatchOptions
from colortk.batch.outputs import OutputPlanner
from colortk.batch.parallel import colorize_parallel
from colortk.batch.prestart import PICTURES_PER_CORE, PrestartedWorkers, threads_per_worker
from colortk.batch.results import FileResult
from colortk.batch.tracker import OutputTracker
from colortk.batch.worker import WorkerConfig
from colortk.errors import ColortkError
from colortk.runtime.loading import PluginRequest
from colortk.runtime.messages import Message
from conftest import photo


class Stand:
    """A stand-in for a process that records starts and ends."""

    def __init__(self, target: str) -> None:
        self.target, self.request = target, dict[str, Any]()
        self.ended = False

    def send(self, message: Message, timeout: float) -> None:
        assert message.kind == "load"
        assert timeout > 0
        self.request = message.fields


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Stand]:
    started: list[Stand] = []

    def spawn(target: str, *, threads: int | None) -> tuple[Stand, Stand]:
        assert threads == 1
        started.append(Stand(target))
        return started[-1], started[-1]

    monkeypatch.setattr(prestart, "spawn", spawn)
    monkeypatch.setattr(prestart, "stop", lambda one, _: setattr(one, "ended", True))
    monkeypatch.setattr(prestart, "cores", lambda: 2)
    monkeypatch.setattr(prestart, "threads", lambda: 0)
    return started


def folder_of(count: int, place: Path) -> str:
    for number in range(count):
        (place / f"{number}.png").touch()
    return str(place)


@pytest.mark.parametrize(
    ("count", "jobs", "expected"),
    [
        (2 * PICTURES_PER_CORE + 1, None, 2),
        (2 * PICTURES_PER_CORE, None, 0),
        (2, 2, 2),
        (1, 2, 0),
        (3, 0, 2),
        (99, 1, 0),
    ],
)
def test_workers_are_started_for_several_processes(
    begun: list[Stand], tmp_path: Path, count: int, jobs: int | None, expected: int
) -> None:
    for files in ([folder_of(count, tmp_path)], [f"{n}.png" for n in range(count)]):
        begun.clear()
        found = PrestartedWorkers(files, jobs, "gray")
        assert [one.target for one in begun] == ["colortk.batch.worker:serve_prestarted"] * expected
        found.stop()
        assert all(one.ended for one in begun)


def test_a_file_or_a_pattern_starts_no_workers(begun: list[Stand], tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for name in ("a.png", "none", "*.png", "-"):
        PrestartedWorkers([str(tmp_path / name)], None, "gray")
    assert not begun


def test_a_prestarted_worker_is_used_once_with_its_threads(
    begun: list[Stand], tmp_path: Path
) -> None:
    found = PrestartedWorkers([folder_of(20, tmp_path)], None, "gray", ("x=1",), tmp_path)
    request = {"plugin": "gray", "options": ["x=1"], "weights": str(tmp_path)}
    assert [one.request for one in begun] == [request] * 2
    assert found.pop_worker(2) is None
    taken = found.pop_worker(1)
    assert taken is not None
    assert taken[0] in begun
    found.stop()
    assert [one.ended for one in begun if one is not taken[0]] == [True]
    assert not taken[0].ended  # type: ignore[attr-defined]
    assert found.pop_worker(1) is None


def run_prestarted(place: Path, plugin: str) -> list[FileResult]:
    """Return the records of three pictures, made by prestarted workers."""
    for number in range(3):
        Image.fromarray(photo(40, 50, number)).save(place / f"{number}.png")
    found = PrestartedWorkers([str(place)], 2, plugin)
    options = BatchOptions(output=place / "out")
    config = WorkerConfig(PluginRequest(plugin), options.picture)
    plans = OutputPlanner(options).plan(find_inputs([str(place)]))
    pool = LocalPool(config, 2, threads_per_worker(2), 60, found)
    try:
        return list(colorize_parallel(plans, OutputTracker(options), pool, plugin))
    finally:
        found.stop()


def test_a_prestarted_worker_gives_the_same_result(tmp_path: Path) -> None:
    records = run_prestarted(tmp_path, "mean_color")
    assert [record.error for record in records] == [None] * 3
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_load_error_of_a_prestarted_worker_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ColortkError, match="no_such"):
        run_prestarted(tmp_path, "no_such")


def test_threads_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prestart, "cores", lambda: 8)
    monkeypatch.setattr(prestart, "threads", lambda: 0)
    assert [threads_per_worker(jobs) for jobs in (1, 3, 8, 20)] == [8, 2, 1, 1]
    monkeypatch.setattr(prestart, "threads", lambda: 5)
    assert threads_per_worker(8) == 5
