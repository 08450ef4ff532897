"""Workers that are started before it is known what there is to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from colortk.batch import early
from colortk.batch.early import MANY, Early, threads_of


class Stand:
    """In place of a process: who was begun, and who was ended."""

    def __init__(self, path: str, threads: int | None) -> None:
        self.path, self.threads = path, threads
        self.process = self.pipe = self
        self.ended = False


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Stand]:
    started: list[Stand] = []

    def begin(path: str, threads: int | None) -> Stand:
        started.append(Stand(path, threads))
        return started[-1]

    monkeypatch.setattr(early, "begin", begin)
    monkeypatch.setattr(early, "stop", lambda one, _: setattr(one, "ended", True))
    monkeypatch.setattr(early, "cores", lambda: 2)
    monkeypatch.setattr(early, "threads", lambda: 0)
    return started


def folder_of(count: int, place: Path) -> str:
    for number in range(count):
        (place / f"{number}.png").touch()
    return str(place)


@pytest.mark.parametrize(
    ("count", "jobs", "expected"),
    [(2 * MANY + 1, None, 2), (2 * MANY, None, 0), (2, 2, 2), (1, 2, 0), (3, 0, 2), (99, 1, 0)],
)
def test_they_are_started_where_several_processes_will_be(
    begun: list[Stand], tmp_path: Path, count: int, jobs: int | None, expected: int
) -> None:
    for files in ([folder_of(count, tmp_path)], [f"{n}.png" for n in range(count)]):
        begun.clear()
        found = Early(files, jobs)
        assert [one.path for one in begun] == ["colortk.batch.worker:serve"] * expected
        found.end()
        assert all(one.ended for one in begun)


def test_a_file_or_a_pattern_is_no_reason(begun: list[Stand], tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for name in ("a.png", "none", "*.png", "-"):
        Early([str(tmp_path / name)], None)
    assert not begun


def test_they_are_taken_once_and_with_their_threads(begun: list[Stand], tmp_path: Path) -> None:
    found = Early([folder_of(20, tmp_path)], None)
    assert found.take(2) is None
    taken = found.take(1)
    assert taken in begun
    found.end()
    assert [one.ended for one in begun if one is not taken] == [True]
    assert taken is not None
    assert not taken.ended  # type: ignore[attr-defined]
    assert found.take(1) is None


def test_a_process_does_what_it_is_told_later() -> None:
    from colortk.process import begin, stop

    process, pipe = begin("colortk.process:stop").tell()  # not what stop is for: it fails of it
    assert process.wait(30) == 1
    stop(process, pipe)
    silent = begin("colortk.batch.worker:serve", 1)
    assert stop(silent.process, silent.pipe) != 0


def test_threads_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "cores", lambda: 8)
    monkeypatch.setattr(early, "threads", lambda: 0)
    assert [threads_of(jobs) for jobs in (1, 3, 8, 20)] == [8, 2, 1, 1]
    monkeypatch.setattr(early, "threads", lambda: 5)
    assert threads_of(8) == 5
