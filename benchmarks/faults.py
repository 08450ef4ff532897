"""Kill `colortk run` (SIGKILL) at random moments and resume it: no partial files, nothing lost.

    python benchmarks/faults.py [--kills 50] [--pictures 300] [--jobs 2] [--seed 0]

Each round starts a new run over a folder and kills it after a random number of results, every second
time together with its worker processes. Then the folder must contain complete results only. The same
command with --resume must finish, repeat no existing result, and leave exactly the files of an
undisturbed run, byte for byte. Prints one line per kill; the exit code is 1 if a check fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

COMMAND = [sys.executable, "-c", "from colortk.cli.main import main; main()", "run", "-p", "gray"]
#: Timeout in seconds for progress or the end of a run, on a busy machine.
PATIENCE = 600


def pictures(folder: Path, count: int) -> None:
    """Write different small pictures, in folders of a hundred."""
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number // 100}" / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (48, 64), dtype=np.uint8)).save(path)


def contents(folder: Path) -> dict[str, bytes]:
    """Return files under ``folder`` by name, including temporary files."""
    digests = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a temporary file was renamed
            if path.is_file():
                digests[path.relative_to(folder).as_posix()] = path.read_bytes()
    return digests


def finished(folder: Path) -> list[Path]:
    """Count the results under ``folder``."""
    return [path for path in folder.rglob("*.png") if not path.name.startswith(".")]


def children(process: int) -> list[int]:
    """Return the process IDs of the children of ``process``."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(word) for word in text.split()]
    return []


def gone(process: int) -> bool:
    """Return whether a process has ended."""
    with contextlib.suppress(OSError):
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    return True


class Bench:
    def __init__(self, folder: Path, count: int, jobs: int) -> None:
        self.place, self.count, self.jobs = folder, count, jobs
        pictures(folder / "in", count)
        self.command = [*COMMAND, str(folder / "in"), "-r", "--resume", "--json"]
        self.command += ["--jobs", str(jobs), "-o"]
        self.rows(folder / "wanted", folder / "store")
        self.wanted = contents(folder / "wanted")
        assert len(self.wanted) == count

    def rows(self, out: Path, store: Path) -> list[dict[str, object]]:
        """Return the records of an undisturbed run."""
        run = subprocess.run(
            [*self.command, str(out)],
            env={**os.environ, "COLORTK_STORE": str(store)},
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        if run.returncode or run.stderr:
            raise SystemExit(f"the run failed ({run.returncode}): {run.stderr}")
        return [json.loads(line) for line in run.stdout.splitlines()]

    def kill(self, number: int, rng: random.Random) -> tuple[str, list[str]]:
        """Run one round; return its summary and its violations."""
        out, store = self.place / f"out-{number}", self.place / f"store-{number}"
        after, workers_too = rng.randrange(self.count), number % 2 == 1
        process = subprocess.Popen(
            [*self.command, str(out)],
            env={**os.environ, "COLORTK_STORE": str(store)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while len(finished(out)) < after and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        workers = children(process.pid)
        process.kill()
        for worker in workers if workers_too else []:
            with contextlib.suppress(OSError):
                os.kill(worker, signal.SIGKILL)
        process.wait()
        there = {
            path.relative_to(out).as_posix(): path.stat().st_mtime_ns for path in finished(out)
        }
        wrong = [
            f"{name} is half-written"
            for name, data in contents(out).items()
            if ".part" not in name and data != self.wanted.get(name)
        ]
        try:
            rows = self.rows(out, store)
        except SystemExit as error:
            return f"kill {number + 1}: {len(there)} of {self.count} were there", [str(error)]
        digests = contents(out)
        wrong += [f"{name} is left over" for name in digests if name not in self.wanted]
        wrong += [f"{name} is lost" for name in self.wanted if name not in digests]
        wrong += [f"{n} is another" for n, d in self.wanted.items() if digests.get(n, d) != d]
        rewritten = [
            name for name, when in there.items() if (out / name).stat().st_mtime_ns != when
        ]
        if rewritten:
            wrong.append(f"{len(rewritten)} were done again: {', '.join(rewritten[:10])}")
        if len(rows) != self.count:
            wrong.append(f"{len(rows)} records")
        wrong += [f"process {worker} is left" for worker in workers if not gone(worker)]
        before = sum(bool(row["resumed"]) for row in rows)
        who = "all processes" if workers_too else "the process"
        return (
            f"kill {number + 1}: {who} at {len(there)} of {self.count};"
            f" resumed: {before} done before, {len(rewritten)} done again,"
            f" {len(rows) - before - len(rewritten)} done"
        ), wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng = random.Random(arguments.seed)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.pictures, arguments.jobs)
        for number in range(arguments.kills):
            line, wrong = bench.kill(number, rng)
            bad += bool(wrong)
            print(
                line + (f": WRONG: {'; '.join(wrong)}" if wrong else ": as it should be"),
                flush=True,
            )
    print(f"{arguments.kills} kills, {bad} with something wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
