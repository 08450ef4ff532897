"""Stages of `colortk run` alone, over pictures, in several processes at once.

    python benchmarks/stage_times.py STAGE PLUGIN PICTURE ...

prints "ready", then a line of seconds by name for each line that it reads. Stages: decode, encode,
network, batches. "network" runs for each picture, in turn, so that the speed of the machine is the
same for all three: plain ONNX Runtime at its best settings, the network as colortk runs it, and the
whole plugin. "batches" gives the plugin four pictures at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from measurement import Failed

STAGES = ("decode", "network", "encode")
#: The network as colortk runs it, and the whole plugin: measured with the stage "network".
OWN_NETWORK, PLUGIN = "network in colortk", "plugin"
#: Different pictures whose input and output are kept; pictures given at once.
KEPT, TOGETHER = 16, 4

Call = Callable[[], Any]


class Stage:
    """Processes that repeat one stage for the pictures, each for its share of them."""

    def __init__(
        self, stage: str, plugin: str, paths: Sequence[Path], jobs: int, threads: int
    ) -> None:
        self.stage, self.count = stage, len(paths)
        self.processes = [
            subprocess.Popen(
                [sys.executable, __file__, stage, plugin, *map(str, paths[number::jobs])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(threads),
            )
            for number in range(jobs)
        ]  # fmt: skip
        if any(line != "ready\n" for line in self._read_lines()):
            self.end()
            raise Failed(f"'{stage}' alone failed")

    def seconds(self) -> dict[str, float]:
        """Return the seconds per picture of what the stage measures, now."""
        with contextlib.suppress(BrokenPipeError):  # it has ended, which its line shows
            for process in self.processes:  # start all before waiting for any
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
        lines = self._read_lines()
        if not all(lines):
            raise Failed(f"'{self.stage}' alone failed")
        seconds = [json.loads(line) for line in lines]
        return {name: max(times[name] for times in seconds) / self.count for name in seconds[0]}

    def _read_lines(self) -> list[str]:
        return [process.stdout.readline() for process in self.processes if process.stdout]

    def end(self) -> None:
        """End the processes."""
        for process in self.processes:
            with contextlib.suppress(BrokenPipeError):
                process.communicate()


def alone(stage: str, plugin: str, paths: Sequence[Path], jobs: int, threads: int) -> float:
    """Return the seconds per picture of one stage, in ``jobs`` processes at once."""
    processes = Stage(stage, plugin, paths, jobs, threads)
    try:
        return processes.seconds()[stage]
    finally:
        processes.end()


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a process whose libraries use ``threads`` threads."""
    from colortk.runtime.subprocesses import THREAD_VARIABLES as NAMES

    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **dict.fromkeys(NAMES, str(threads)), "PYTHONPATH": path}


def calls(stage: str, plugin: str, paths: Sequence[Path]) -> dict[str, list[Call]]:
    """Return what to measure by name: a function for each of a few different pictures."""
    from colortk.io.decode import decode
    from colortk.io.encode import encode, extension_of

    def decode_file(path: Path) -> Any:
        return decode(path.read_bytes(), path.name)

    if stage == "decode":
        return {stage: [partial(decode_file, path) for path in paths]}
    if stage == "encode":
        from PIL import Image

        one, found = decode(paths[0].read_bytes(), ""), []
        for path in paths[:KEPT]:
            with Image.open(path) as image:
                found.append((np.asarray(image.convert("RGB")), extension_of(path)))
        return {stage: [partial(encode, x, one, kind, []) for x, kind in found]}
    return networks(stage, plugin, paths[:KEPT])


def networks(stage: str, plugin: str, paths: Sequence[Path]) -> dict[str, list[Call]]:
    """Return :func:`calls` of the stages with a network."""
    from codec_and_network import Sessions, listening
    from colortk.color.cielab import lightness
    from colortk.color.upsample import resize
    from colortk.color.working_size import working_shape
    from colortk.io.decode import decode
    from colortk.runtime.loading import PluginRequest, load

    plain: list[Call] = []
    own: list[Call] = []
    seen: list[Any] = []
    with listening() as heard:
        loaded, sessions = load(PluginRequest(plugin)), Sessions(heard)
        for path in paths:
            light = lightness(decode(path.read_bytes(), path.name).pixels)
            rows, columns = working_shape(loaded.spec.working_size, *light.shape)
            seen.append(np.ascontiguousarray(resize(light, (columns, rows))))
            heard.forget()
            loaded.predict(seen[-1])
            plain += [sessions.call()] if heard.asked else []
            own += [heard.call()] if heard.asked else []
    if stage == "batches":
        groups = [(seen * TOGETHER)[at : at + TOGETHER] for at in range(len(seen))]
        return {stage: [partial(loaded.predict_many, group) for group in groups]}
    whole: list[Call] = [partial(loaded.predict, light) for light in seen]
    return {stage: plain or whole, OWN_NETWORK: own or whole, PLUGIN: whole}


def main() -> None:
    """Measure a stage as often as asked."""
    from colortk.runtime.subprocesses import keep_freed_memory

    stage, plugin, *names = sys.argv[1:]
    keep_freed_memory()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    work = calls(stage, plugin, list(map(Path, names)))
    for functions in work.values():
        functions[0]()
    print("ready", file=answers, flush=True)
    count = -(-len(names) // (TOGETHER if stage == "batches" else 1))
    for _ in sys.stdin:
        seconds = dict.fromkeys(work, 0.0)
        turns = {name: cycle(functions) for name, functions in work.items()}
        for _ in range(count):
            for name, turn in turns.items():
                function, start = next(turn), time.perf_counter()
                function()
                seconds[name] += time.perf_counter() - start
        print(json.dumps(seconds), file=answers, flush=True)


if __name__ == "__main__":
    main()
