"""A worker process as its parent sees it: requests, and replies that cannot be forged or stale.

A request carries a random number, and the reply has to repeat it. So a reply that was sent before
its request, or twice, is refused, and the process that sent it is ended.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from colortk import errors
from colortk.errors import ColortkError
from colortk.runtime.messages import Message, MessageError
from colortk.runtime.sandbox import ASPECTS
from colortk.runtime.subprocesses import spawn, stop

if TYPE_CHECKING:
    from colortk.runtime.message_format import Array
    from colortk.runtime.messages import Channel
    from colortk.runtime.sandbox import Sandbox

    #: A process and the connection to it.
    Started = tuple[subprocess.Popen[bytes], Channel]

#: Seconds for a process whose connection ended to end by itself.
ENDING_TIMEOUT = 5.0
#: Most steps that are read at once. A picture has fewer.
MAX_STEPS = 16


def failure(request: Message, error: ColortkError) -> Message:
    """Return the reply that reports ``error``, as the nearest class of :mod:`colortk.errors`."""
    kind = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    parts = {name: str(getattr(error, name, "")) for name in ("problem", "reason", "hint")}
    return Message("failure", request.number, {"error": kind.__name__, **parts})


def error_of(reply: Message) -> ColortkError:
    """Return the error that a reply of kind ``failure`` reports.

    Raises ``MessageError`` if the reply was not made by :func:`failure`.
    """
    fields = reply.fields
    kind = getattr(errors, str(fields.get("error")), None)
    texts = [fields.get(name) for name in ("problem", "reason", "hint")]
    if not isinstance(kind, type) or not issubclass(kind, ColortkError):
        raise MessageError("it reports an unknown error")
    if not all(isinstance(text, str) for text in texts):
        raise MessageError("it reports an error that is not text")
    return kind(*map(str, texts))


def prediction_of(message: Message) -> tuple[Any, int | None]:
    """Return chroma and memory of a reply. Raises ``MessageError`` for any other content."""
    memory = message.fields.get("peak_memory")
    if message.kind != "prediction" or set(message.arrays) != {"ab"}:
        raise MessageError("its reply is not a prediction")
    if memory is not None and (type(memory) is not int or not 0 <= memory < 1 << 63):
        raise MessageError("it reports an impossible amount of memory")
    return message.arrays["ab"], memory


def forged_reply(
    name: str, when: str, error: type[ColortkError], reason: Exception
) -> ColortkError:
    """Return the error about a plugin whose process sent what our code does not send."""
    return error(
        f"plugin '{name}' was stopped {when}", str(reason), "report it to the plugin's author"
    )


class WorkerProcess:
    """A worker process and the requests that it has not replied to.

    Parameters
    ----------
    target : str
        Import path of the callable that serves in the process; see
        :func:`colortk.runtime.subprocesses.spawn`.
    threads : int or None
        Threads of its libraries.
    started : (process, channel) or None
        A process that was started before, to be used instead of a new one.
    sandbox : Sandbox or None
        Seals the process; to be deleted with it.
    """

    def __init__(
        self,
        target: str,
        threads: int | None = None,
        started: Started | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self._sandbox = sandbox
        self.process, self.channel = started or spawn(target, threads=threads, sandbox=sandbox)
        self._numbers: deque[str] = deque()
        #: Step of the first request, as the process reports it; empty at the start.
        self.step = ""

    def wait_until_sealed(self, timeout: float | None) -> dict[str, bool]:
        """Return which aspects are sealed, as the process, which has a sandbox, reports them.

        Call it once, before the first request: no code of a plugin has run then. Raises the errors
        of :meth:`wait_for_reply`.
        """
        message = self.channel.receive(timeout)
        if message.kind != "sealed":
            raise MessageError("it did not report which aspects are sealed")
        return {name: message.fields.get(name) is True for name in ASPECTS}

    def fileno(self) -> int:
        """Return the descriptor to wait at."""
        return self.channel.fileno()

    def request(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Array] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Send a request.

        Raises
        ------
        TimeoutError
            The process did not take the request in ``timeout`` seconds.
        MessageError
            The process sent a message without a request.
        OSError
            The process has ended.
        """
        if not self._numbers and not self.channel.idle():
            raise MessageError("it sent a reply before it got a request")
        message = Message(kind, os.urandom(8).hex(), dict(fields or {}), dict(arrays or {}))
        self._numbers.append(message.number)
        self.channel.send(message, timeout)

    def wait_for_reply(self, timeout: float | None = None, max_bytes: int = 0) -> Message:
        """Wait for the reply to the first request that has no reply yet.

        Raises the errors of :meth:`colortk.runtime.messages.Channel.receive`, and the
        ``ColortkError`` that the process reports.
        """
        return self._checked(self.channel.receive(timeout, max_bytes))

    def try_reply(self, max_bytes: int = 0) -> Message | None:
        """Return the reply to the first request if all of it is there.

        Raises as :meth:`wait_for_reply`.

        Messages of kind ``step`` before it set ``step``, and are no replies.
        """
        for _ in range(MAX_STEPS):
            message = self.channel.poll(max_bytes)
            if message is None:
                return None
            if message.kind != "step" or not self._numbers or message.number != self._numbers[0]:
                return self._checked(message)
            self.step = str(message.fields.get("step"))
        return None  # the process may send them without end

    def _checked(self, message: Message) -> Message:
        if not self._numbers or message.number != self._numbers[0]:
            raise MessageError("its reply does not belong to an open request")
        self._numbers.popleft()
        self.step = ""
        if message.kind == "failure":
            raise error_of(message)
        return message

    def wait_exit_code(self) -> int:
        """Return the exit code of a process whose connection ended; end it if it is still there."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_TIMEOUT)
        return self.stop()

    def stop(self) -> int:
        """End the process, whatever it does. Return its exit code."""
        code = stop(self.process, self.channel)
        if self._sandbox is not None:
            self._sandbox.close()
        return code


class Deadline:
    """A moment after which it is too late; ``None`` seconds mean never."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float | None:
        """Seconds that are left, at least 0; ``None`` without a limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())
