"""Report the progress of long work.

``progress(label, total)`` is a context manager. Its value is a function ``advance(n)``, to be
called when ``n`` more items are done.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]


def silent(label: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
    """Show no progress."""
    return nullcontext(lambda n: None)
