"""Feed mutated files to the readers of pictures, records and weights.

    python tests/fuzz.py --count 20000 --seed 0 --jobs 2

A reader must refuse a bad file with one line. A traceback, more than ten seconds, a crash or a
leftover file is a finding. Findings are kept in ``--findings`` under their number;
``--seed S --only NUMBER`` reproduces one. The exit code is 1 if there are findings.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from fuzz_seeds import seeds

#: The program that reads the mutants in processes of its own; it calls :func:`main`.
PROGRAM = Path(__file__).resolve()
#: Limits for one file: seconds of CPU time, and bytes of additional memory.
SECONDS, MEMORY = 10, 4 << 30
#: Seconds of wall-clock time after which reading a file counts as hanging.
PATIENCE = 300
#: Integers at which programs go wrong.
INTERESTING = (
    0, 1, 2, 7, 8, 9, 16, 127, 128, 255, 256, 1023, 4096, 32767, 32768, 65535, 65536, 2**24, 2**30,
    2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1,
)  # fmt: skip
#: Files per job.
PIECE = 250


def mutant(seed: int, number: int) -> tuple[str, bytes]:
    """Return the name of a seed and its mutant; the same number gives the same mutant."""
    rng = random.Random(f"{seed}/{number}")
    files = seeds()
    names = sorted(files)
    name = names[number % len(names)]
    data = bytearray(files[name])
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 12))):
        _mutate(data, rng, files[rng.choice(names)])
    return name, bytes(data)


def _mutate(data: bytearray, rng: random.Random, other: bytes) -> None:
    # The first bytes state the sizes.
    most = max(1, len(data) if rng.random() < 0.5 else min(len(data), 160))
    at = rng.randrange(most)
    how = rng.randrange(9)
    if how == 0 and data:
        data[at % len(data)] ^= 1 << rng.randrange(8)
    elif how == 1:
        data[at : at + 1] = bytes([rng.randrange(256)])
    elif how == 2:
        del data[at:]
    elif how == 3:
        del data[at : at + rng.randrange(1, 40)]
    elif how == 4:
        start = rng.randrange(len(other))
        data[at:] = other[start:]
    elif how == 5:
        start = rng.randrange(len(other))
        data[at:at] = other[start : start + rng.randrange(1, 200)]
    elif how == 6:
        part = bytes(data[at : at + rng.randrange(1, 300)])
        data[at:at] = part * rng.choice((1, 2, 50))
    else:
        size, order = rng.choice((1, 2, 2, 4, 4, 4, 8)), rng.choice(("little", "big"))
        value = rng.choice((*INTERESTING, len(data), len(data) - at, rng.randrange(2**32)))
        data[at : at + size] = (value % 256**size).to_bytes(size, order)  # type: ignore[arg-type]


def attempt(kind: str, data: bytes, folder: Path) -> str:
    """Read ``data`` as the type that its name states. Return "read" or the error message."""
    from colortk.errors import ColortkError

    try:
        READERS[kind](data, folder)
    except ColortkError as error:
        if "\n" in str(error):
            raise ValueError("that is more than a line") from error
        return "refused"
    return "read"


def _picture(data: bytes, folder: Path) -> None:
    import numpy as np

    from colortk.color.cielab import lightness
    from colortk.io.decode import decode
    from colortk.io.encode import encode, suggest_extension

    picture = decode(data, "mutant")
    pixels = picture.pixels
    assert pixels.dtype in (np.uint8, np.uint16), pixels.dtype
    assert pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3), pixels.shape
    assert pixels.size
    if picture.alpha is not None:
        assert picture.alpha.shape == pixels.shape[:2], picture.alpha.shape
        assert picture.alpha.dtype == pixels.dtype, picture.alpha.dtype
    if pixels.size < 100_000:  # the writer must cope with its metadata
        assert np.isfinite(lightness(pixels)).all()
        rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
        for extension in {suggest_extension(picture), "tiff", "png"}:
            encode(rgb, picture, extension, [])


def _pickle(data: bytes, folder: Path) -> None:
    from colortk.store.pickles import PickleStore

    store, key = PickleStore(folder), "ab" * 32
    path = folder / "kind" / "ab" / f"{key}.pkl"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    path.with_suffix(".json").write_text(json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))
    for array in store.get("kind", key).values():
        array.sum()


def _network(data: bytes, folder: Path) -> None:
    import numpy as np

    from colortk.runtime import inference, onnx_session

    onnx_session.session.cache_clear()
    inference.OnnxNetwork(data, device="cpu").predict(np.ones((1, 4, 4, 1), np.float32))


def _weights(data: bytes, folder: Path) -> None:
    from colortk.store.npz import read_npz

    for array in read_npz(data, "mutant").values():
        array.sum()


def _manifest(data: bytes, folder: Path) -> None:
    from colortk.plugin.spec import ColorizerSpec
    from colortk.store.artifact_manifest import manifest_of
    from colortk.store.artifacts import artifacts_of

    (folder / "manifest.json").write_bytes(data)
    found = artifacts_of(ColorizerSpec("x", "x", "x:x"), folder)
    manifest_of(found.folder, found.plugin)
    for artifact in found.artifacts:
        found.read(artifact.name)


READERS = {
    "picture": _picture,
    "pickle": _pickle,
    "network": _network,
    "weights": _weights,
    "manifest": _manifest,
}


def work(seed: int, numbers: range) -> None:
    """Read some mutants in a process of its own; report each before and after."""
    import traceback

    import colortk.io.decode
    import colortk.runtime.inference  # noqa: F401  both before the limit on memory

    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in numbers:
        print(f"begin {number}", flush=True)
        name, data = mutant(seed, number)
        before = _files()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends the process
        signal.alarm(PATIENCE)  # and so does this alarm
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = attempt(name.partition(":")[0], data, Path(folder))
            except BaseException:
                found = "finding " + " | ".join(traceback.format_exc().splitlines()[-6:])
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        if (left := _files() - before) and not found.startswith("finding"):
            found = f"finding it left {sorted(left)} behind"
        print(f"end {number} {time.process_time() - start:.3f} {found}", flush=True)


def _files() -> set[str]:
    return {str(path) for place in {".", tempfile.gettempdir()} for path in Path(place).iterdir()}


def piece(
    seed: int, numbers: range, program: Path | None = None
) -> Iterator[tuple[int, float, str]]:
    """Yield number, seconds and outcome of every mutant, even if its process crashes."""
    while numbers:
        with tempfile.TemporaryDirectory() as empty:
            command = [sys.executable, str(program or PROGRAM), "--seed", str(seed)]
            command += ["--work", str(numbers.start), str(numbers.stop)]
            environment = {**os.environ, "TMPDIR": empty}
            process = subprocess.Popen(
                command, cwd=empty, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
            )
            assert process.stdout is not None
            with process, process.stdout as told:
                begun = yield from _told(told)
            code = process.returncode
        if code == 0:
            return
        what = f"its process ended with {code}"
        if code in (-signal.SIGPROF, -signal.SIGALRM):
            what = f"it took over {SECONDS if code == -signal.SIGPROF else PATIENCE} s"
        yield begun, 0.0, f"finding {what}"
        numbers = range(begun + 1, numbers.stop)


def _told(lines: IO[str]) -> Iterator[tuple[int, float, str]]:
    begun = -1
    for line in lines:
        what, _, rest = line.rstrip("\n").partition(" ")
        if what == "begin":
            begun = int(rest)
        elif what == "end":
            number, seconds, found = rest.split(" ", 2)
            yield int(number), float(seconds), found
    return begun


def fuzz(count: int, seed: int, jobs: int, findings: Path, first: int = 0) -> Counter[str]:
    """Print how many mutants were read, refused, or are findings."""
    ends: Counter[str] = Counter()
    slowest, start = (0.0, -1), time.monotonic()
    numbers = range(first, first + count)
    pieces = [numbers[at : at + PIECE] for at in range(0, count, PIECE)]
    with ThreadPoolExecutor(jobs) as pool:
        for done in pool.map(lambda part: list(piece(seed, part)), pieces):
            for number, seconds, found in done:
                kind, _, text = found.partition(" ")
                ends[kind] += 1
                slowest = max(slowest, (seconds, number))
                if kind == "finding":
                    name, data = mutant(seed, number)
                    findings.mkdir(parents=True, exist_ok=True)
                    (findings / f"{seed}-{number}").write_bytes(data)
                    print(f"{number} ({name}): {text}", flush=True)
            spent = time.monotonic() - start
            print(f"{sum(ends.values())} of {count}, {spent:.0f} s: {dict(ends)}", flush=True)
    print(f"slowest: {slowest[0]:.2f} s of processor time, number {slowest[1]}")
    return ends


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=int, help="one number, in this process, with its traceback")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--work", type=int, nargs=2, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        work(told.seed, range(*told.work))
        return 0
    if told.only is not None:
        name, data = mutant(told.seed, told.only)
        with tempfile.TemporaryDirectory() as folder:
            print(name, len(data), attempt(name.partition(":")[0], data, Path(folder)))
        return 0
    return int(fuzz(told.count, told.seed, told.jobs, told.findings, told.first)["finding"] > 0)


if __name__ == "__main__":
    sys.exit(main())
