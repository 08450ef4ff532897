"""Stopping a job of the web page: while it waits, begins, runs, and after it has ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from colortk.ui.job_queue import Job
from colortk.ui.stop_signals import StopSignals


class Jobs:
    """A queue with the jobs of one group: those that wait, and those that have left the queue."""

    def __init__(self) -> None:
        self.waiting: list[Job] = []
        self.started: list[Job] = []
        self.outputs: list[Any] = []

    def jobs_of(self, group: str) -> list[Job]:
        assert group == "films"
        return self.waiting + self.started

    def remove_waiting(self, session: str | None, group: str, outputs: list[Any]) -> bool:
        own = [job for job in self.waiting if job.session == session]
        self.waiting = [job for job in self.waiting if job not in own]
        self.outputs += outputs * len(own)
        return bool(own)


def window(name: str) -> Any:
    return SimpleNamespace(window=name)


def test_a_running_job_is_stopped_and_others_go_on() -> None:
    stops = StopSignals(Jobs(), "films", [])
    with stops.running("mine") as mine, stops.running("yours") as yours:
        assert stops.stop(window("mine")) == []
        assert mine.is_set()
        assert not yours.is_set()
    with stops.running("mine") as again:
        assert not again.is_set()


def test_a_waiting_job_is_removed() -> None:
    jobs = Jobs()
    jobs.waiting = [Job("a", "yours"), Job("b", "mine")]
    stops = StopSignals(jobs, "films", ["stopped"])
    with stops.running("yours") as yours:
        stops.stop(window("mine"))
        assert not yours.is_set()
    assert jobs.waiting == [Job("a", "yours")]
    assert jobs.outputs == ["stopped"]
    with stops.running("mine") as next_job:
        assert not next_job.is_set()


def test_a_job_that_is_about_to_begin_finds_its_signal_set() -> None:
    jobs = Jobs()
    stops = StopSignals(jobs, "films", [])
    jobs.started = [Job("a", "mine")]
    stops.stop(window("mine"))
    with stops.running("yours") as yours:
        assert not yours.is_set()
    with stops.running("mine") as mine:
        assert mine.is_set()


def test_stopping_a_job_that_has_ended_leaves_the_next_one_alone() -> None:
    jobs = Jobs()
    stops = StopSignals(jobs, "films", [])
    jobs.started = [Job("a", "mine"), Job("b", "yours")]
    with stops.running("mine"):
        pass
    with stops.running("yours"):
        pass
    stops.stop(window("mine"))  # the queue still lists the job
    jobs.started = [Job("c", "mine")]
    with stops.running("mine") as next_job:
        assert not next_job.is_set()
