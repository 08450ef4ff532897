"""Lines about the device of networks, each said once in a process.

A network is loaded by the code of a plugin, whose warnings the host hides, and often in a worker
process. So the lines wait here until the host has loaded the plugin. In a worker they wait until
it sends them to its parent, so that several workers do not repeat them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from colortk.errors import Notice

#: A process of a plugin could send any number of lines, of any length.
MAX_LINES, MAX_LENGTH = 8, 500

_waiting: list[str] = []
_known: set[str] = set()
_held = False


def hold() -> None:
    """Let :func:`emit` do nothing in this process, which is a worker."""
    global _held
    _held = True


def add(line: str) -> None:
    """Remember a line, unless it is empty or was added before."""
    if line and line not in _known and len(_known) < MAX_LINES:
        _known.add(line)
        _waiting.append(line[:MAX_LENGTH])


def take() -> tuple[str, ...]:
    """Return the lines that wait, and forget them."""
    lines = tuple(_waiting)
    _waiting.clear()
    return lines


def emit(lines: Iterable[str] = ()) -> None:
    """Emit each line that waits or that a worker has sent, as :class:`~colortk.errors.Notice`."""
    for line in lines:
        add(line)
    for line in () if _held else take():
        warnings.warn(Notice(line), stacklevel=3)
