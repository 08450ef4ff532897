"""Channels: messages between two processes, with time limits for sending and for receiving."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Generator, Iterable

from colortk.runtime.message_format import Message, MessageError, parsed, parts_of

__all__ = ["Channel", "Message", "MessageError", "pair", "wait"]


class Channel:
    """One end of a connection between two processes. Not for several threads at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._parser: Generator[memoryview, None, Message] | None = None
        self._missing = memoryview(b"")

    def fileno(self) -> int:
        """Return the descriptor of the connection."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def send(self, message: Message, timeout: float | None = None) -> None:
        """Send a message.

        Parameters
        ----------
        message : Message
            Its fields are JSON values; its arrays have types of ``ITEM_BYTES``.
        timeout : float or None
            Seconds in which the other side has to take the message; ``None`` waits forever.

        Raises
        ------
        TimeoutError
            The other side does not read. A part of the message may have been sent: the connection
            is of no more use.
        OSError
            The other side is gone.
        ValueError
            A field is not JSON, or an array has a type or a size that cannot be sent.
        """
        end = None if timeout is None else time.monotonic() + timeout
        for part in parts_of(message):
            self._socket.settimeout(_left(end))
            self._socket.sendall(part)

    def receive(self, timeout: float | None = None, max_bytes: int = 0) -> Message:
        """Wait for a message.

        Parameters
        ----------
        timeout : float or None
            Seconds in which the whole message has to arrive; ``None`` waits forever. A message that
            is there is in time, however late this process, which may have been stopped, reads it.
        max_bytes : int
            Most bytes that the arrays may have together.

        Raises
        ------
        TimeoutError
            The message is not complete in time.
        EOFError, OSError
            The other side is gone.
        MessageError
            The bytes are not a message.
        """
        end = None if timeout is None else time.monotonic() + timeout
        message = None
        try:
            while message is None:
                self._socket.settimeout(_left(end))
                message = self._read(max_bytes)
        except TimeoutError:
            message = self.poll(max_bytes)
            if message is None:
                raise
        return message

    def poll(self, max_bytes: int = 0) -> Message | None:
        """Read what has arrived. Return the message if it is complete, else ``None``.

        Raises as :meth:`receive`, but for ``TimeoutError``.
        """
        self._socket.settimeout(0)
        try:
            while (message := self._read(max_bytes)) is None:
                pass
        except BlockingIOError:
            return None
        return message

    def idle(self) -> bool:
        """Whether nothing has arrived that was not read."""
        if self._parser is not None:
            return False
        self._socket.settimeout(0)
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)  # the end of the stream is no byte
        except BlockingIOError:
            return True
        except OSError:
            return True

    def _read(self, max_bytes: int) -> Message | None:
        """Read once from the connection. Return the message if that completed it."""
        if self._parser is None:
            self._parser = parsed(max_bytes)
            self._missing = next(self._parser)
        count = self._socket.recv_into(self._missing)
        if not count:
            raise EOFError
        self._missing = self._missing[count:]
        try:
            while not self._missing:
                self._missing = next(self._parser)
        except StopIteration as end:
            self._parser = None
            message: Message = end.value
            return message
        return None


def pair() -> tuple[Channel, socket.socket]:
    """Return this process's end of a new connection, and the socket to give to another process."""
    own_socket, child_socket = socket.socketpair()
    return Channel(own_socket), child_socket


def wait(channels: Iterable[Channel], timeout: float | None = None) -> list[Channel]:
    """Return the channels at which bytes, or the end, have arrived; wait for the first.

    Parameters
    ----------
    channels : iterable of Channel
        Each once.
    timeout : float or None
        Most seconds to wait; ``None`` waits forever. After that the list is empty.
    """
    with selectors.DefaultSelector() as selector:
        for channel in channels:
            selector.register(channel, selectors.EVENT_READ, channel)
        return [key.data for key, _ in selector.select(timeout)]


def _left(end: float | None) -> float | None:
    if end is None:
        return None
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
