"""All benchmarks in one table: every row is a ratio to a bound, or to a peer of the same run.

    tox -e bench                                     a table, and .tox/bench.json
    python benchmarks/table.py [--quick] [--only NAME ...] [--json FILE]
    … --plugin NAME --repeats N --megapixels N ... --timeout SECONDS

``--quick`` uses small counts; its numbers are rough. ``ratio`` is value / peer. Parts:

    cold        a `run` of 512 × 512 in a new process, and the time of its stages
    throughput  pictures per second of every installed plugin, and the overhead of the host
    large       overhead of the host for 24 megapixels, besides codec and network
    memory      peak memory by megapixels (--megapixels 1 4 24 100 400)
    batch       a folder of pictures against decode + network + encode alone, and its memory
    many        memory and time of 10,000 small pictures, report and journal included, against 1,000
    processes   pictures per second by number of processes
    dask        pictures and comparisons per second by Dask workers
    film        frames per second against decoding and encoding alone, and memory
    compare     overhead of the harness besides plugins and metrics; a second run
    metrics     the metrics against those of scikit-image
    preview     a changed hint on the web page, against the full-size picture
    sift        dense SIFT against SIFT of OpenCV
    published   time and memory of published networks, with random weights; ends with a Markdown table

Each part is a process of its own that prints its rows as JSON lines. A part that fails, hangs or
crashes loses only its own rows. A part whose requirement (Dask, PyAV, scikit-image) is missing is
skipped, which is no failure. Exit codes: 0, 1 if a part failed, 2 for wrong usage, 130 interrupted.
Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from colortk.errors import ColortkError
from colortk.plugin.registry import registry
from colortk.runtime.subprocesses import cores
from measurement import (
    HEAD,
    Effort,
    Failed,
    Row,
    Skipped,
    default_plugin,
    last_line,
    line,
    require,
    text,
)

#: Module of each part, and the packages that it needs besides the requirements of colortk.
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cold": ("cold", ()),
    "throughput": ("throughput", ()),
    "large": ("large", ()),
    "memory": ("memory", ()),
    "batch": ("batch", ()),
    "many": ("many_pictures", ()),
    "processes": ("scaling", ()),
    "dask": ("cluster", ("dask", "distributed")),
    "film": ("video", ("av",)),
    "compare": ("compare", ()),
    "metrics": ("metrics", ("skimage",)),
    "preview": ("preview", ("gradio",)),
    "sift": ("sift", ()),
    "published": ("published", ("onnx",)),
}
PACKAGES = ("colorization-toolkit", "numpy", "opencv-contrib-python", "onnxruntime", "pillow")
#: Share of all cores that other processes may use before a warning is printed.
BUSY = 0.3


def measure(part: str, effort: Effort, folder: Path) -> None:
    """Run one part in its own process: print one row per line; all other output goes to stderr."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(row: Row) -> None:
        print(json.dumps(row.as_dict()), file=out, flush=True)

    module, needs = PARTS[part]
    try:
        require(*needs)
        for row in import_module(module).rows(effort, folder):
            tell(row)
    except Skipped as reason:
        tell(Row(part, missing=str(reason)))
    except Failed as reason:
        tell(Row(part, problem=str(reason)))


def rows_of(part: str, effort: Effort, limit: float) -> Iterator[dict[str, Any]]:
    """Yield the rows that the process of a part prints, and one more row if it fails."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        command = [sys.executable, __file__, "--part", part, folder, json.dumps(asdict(effort))]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True, env={**os.environ, "COLORTK_STORE": f"{folder}/store"},
        )  # fmt: skip
        timed_out, code, good = threading.Event(), None, True

        def stop() -> None:
            with contextlib.suppress(ProcessLookupError):  # with its child processes
                os.killpg(process.pid, signal.SIGKILL)

        def end() -> None:
            timed_out.set()
            stop()

        timer = threading.Timer(limit, end)
        timer.start()
        assert process.stdout is not None
        try:
            for printed in process.stdout:
                row = json.loads(printed)
                good &= row["state"] != "failed"
                yield row
            code = process.wait()
        finally:
            timer.cancel()
            stop()
            process.wait()
        errors.seek(0)
        error_text = errors.read()
        if code or not good:
            print(error_text, file=sys.stderr)
        if timed_out.is_set():
            yield Row(part, problem=f"stopped after {limit:g} s").as_dict()
        elif code:
            reason = last_line(error_text) or f"its process ended (exit code {code})"
            yield Row(part, problem=reason).as_dict()


def markdown(part: str, rows: list[dict[str, Any]]) -> list[str]:
    """Return the lines of a part's own table for documents; most parts have none."""
    if part != "published":
        return []
    lines: list[str] = import_module(PARTS[part][0]).markdown(rows)
    return lines


def machine() -> dict[str, Any]:
    """Return properties of machine and software that affect the numbers."""
    versions = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [row.partition(": ")[2] for row in lines if row.startswith("model name")]
        model = names[0] if names else model
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": model, "cores": cores(), "load": load, "system": platform.platform(),
        "python": platform.python_version(), "packages": versions,
    }  # fmt: skip


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small counts, rough numbers")
    parser.add_argument("--only", nargs="+", action="extend", choices=PARTS, metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows there too")
    parser.add_argument("--plugin", "-p", help="instead of the one that `run` uses")
    parser.add_argument("--repeats", type=int, default=0, help="of what is repeated")
    parser.add_argument("--megapixels", type=int, nargs="+", default=[], metavar="N")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds that a part may take")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        return arguments
    if min(arguments.megapixels, default=1) < 1 or arguments.repeats < 0 or arguments.timeout <= 0:
        parser.error("numbers from 1 are wanted")
    if arguments.json is not None and not arguments.json.absolute().parent.is_dir():
        parser.error(f"--json {arguments.json}: there is no such folder")
    arguments.plugin = arguments.plugin or default_plugin()
    try:
        registry().colorizer(arguments.plugin)
    except ColortkError as error:
        parser.error(str(error))
    return arguments


def main() -> int:
    arguments = parsed()
    if arguments.part:
        part, folder, effort = arguments.part
        measure(part, Effort(**json.loads(effort)), Path(folder))
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # measured rows are kept
    plugin = arguments.plugin
    effort = Effort(plugin, arguments.quick, arguments.repeats, arguments.megapixels)
    about = machine()
    table: dict[str, Any] = {"machine": about, "effort": asdict(effort), "rows": []}
    if about["load"] is not None and about["load"] > BUSY * about["cores"]:
        busy = f"load {about['load']:.1f} on {about['cores']} cores"
        print(
            f"note: this machine is busy ({busy}): its numbers are not to be kept", file=sys.stderr
        )
    print(f"{about['cores']} × {about['processor']}, plugin {plugin}\n\n{line(HEAD)}")
    code = 0
    try:
        for part in PARTS:
            if arguments.only and part not in arguments.only:
                continue
            print(f"{part}", flush=True)
            start, new = time.monotonic(), []
            for row in rows_of(part, effort, arguments.timeout):
                table["rows"].append({"part": part} | row)
                code |= row["state"] == "failed"
                print(f"  {text(row)}", flush=True)
                new.append(row)
            if lines := markdown(part, new):
                print("", *lines, "", sep="\n", flush=True)
            print(f"{part}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(table, indent=1, allow_nan=False) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
