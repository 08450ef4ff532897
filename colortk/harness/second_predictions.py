"""Find plugins that are not deterministic: predict one picture in twenty twice.

The second prediction is an ordinary one: a plugin gets lightness, as of any picture, and no mark.
Before it, the plugin gets another picture, so that one that keeps its last answer cannot return
it. The first time in each worker, the plugin's process is also replaced by a new one, for a plugin
that caches all of its answers. The new process predicts the picture first and third, so that a
plugin that draws from a generator of constant seed cannot be at the same draw both times.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.errors import ColortkError
from colortk.harness.records import Repeat, ResultRow
from colortk.runtime.loading import Predictor
from colortk.types import Float32

#: One picture in this many is predicted twice.
ONE_IN = 20
#: Largest difference of a* or b*, in CIELAB units, that is taken for rounding: sums of float32 in
#: another order differ by under 0.001, and a step of 8-bit sRGB is about 0.3.
ROUNDING_TOLERANCE = 0.01


def select_pictures(pictures: Sequence[str]) -> set[str]:
    """Return the pictures that are predicted twice: the same ones for the same set.

    Parameters
    ----------
    pictures
        SHA-256 (hex) of each picture, in the order in which plugins get them.

    Returns
    -------
    set of str
        Those whose digest is divisible by 20. If none of these comes after the first picture, also
        the one with the smallest digest after the first: a plugin may differ from its second
        picture on. The first itself if it is alone.
    """
    found = {picture for picture in pictures if int(picture, 16) % ONE_IN == 0}
    later = set(pictures[1:])
    if not found & later:
        found |= {min(later or set(pictures))} if pictures else set()
    return found


class Restartable(Predictor, Protocol):
    """A plugin whose process is started again by the next prediction after :meth:`close`."""

    loading: float

    def close(self) -> int: ...


def predict_again(
    plugin: Restartable, lightness: Float32, first: Float32, renew: bool
) -> tuple[Repeat, float]:
    """Predict the chroma of a picture again and compare it with the first prediction.

    Parameters
    ----------
    plugin
        The plugin that made the first prediction.
    lightness
        float32 (H, W), CIE L* of the picture at its full size.
    first
        float32 (h, w, 2), the first prediction, at the plugin's working size.
    renew
        Replace the plugin's process by a new one before.

    Returns
    -------
    tuple
        What was found, and the seconds that it took, without those of loading the plugin.
    """
    start, loading = time.perf_counter(), plugin.loading
    if renew:
        plugin.close()
    rows, columns = working_shape(plugin.spec.working_size, *lightness.shape)
    seen = np.ascontiguousarray(resize(lightness, (columns, rows)))
    try:
        found = compare_predictions(first, plugin.predict(seen)) if renew else Repeat()
        if found.error is None:
            plugin.predict(np.ascontiguousarray(seen[:, ::-1]))
            found = max(found, compare_predictions(first, plugin.predict(seen)), key=_size)
    except ColortkError as error:
        found = Repeat(error=str(error))
    return found, time.perf_counter() - start - (plugin.loading - loading)


def _size(found: Repeat) -> tuple[bool, float]:
    """Order what was found: an error is worse than any difference."""
    return found.error is not None, found.difference


def compare_predictions(first: Float32, second: Float32) -> Repeat:
    """Compare two predictions, float32 (h, w, 2) each."""
    if first.shape != second.shape:
        return Repeat(error=f"the second prediction is {second.shape}, the first {first.shape}")
    largest = np.abs(second - first).max(-1)
    return Repeat(float(largest.max()), float((largest > ROUNDING_TOLERANCE).mean()))


def repeat_settings(seconds: float) -> dict[str, Any]:
    """What a report says of second predictions as a whole; ``seconds``: that they took."""
    return {"every": ONE_IN, "tolerance": ROUNDING_TOLERANCE, "seconds": seconds}


def summarize_repeats(rows: Iterable[ResultRow]) -> dict[str, Any] | None:
    """Sum up what is known of one plugin, as ``--json`` prints it; ``None`` if nothing is.

    Returns
    -------
    dict
        ``pictures``: how many were predicted twice; ``failed``: how many of them only once, since
        the second prediction failed; ``differ``: how many differ by more than ``ROUNDING_TOLERANCE``;
        ``max_difference``: the largest difference of a* or b*; ``share``: the largest share, 0..1, of
        the pixels of one picture that differ by more than ``ROUNDING_TOLERANCE``; ``deterministic``:
        whether none differ, ``None`` if every second prediction failed.
    """
    repeats = [row.repeat for row in rows if row.repeat is not None]
    if not repeats:
        return None
    compared = [r for r in repeats if r.error is None]
    differ = sum(r.difference > ROUNDING_TOLERANCE for r in compared)
    return {
        "pictures": len(repeats),
        "failed": len(repeats) - len(compared),
        "differ": differ,
        "max_difference": max((r.difference for r in compared), default=None),
        "share": max((r.share for r in compared), default=None),
        "deterministic": not differ if compared else None,
    }


#: Marks a plugin that is not deterministic in tables.
NONDETERMINISTIC_MARK = "†"


def marked_name(entry: dict[str, Any]) -> str:
    """The name of a plugin of a report, with a mark if it is not deterministic."""
    return (
        f"{entry['name']} {NONDETERMINISTIC_MARK}"
        if is_nondeterministic(entry)
        else str(entry["name"])
    )


def is_nondeterministic(entry: dict[str, Any]) -> bool:
    """Whether a plugin of a report is known to be not deterministic."""
    found = entry.get("repeats")
    return found is not None and found["deterministic"] is False


def repeat_notes(report: dict[str, Any]) -> list[str]:
    """What a table's caption says of plugins that are not deterministic: a line for each."""
    lines = []
    one = "film" if report.get("kind") == "films" else "picture"
    for entry in report["plugins"]:
        found = entry.get("repeats")
        if found is None:
            continue
        if is_nondeterministic(entry):
            lines.append(
                f"{NONDETERMINISTIC_MARK} {entry['name']} is not deterministic: on {found['differ']} of"
                f" {found['pictures']} {one}{'s' if found['pictures'] != 1 else ''} predicted twice,"
                f" a* or b* differs by up to {found['max_difference']:.3g}"
                f" (by more than {ROUNDING_TOLERANCE:g} on {found['share']:.1%} of the pixels)"
            )
        elif found["failed"]:
            lines.append(
                f"{entry['name']} failed on {found['failed']} of {found['pictures']} {one}s"
                " when it predicted them a second time"
            )
    return lines
