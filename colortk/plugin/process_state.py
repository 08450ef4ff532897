"""Restore the state of this process that plugin code may change."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

try:
    # Without the conversion to enums of ``signal.getsignal``, which takes most of its time: all
    # handlers are read twice for each prediction.
    from _signal import getsignal as _getsignal  # type: ignore[import-not-found]
except ImportError:
    _getsignal = signal.getsignal

_handler_of: Callable[[int], Any] = _getsignal
_lock = threading.Lock()
_depth = 0
_saved: list[contextlib.ExitStack] = []
#: Listed once: it takes longer than to query the handlers.
_SIGNALS = tuple(sorted(map(int, signal.valid_signals())))


class _StandardError(io.TextIOBase):
    """Standard output for plugin code: text goes to stderr, and closing it has no effect."""

    encoding = "utf-8"

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def buffer(self) -> Any:
        return self._stream.buffer

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return int(self._stream.write(text) or 0)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def close(self) -> None:
        """Leave stderr open for the host."""


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Send the output of the body to stderr, and restore the state that the body changed.

    This covers ``sys.stdout`` and ``sys.stderr``, descriptor 1, the working directory and, in the
    main thread, signal handlers. If several threads run such bodies at the same time, the first
    thread saves the state and the last one restores it.
    """
    global _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            _saved.append(_save())
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _saved.pop().close()


def _save() -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    stack.callback(_set_streams, sys.stdout, sys.stderr)
    if sys.stderr is not None:
        sys.stdout = _StandardError(sys.stderr)
    with contextlib.suppress(OSError):  # it may be closed
        stack.callback(_restore_descriptor, os.dup(1))
    with contextlib.suppress(OSError):  # it may have been deleted
        stack.callback(_restore_directory, os.getcwd())
    if threading.current_thread() is threading.main_thread():
        stack.callback(_restore_handlers, {s: _handler_of(s) for s in _SIGNALS})
    return stack


def _set_streams(stdout: Any, stderr: Any) -> None:
    sys.stdout, sys.stderr = stdout, stderr


def _restore_descriptor(copy: int) -> None:
    os.dup2(copy, 1)
    os.close(copy)


def _restore_directory(path: str) -> None:
    try:
        if os.getcwd() == path:
            return
    except OSError:
        pass
    with contextlib.suppress(OSError):
        os.chdir(path)


def _restore_handlers(handlers: dict[int, Any]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    if isinstance(sys.exc_info()[1], KeyboardInterrupt):
        return  # the handler that raised it may have set others, for a second signal
    for number, handler in handlers.items():
        if handler is not None and _handler_of(number) is not handler:
            with contextlib.suppress(OSError, ValueError):  # some cannot be set
                signal.signal(number, handler)
