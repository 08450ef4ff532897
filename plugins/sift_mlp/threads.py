"""Matrix products on one thread.

The threads of a BLAS library wait for each other by spinning. Two processes that share the cores
then spend most of their time on waiting: several times slower than one after the other. A picture
is small enough for one thread to take hardly longer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_limiter: Any = None


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks through the loaded libraries: once is enough


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Inside, BLAS starts no threads; the last of several callers to leave restores its own."""
    global _inside, _limiter
    with _lock:
        if _inside == 0:
            _limiter = _controller().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limiter.restore_original_limits()
