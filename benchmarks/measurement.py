"""Shared by all parts of the table: rows, effort, and processes timed from outside.

This module imports only the standard library, because some programs that import it are timed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

#: Without bytecode in the cache, as some test machines are set up, every import would compile again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

COLORTK = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
#: Starts a process, waits for it and reports start, end, exit code and peak memory. Linux
#: counts the earlier memory of the parent as that of the child, so the launcher is small.
LAUNCHER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
end = time.perf_counter()
code = process.returncode = os.waitstatus_to_exitcode(status)
unit = 1 if sys.platform == "darwin" else 1024
with open(int(sys.argv[1]), "w") as report:
    cpu = usage.ru_utime + usage.ru_stime
    json.dump([start, end, code, usage.ru_maxrss * unit / 2**20, cpu], report)
"""


class Failed(Exception):
    """A part or a row cannot be measured; the message is one line."""


class Skipped(Exception):
    """A part or a row lacks a requirement; the message is one line."""


@dataclass(frozen=True)
class Row:
    """A measured value and its peer; without a value, the reason (``problem`` or ``missing``)."""

    name: str
    value: float | None = None
    unit: str = ""
    peer: str = ""
    peer_value: float | None = None
    note: str = ""
    problem: str = ""
    missing: str = ""

    @property
    def state(self) -> str:
        return "failed" if self.problem else "skipped" if self.missing else "measured"

    def as_dict(self) -> dict[str, Any]:
        row: dict[str, Any] = {"name": self.name, "state": self.state}
        if self.value is None:
            return row | {"reason": self.problem or self.missing}
        ratio = self.value / self.peer_value if self.peer_value else None
        row |= {"value": rounded(self.value), "unit": self.unit, "peer": self.peer}
        row |= {"peer_value": rounded(self.peer_value), "ratio": rounded(ratio)}
        return row | {"note": self.note} if self.note else row


@dataclass(frozen=True)
class Effort:
    """The measured plugin, and how thoroughly to measure. ``repeats``: 0 means the default of each part."""

    plugin: str
    quick: bool = False
    repeats: int = 0
    megapixels: list[int] = field(default_factory=list)

    def pick(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def times(self, full: int, quick: int) -> int:
        return self.repeats or self.pick(full, quick)


@dataclass(frozen=True)
class Ran:
    """An ended process. ``start``, ``end``: ``time.perf_counter()``, which all processes share on Linux. ``peak``: MB.

    ``cpu``: seconds of all its threads and processes.
    """

    start: float
    end: float
    peak: float
    output: str
    cpu: float = 0.0

    @property
    def seconds(self) -> float:
        return self.end - self.start


def ran(command: Sequence[str], **environment: str) -> Ran:
    """Run a process to its end. On failure print its messages on stderr and raise ``Failed``."""
    reading, writing = os.pipe()
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writing), *command]
    process = subprocess.Popen(
        launcher, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        pass_fds=[writing], text=True, env={**os.environ, **environment},
    )  # fmt: skip
    os.close(writing)
    output, errors = process.communicate()
    with open(reading) as report:
        text = report.read()
    start, end, code, peak, cpu = (
        json.loads(text) if text else (0.0, 0.0, process.returncode, 0.0, 0.0)
    )
    if code or not text:
        print(errors, file=sys.stderr)
        raise Failed(last_line(errors) or f"exit code {code}")
    return Ran(start, end, peak, output, cpu)


def last_line(errors: str) -> str:
    lines = errors.strip().splitlines()
    return lines[-1].removeprefix("colortk: ") if lines else ""


def rounded(value: float | None) -> float | None:
    """Round to five significant digits, more than the precision of any measurement."""
    return None if value is None else float(f"{value:.5g}")


def require(*modules: str) -> None:
    """Raise ``Skipped`` if one of ``modules`` cannot be imported."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise Skipped(f"needs {module}: {error}") from None


def default_plugin() -> str:
    """Return the default plugin of ``colortk run``."""
    from colortk.plugin.spec import DEFAULT

    return DEFAULT


HEAD = ("", "value", "unit", "ratio", "to")


def line(cells: Iterable[str]) -> str:
    name, value, unit, ratio, peer = cells
    return f"{name:44} {value:>9} {unit:13} {ratio:>7}  {peer}".rstrip()


def text(row: dict[str, Any]) -> str:
    """Return a row as the table prints it."""
    if row["state"] != "measured":
        return f"{row['name']:44} {row['state']}: {row['reason']}"
    peer = f"{row['peer']}: {number(row['peer_value'])}"
    note = f"  ({row['note']})" if "note" in row else ""
    ratio = "" if row["ratio"] is None else number(row["ratio"])
    return line([row["name"], number(row["value"]), row["unit"], ratio, peer + note])


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
