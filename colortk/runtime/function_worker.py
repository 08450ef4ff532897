"""The process of a function pool: it applies a function to the tasks that its parent sends."""

from __future__ import annotations

import typing
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from colortk.errors import ColortkError
from colortk.plugin.spec import load_callable
from colortk.runtime.messages import Channel, Message
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.subprocesses import incoming
from colortk.runtime.worker_process import failure

#: Most bytes of a task. It comes from our own parent, so that this only stops a runaway.
MAX_TASK_BYTES = 1 << 33


@dataclass(frozen=True)
class FunctionSetup:
    """The first message to the process.

    Parameters
    ----------
    function : str
        ``"package.module:name"`` of the function. Its first parameter is annotated with the type
        of a task.
    close : str
        The same of a function that is called at the end; empty: none.
    """

    function: str
    close: str


def serve(channel: Channel) -> None:
    """Apply the function that the first message names to every task.

    Parameters
    ----------
    channel : Channel
        To the parent.
    """
    with suppress(EOFError, OSError):  # the parent is gone
        first = next(incoming(channel, 0), None)
        if first is None:
            return
        setup = from_plain(FunctionSetup, first.fields)
        function = load_callable(setup.function)
        hints = typing.get_type_hints(function)
        task_type = next(hint for name, hint in hints.items() if name != "return")
        channel.send(Message("ready", first.number))
        try:
            for request in incoming(channel, MAX_TASK_BYTES):
                buffer = request.arrays["buffer"].tobytes()
                task = from_plain(task_type, request.fields["task"], buffer)
                try:
                    channel.send(_reply(request, function(task)))
                except ColortkError as error:
                    channel.send(failure(request, error))
        finally:
            if setup.close:
                load_callable(setup.close)()


def _reply(request: Message, result: object) -> Message:
    buffer = bytearray()
    fields = {"result": to_plain(result, buffer)}
    arrays = {"buffer": np.frombuffer(buffer, np.uint8)}
    return Message("result", request.number, fields, arrays)
