"""What the processor can do with products of 8 bits."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

#: Linux lists the features of the processor in this file.
CPUINFO = Path("/proc/cpuinfo")
#: Instructions that add four products of 8 bits in 32 bits, as Linux calls them.
VNNI_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})
#: Groups of instructions that contain VNNI, as NumPy calls them.
VNNI_GROUPS = frozenset({"AVX512_CLX", "AVX512_ICL", "AVX512_SPR"})


@cache
def sums_of_8_bits_may_overflow() -> bool:
    """Return whether ONNX Runtime may clip sums of 8-bit products on this processor.

    Without VNNI, an x86 processor adds two products of 8 bits in 16 bits, where large sums
    saturate. The session option ``session.x64quantprecision`` avoids that. With VNNI it changes no
    value, but ONNX Runtime takes twice the time, so that it must not be set there.

    Returns
    -------
    bool
        True on x86 unless VNNI is known to be there, False on other processors.
    """
    return platform.machine().lower() in {"x86_64", "amd64"} and not _has_vnni()


def _has_vnni() -> bool:
    try:
        return has_vnni_flag(CPUINFO.read_text())
    except OSError:  # not Linux
        from numpy import show_config

        found = show_config(mode="dicts")["SIMD Extensions"].get("found", [])
        return not VNNI_GROUPS.isdisjoint(found)


def has_vnni_flag(cpuinfo: str) -> bool:
    """Return whether every processor in the text of ``/proc/cpuinfo`` has VNNI."""
    flags = [line.split(":")[1].split() for line in cpuinfo.splitlines() if line[:5] == "flags"]
    return bool(flags) and all(not VNNI_FLAGS.isdisjoint(names) for names in flags)
