"""Cold start of `colortk run` on a 512 × 512 photograph: the whole process, and its stages.

Cold means a new process; files are in the cache of the system. Peers: a program that does the same
with Pillow and ONNX Runtime (``codec_and_network.py``), and a Python that only imports the same
libraries. Processes run in turns; a row is the median of all rounds. The stages are measured by
``stages.py``, which times imports and the functions that do the work, in the median process of
several. The start and the end of Python are measured from outside. The sum of all stages is the
time of that process.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from measurement import COLORTK, Effort, Failed, Ran, Row, ran

HERE = Path(__file__).parent
STAGES = {
    "imports": "interpreter and imports",
    "rest": "arguments, search for plugins, places",
    "model": "model",
    "decode": "decode",
    "lightness": "lightness",
    "network": "network",
    "chroma": "chroma: edges, refinement, sRGB",
    "encode": "encode",
    "write": "write",
    "end": "end of the process",
}


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from codec_and_network import BY_HAND
    from pictures import enlarged

    picture, out = enlarged(folder / "photograph.jpg", 512, 512), folder / "out.jpg"
    ran(
        [
            sys.executable,
            str(HERE / "codec_and_network.py"),
            effort.plugin,
            str(picture),
            str(folder),
        ]
    )
    run = ["run", "-p", effort.plugin, str(picture), "-o", str(out), "--force"]
    libraries = ["numpy", "cv2", "PIL.Image", *["onnxruntime"] * any(folder.glob("*.onnx"))]
    importing = f"import {', '.join(libraries)}"
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "imports": [sys.executable, "-c", importing],
        "list": [*COLORTK, "plugins", "list"],
        "by hand": [sys.executable, "-c", BY_HAND, str(picture), str(folder), str(out)],
        "run": [*COLORTK, *run],
        "clocks": [sys.executable, str(HERE / "stages.py"), str(folder / "stages.json"), *run],
    }
    seconds_by_command: dict[str, list[float]] = {name: [] for name in commands}
    split: list[tuple[Ran, dict[str, float]]] = []
    for _ in range(effort.times(9, 3)):
        for name, command in commands.items():
            process = ran(command)
            seconds_by_command[name].append(process.seconds)
            if name == "clocks":
                split.append((process, stages(process, folder / "stages.json")))
    medians = {name: statistics.median(seconds) for name, seconds in seconds_by_command.items()}
    best = f"best {min(seconds_by_command['run']):.3f} s of {len(seconds_by_command['run'])}"
    yield Row("plugins list", medians["list"], "s", "python -c pass", medians["python"])
    yield Row("run, whole process", medians["run"], "s", "by hand", medians["by hand"], best)
    yield Row("the same, with clocks", medians["clocks"], "s", "without", medians["run"])
    process, seconds = sorted(split, key=lambda one: one[0].seconds)[len(split) // 2]
    for stage, name in STAGES.items():
        yield Row(f"stage: {name}", seconds[stage], "s", "all with clocks", process.seconds)
    yield Row("interpreter and imports", seconds["imports"], "s", importing, medians["imports"])


def stages(process: Ran, stages_file: Path) -> dict[str, float]:
    """Return the seconds of each stage of a process, from its start to its end."""
    from stages import WATCHED

    record = json.loads(stages_file.read_text())
    seconds: dict[str, float] = record["seconds"]
    if missing := set(WATCHED.values()) - set(seconds):
        raise Failed(f"no clock saw: {', '.join(sorted(missing))} (see benchmarks/stages.py)")
    seconds["imports"] += record["started"] - process.start
    seconds["end"] = process.end - record["ended"]
    return seconds
