"""One `colortk` command in this process, and where its time went.

    python benchmarks/stages.py STAGES.json run photo.jpg -o out.jpg

The command runs as it always does, in the same order: nothing is imported or done for it. Each
function of ``WATCHED`` is put behind a clock once the command itself has imported its module, and so
is importing. Every moment counts for the innermost of these alone: what a model imports while it is
loaded is imports. Clocks look at the main thread; what others do counts where it waits for them.
STAGES.json: when the clocks began and when the command ended, in seconds of ``time.perf_counter()``,
and the seconds of each stage.
"""

from __future__ import annotations

import atexit
import builtins
import functools
import importlib
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

STARTED = time.perf_counter()
#: Where each function is looked up when it is called, and what its time is called.
WATCHED = {
    ("colortk.runtime.loading", "load"): "model",
    ("colortk.runtime.loading", "Loaded.predict"): "network",
    ("colortk.batch.process_file", "read_bytes"): "decode",
    ("colortk.batch.process_file", "decode"): "decode",
    ("colortk.batch.process_file", "lightness"): "lightness",
    ("colortk.pipeline", "join"): "chroma",
    ("colortk.batch.process_file", "encode"): "encode",
    ("colortk.batch.process_file", "write_atomic"): "write",
}
IMPORTS, REST = "imports", "rest"


class Clocks:
    """Seconds of each stage, of which one at a time is running."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._waiting = dict(WATCHED)
        self._running, self._since = [REST], STARTED
        self._thread = threading.get_ident()

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def inner(*arguments: Any, **named: Any) -> Any:
            if threading.get_ident() != self._thread or self._running[-1] == stage:
                return call(*arguments, **named)
            self._settle()
            self._running.append(stage)
            try:
                return call(*arguments, **named)
            finally:
                self._settle()
                self._running.pop()
                if stage == IMPORTS and IMPORTS not in self._running:
                    self._watch()

        return inner

    def _settle(self) -> None:
        now = time.perf_counter()
        stage = self._running[-1]
        self.spent[stage] = self.spent.get(stage, 0.0) + now - self._since
        self._since = now

    def _watch(self) -> None:
        """Put what has just been imported behind its clock."""
        for module, path in [key for key in self._waiting if key[0] in sys.modules]:
            *owners, name = path.split(".")
            owner = functools.reduce(getattr, owners, sys.modules[module])
            stage = self._waiting.pop((module, path))
            setattr(owner, name, self.timed(stage, getattr(owner, name)))

    def end(self) -> float:
        self._settle()
        return self._since


def main() -> None:
    target, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    clocks = Clocks()
    # A statement calls the first of these, load_callable() and whoever else does it by hand the second.
    builtins.__import__ = clocks.timed(IMPORTS, builtins.__import__)  # type: ignore[assignment]
    importlib.import_module = clocks.timed(IMPORTS, importlib.import_module)
    from colortk.cli.main import main as command

    @atexit.register  # the command ends the process itself
    def tell() -> None:
        ended = clocks.end()
        with open(target, "w") as told:
            json.dump({"started": STARTED, "ended": ended, "seconds": clocks.spent}, told)

    command()


if __name__ == "__main__":
    main()
