"""Colors of the default plugin on a processor without VNNI, by emulation, against this processor.

    python benchmarks/without_vnni.py [PICTURE ...] [--emulator "qemu-x86_64 -cpu Haswell"]

Without VNNI, ONNX Runtime clips large sums of 8-bit products, unless a session option forbids it,
which colortk sets there. Printed is CIEDE2000 to the picture of this processor, the mean over
pixels and the largest, with the option (as colortk does) and without it. The default pictures are
the photographs of ``colortk samples`` at 256 pixels, since emulation is slow.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from colortk.color.cielab import rgb_to_lab
from colortk.harness.metrics.ciede2000 import delta_e00_map
from colortk.io.samples import photographs
from colortk.runtime.processor import sums_of_8_bits_may_overflow

SIDE = 256
#: Colorizes pictures. The emulator shows this processor in /proc/cpuinfo, but computes as another.
PROGRAM = """
import sys
from pathlib import Path
from colortk.runtime import processor
cpuinfo, out, *pictures = map(Path, sys.argv[1:])
processor.CPUINFO = cpuinfo
import colortk
from PIL import Image
for number, path in enumerate(pictures):
    Image.fromarray(colortk.colorize(path)).save(out / f"{number}.png")
"""
#: Whether the processor that computes has VNNI, by its own instruction (CPUID).
HAS_VNNI = """
try:
    import numpy._core._multiarray_umath as umath
except ImportError:  # NumPy 1
    import numpy.core._multiarray_umath as umath
print(any(umath.__cpu_features__.get(n, False) for n in ("AVX512_CLX", "AVX512_ICL", "AVX512VNNI")))
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--emulator", default="qemu-x86_64 -cpu Haswell")
    arguments = parser.parse_args()
    emulator = shlex.split(arguments.emulator)
    if python(emulator, HAS_VNNI).strip() != "False":
        raise SystemExit(f"without_vnni.py: '{arguments.emulator}' emulates a processor with VNNI")
    if sums_of_8_bits_may_overflow():
        raise SystemExit("without_vnni.py: this processor has no VNNI to compare with")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = arguments.pictures or small(folder)
        real = colorized(folder / "real", [], "avx512_vnni", pictures)
        print("| session option | mean ΔE00 | largest |\n| --- | --- | --- |")
        for label, flags in (("set, as colortk does", "avx2"), ("not set", "avx512_vnni")):
            other = colorized(folder / label, emulator, flags, pictures)
            differences = [
                delta_e00_map(rgb_to_lab(a), rgb_to_lab(b))
                for a, b in zip(real, other, strict=True)
            ]
            mean = np.mean([difference.mean() for difference in differences])
            print(f"| {label} | {mean:.3f} | {max(map(np.max, differences)):.2f} |", flush=True)


def small(folder: Path) -> list[Path]:
    """Write small copies of the photographs."""
    paths = []
    for name, path in photographs().items():
        paths.append(folder / f"{name}.png")
        with Image.open(path) as image:
            image.thumbnail((SIDE, SIDE))
            image.convert("L").save(paths[-1])
    return paths


def colorized(
    folder: Path, emulator: list[str], flags: str, pictures: list[Path]
) -> list[np.ndarray]:
    """Return the pictures as colortk colorizes them on a processor with these flags."""
    folder.mkdir()
    cpuinfo = folder / "cpuinfo"
    cpuinfo.write_text(f"flags\t\t: {flags}\n")
    python(emulator, PROGRAM, str(cpuinfo), str(folder), *map(str, pictures))
    return [np.asarray(Image.open(folder / f"{number}.png")) for number in range(len(pictures))]


def python(emulator: list[str], program: str, *arguments: str) -> str:
    """Return what a Python program prints on a processor."""
    command = [*emulator, sys.executable, "-c", program, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
