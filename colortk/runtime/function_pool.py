"""A pool of local processes that apply a function to tasks."""

from __future__ import annotations

import subprocess
import time
import typing
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

import numpy as np

from colortk.errors import ColortkError
from colortk.runtime.function_worker import FunctionSetup
from colortk.runtime.messages import Channel, MessageError
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.pool import WorkerPool
from colortk.runtime.subprocesses import exit_text
from colortk.runtime.worker_process import ENDING_TIMEOUT, WorkerProcess

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
#: Seconds for an idle process to read a task.
SEND_TIMEOUT = 60.0
#: Most bytes of a result. The function is our own, so that this only stops a runaway.
MAX_RESULT_BYTES = 1 << 32


class FunctionWorker(Generic[TaskT, ResultT]):
    """The parent's side of a process that applies a function to tasks, one after the other.

    A task is sent when the process is idle, because it may be larger than a socket's buffer: two
    processes that both wait for the other to read would wait forever.

    Parameters
    ----------
    setup : FunctionSetup
        The function.
    result_type : type
        What it returns.
    threads : int or None
        Threads of the process's libraries.
    lost : callable
        Called as ``lost(task, reason)`` if the process ends during a task.
    """

    #: There is no time limit: the function has its own where it runs code of others.
    left: float | None = None

    def __init__(
        self,
        setup: FunctionSetup,
        result_type: type[ResultT],
        threads: int | None,
        lost: Callable[[TaskT, str], ResultT],
    ) -> None:
        self.tasks: deque[TaskT] = deque()
        self.ended = self.loaded = False
        self._result_type, self._lost = result_type, lost
        self._process = WorkerProcess("colortk.runtime.function_worker:serve", threads)
        # A dead process is detected when the next reply is read.
        with suppress(OSError, MessageError):
            self._process.request("function", to_plain(setup), timeout=SEND_TIMEOUT)

    @property
    def channel(self) -> Channel:
        """The connection to the process."""
        return self._process.channel

    def submit(self, task: TaskT) -> None:
        """Queue a task; send it if the process is idle. Raises ``OSError`` if it has ended."""
        self.tasks.append(task)
        if self.loaded and len(self.tasks) == 1:
            try:
                self._send()
            except MessageError as error:
                raise OSError from error

    def _send(self) -> None:
        buffer = bytearray()
        fields = {"task": to_plain(self.tasks[0], buffer)}
        arrays = {"buffer": np.frombuffer(buffer, np.uint8)}
        self._process.request("task", fields, arrays, SEND_TIMEOUT)

    def collect(self) -> ResultT | None:
        """Return the result of the first task if it has arrived. Raises what the function raised.

        Only a ``ColortkError`` is raised here. Another exception ends the process, which prints it.
        """
        try:
            message = self._process.try_reply(MAX_RESULT_BYTES)
            if message is None:
                return None
            result = None
            if self.loaded:
                buffer = message.arrays["buffer"].tobytes()
                result = from_plain(self._result_type, message.fields["result"], buffer)
                self.tasks.popleft()
            self.loaded = True
        except ColortkError:
            self.stop()
            raise
        except (MessageError, ValueError, KeyError) as error:
            self.stop()
            return self._lost(self.tasks.popleft(), str(error))
        except (EOFError, OSError):
            self.ended = True
            reason = exit_text(self._process.wait_exit_code())
            return self._lost(self.tasks.popleft(), reason)
        if self.tasks:
            with suppress(OSError, MessageError):  # as above
                self._send()
        return result

    def expire(self) -> ResultT:
        """Never called: there is no time limit."""
        raise NotImplementedError

    def fail(self, error: ColortkError) -> ResultT:
        """Raise the error that the function raised."""
        raise error

    def stop(self) -> int:
        """End the process, whatever it does. Return its exit code."""
        self.ended = True
        return self._process.stop()

    def finish(self) -> None:
        """Let an idle process end by itself; do not wait for it."""
        self.channel.close()

    def wait(self, timeout: float) -> None:
        """Wait for a process that was told to finish; end it if it takes too long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.process.wait(timeout)
        self.stop()


class FunctionPool(WorkerPool[TaskT, ResultT]):
    """Local processes that apply a function to tasks; a context manager that ends them.

    Parameters
    ----------
    function : callable
        A function of a module. Its annotations name the type of a task and of a result: dataclasses
        that :mod:`colortk.runtime.plain_data` can convert. A ``ColortkError`` that it raises is
        raised by :meth:`collect`.
    lost : callable
        Called as ``lost(task, reason)`` if the process of a task ends; returns a result, or raises.
    jobs : int
        Most processes at one time.
    threads : int, optional
        Threads of each process's libraries.
    close : callable, optional
        A function of a module without parameters, called in each process before it ends.
    grace : float, optional
        Seconds in which processes may finish their tasks if the pool is left early, so that they
        leave no temporary file. By default they are killed.
    """

    def __init__(
        self,
        function: Callable[[TaskT], ResultT],
        lost: Callable[[TaskT, str], ResultT],
        jobs: int,
        threads: int | None = None,
        close: Callable[[], None] | None = None,
        grace: float = 0.0,
    ) -> None:
        setup = FunctionSetup(_import_path(function), _import_path(close) if close else "")
        result_type = typing.get_type_hints(function)["return"]
        self._started: list[FunctionWorker[TaskT, ResultT]] = []
        self._grace = grace

        def start() -> FunctionWorker[TaskT, ResultT]:
            worker = FunctionWorker[TaskT, ResultT](setup, result_type, threads, lost)
            self._started = [other for other in self._started if not other.ended] + [worker]
            return worker

        super().__init__(start, jobs)

    def __enter__(self) -> FunctionPool[TaskT, ResultT]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        grace = ENDING_TIMEOUT if kind is None else self._grace
        if grace:
            running = [worker for worker in self._started if not worker.ended]
            for worker in running:
                worker.finish()
            end = time.monotonic() + grace
            for worker in running:
                worker.wait(max(0.0, end - time.monotonic()))
        self.stop()


def map_unordered(
    tasks: Iterable[TaskT], pool: FunctionPool[TaskT, ResultT]
) -> Generator[ResultT, None, None]:
    """Submit tasks as a pool has capacity for them, and yield the results as they are ready.

    Parameters
    ----------
    tasks : iterable
        Consumed as processes become free, so that a task may depend on earlier results.
    pool : FunctionPool
        It is closed at the end. If the generator is closed before, its processes are ended.
    """
    remaining = iter(tasks)
    with pool:
        while True:
            while pool.has_capacity:
                try:
                    task = next(remaining)
                except StopIteration:
                    break
                pool.submit(task)
            if not pool.is_busy:
                return
            for _, result in pool.collect():
                yield result


def _import_path(function: Callable[..., object]) -> str:
    return f"{function.__module__}:{function.__qualname__}"
