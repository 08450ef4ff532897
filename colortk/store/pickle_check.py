"""Check that a pickle holds plain data, from its operations, before any of them is executed.

An unpickler that looks up no names runs no foreign code, but a hostile pickle can still stop the
machine: sixty operations can build nested tuples whose hash takes years, one operation can ask for
a memo of 2³¹ entries, and a hundred thousand nested tuples exhaust the C stack. A record of the
store needs twenty kinds of operations, and few of each.
"""

from __future__ import annotations

import pickletools
from typing import Any

#: Operations that push text or bytes.
_SCALARS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"})
_ALLOWED = _SCALARS | {
    "PROTO", "FRAME", "MARK", "STOP", "EMPTY_DICT", "SETITEM", "SETITEMS", "MEMOIZE", "BINGET",
    "LONG_BINGET", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "TUPLE", "BININT", "BININT1",
    "BININT2", "LONG1",
}  # fmt: skip
#: Most operations of a record. An array takes about fifteen.
MAX_OPERATIONS = 10_000


def check(data: bytes) -> None:
    """Raise ``ValueError`` unless ``data`` is a pickle of one dict of tuples of numbers and bytes.

    Only text and bytes may be referred to again: shared containers can grow exponentially.
    """
    argument: Any
    shared: set[int] = set()
    stored = dicts = 0
    last = ""
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        name = opcode.name
        if number >= MAX_OPERATIONS:
            raise ValueError(f"it has over {MAX_OPERATIONS:,} operations")
        if name not in _ALLOWED:
            raise ValueError(f"it has the operation {name}{_name_text(argument)}")
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
        if (
            name != "FRAME"
        ):  # long bytes lie outside of a frame, and their MEMOIZE in the next frame
            last = name


def _name_text(argument: object) -> str:
    """Return the name that a pickle of an old protocol looks up, for the message."""
    return f" of {argument[:80]!r}" if isinstance(argument, str) else ""
