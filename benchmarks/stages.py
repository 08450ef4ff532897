"""Run one `colortk` command in this process and measure the time of its stages.

    python benchmarks/stages.py STAGES.json run photo.jpg -o out.jpg

The command runs unchanged: nothing is imported or done earlier. Each function in ``WATCHED`` is timed
from the moment when the command has imported its module; imports are timed, too. Time counts for the
innermost stage only: imports during the loading of a model count as imports. Only the main thread is
timed; other threads count while the main thread waits for them. STAGES.json contains the start of the
clocks and the end of the command, in seconds of ``time.perf_counter()``, and the seconds per stage.
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
#: Module and name of each timed function, and the name of its stage.
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
    """Clocks of all stages, of which one runs at a time."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._waiting = dict(WATCHED)
        self._running, self._since = [REST], STARTED
        self._thread = threading.get_ident()

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def inner(*arguments: Any, **keywords: Any) -> Any:
            if threading.get_ident() != self._thread or self._running[-1] == stage:
                return call(*arguments, **keywords)
            self._settle()
            self._running.append(stage)
            try:
                return call(*arguments, **keywords)
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
        """Wrap the functions of newly imported modules in clocks."""
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
    # Import statements call the first function, importlib.import_module the second.
    builtins.__import__ = clocks.timed(IMPORTS, builtins.__import__)  # type: ignore[assignment]
    importlib.import_module = clocks.timed(IMPORTS, importlib.import_module)
    from colortk.cli.main import main as command

    @atexit.register  # the command itself ends the process
    def tell() -> None:
        ended = clocks.end()
        with open(target, "w") as file:
            json.dump({"started": STARTED, "ended": ended, "seconds": clocks.spent}, file)

    command()


if __name__ == "__main__":
    main()
