"""Repair a damaged JPEG or PNG so that its present rows can be decoded."""

from __future__ import annotations

from colortk.io import jpeg_segments, png
from colortk.io.missing_lines import Repaired
from colortk.io.truncated_jpeg import repair_jpeg
from colortk.io.truncated_png import repair_png


def repair(data: bytes) -> Repaired | None:
    """Complete a damaged JPEG or PNG.

    Parameters
    ----------
    data : bytes
        The file, whose header has passed the limits of :mod:`colortk.io.limits`.

    Returns
    -------
    Repaired or None
        ``None`` for other formats, and if nothing can be decoded or nothing is missing.
    """
    if jpeg_segments.is_jpeg(data):
        repaired = repair_jpeg(data)
    elif png.is_png(data):
        repaired = repair_png(data)
    else:
        return None
    if repaired is None or not repaired.missing.present.any():
        return None
    return repaired if repaired.missing.lost or repaired.missing.reduced else None


def add_end_marker(data: bytes) -> bytes | None:
    """Return a JPEG with an end marker if nothing but this marker is missing, else ``None``."""
    if not jpeg_segments.is_jpeg(data):
        return None
    if any(segment.marker == jpeg_segments.EOI for segment in jpeg_segments.segments(data)):
        return None
    repaired = repair_jpeg(data)
    if repaired is None or repaired.missing.lost or repaired.missing.reduced:
        return None
    return repaired.data
