"""Which pickles are plain data, found by reading their operations before one is carried out.

To look up no names keeps strangers' code from running, but not strangers' pickles from stopping the
machine: sixty operations make tuples of the same tuple, whose hash takes longer than anybody lives;
one asks for a memo of 2³¹ places; a hundred thousand tuples in each other exhaust the C stack.
A record of the store needs twenty kinds of operations, a handful of each, and none of these tricks.
"""

from __future__ import annotations

import pickletools
from typing import Any

#: What reads as one piece of text or bytes.
_SCALARS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"})
_ALLOWED = _SCALARS | {
    "PROTO", "FRAME", "MARK", "STOP", "EMPTY_DICT", "SETITEM", "SETITEMS", "MEMOIZE", "BINGET",
    "LONG_BINGET", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "TUPLE", "BININT", "BININT1",
    "BININT2", "LONG1",
}  # fmt: skip
#: Operations of a record; an array takes about fifteen.
MOST = 10_000


def check(data: bytes) -> None:
    """Raise ``ValueError`` unless ``data`` is a pickle of one dict of tuples of numbers and bytes.

    Only text and bytes may be referred to again: what is shared but not copied grows exponentially.
    """
    argument: Any
    shared: set[int] = set()
    stored = dicts = 0
    last = ""
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        name = opcode.name
        if number >= MOST:
            raise ValueError(f"it has over {MOST:,} operations")
        if name not in _ALLOWED:
            raise ValueError(f"it has the operation {name}{_asked(argument)}")
        if name == "MEMOIZE":
            if last in _SCALARS:
                shared.add(stored)
            stored += 1
        elif name in ("BINGET", "LONG_BINGET") and argument not in shared:
            raise ValueError("it refers to a container again")
        elif name == "FRAME" and argument > len(data):
            raise ValueError("it is cut off")
        elif name == "EMPTY_DICT":
            dicts += 1
            if dicts > 1:
                raise ValueError("it has a dict in a dict")
        if name != "FRAME":  # long bytes stand outside of a frame, what notes them inside the next
            last = name


def _asked(argument: object) -> str:
    """Which name an old pickle looks up, for the message."""
    return f" of {argument[:80]!r}" if isinstance(argument, str) else ""
