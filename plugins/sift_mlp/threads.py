"""Matrix products on one thread each, several of them side by side.

The threads of a BLAS library wait for each other by spinning. Two processes that share the cores
then spend most of their time on waiting: several times slower than one after the other. Threads
of our own sleep while they wait, and give the same speed to a process that is alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_limiter: Any = None


def threads() -> int:
    """How many this process may use: ``COLORTK_THREADS``, else ``OMP_NUM_THREADS``, else all."""
    for name in ("COLORTK_THREADS", "OMP_NUM_THREADS"):
        told = os.environ.get(name, "")
        if told.isdigit() and int(told):
            return int(told)
    return os.cpu_count() or 1


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
