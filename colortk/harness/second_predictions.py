"""Find plugins that are not deterministic: predict one picture in twenty twice.

A plugin cannot recognize a second prediction: it gets lightness, as for any picture. Before it, the
plugin gets another picture, so that a plugin that keeps its last result cannot return it. The first
time in each worker, the plugin's process is also replaced by a new one, because a plugin may cache
all of its results. The new process predicts the picture first and third, so that a plugin whose
random generator has a constant seed is not at the same draw both times.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.errors import ColortkError
from colortk.harness.records import Repeat
from colortk.runtime.predictors import Predictor
from colortk.types import Float32

#: One picture in this many is predicted twice.
ONE_IN = 20
#: Largest difference of a* or b*, in CIELAB units, that counts as rounding: sums of float32 in
#: another order differ by under 0.001, and a step of 8-bit sRGB is about 0.3.
ROUNDING_TOLERANCE = 0.01


def select_pictures(pictures: Sequence[str]) -> set[str]:
    """Select the pictures that are predicted twice: the same ones for the same set.

    Parameters
    ----------
    pictures
        SHA-256 (hex) of each picture, in the order in which plugins get them.

    Returns
    -------
    set of str
        The pictures whose digest is divisible by 20. If none of them comes after the first picture,
        also the later picture with the smallest digest: a plugin may change its results from the
        second picture on. A single picture is always selected.
    """
    selected = {picture for picture in pictures if int(picture, 16) % ONE_IN == 0}
    later = set(pictures[1:])
    if not selected & later:
        selected |= {min(later or set(pictures))} if pictures else set()
    return selected


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
        The result, and the seconds that it took, without the time of loading the plugin.
    """
    start, loading = time.perf_counter(), plugin.loading
    if renew:
        plugin.close()
    rows, columns = working_shape(plugin.spec.working_size, *lightness.shape)
    resized = np.ascontiguousarray(resize(lightness, (columns, rows)))
    try:
        result = compare_predictions(first, plugin.predict(resized)) if renew else Repeat()
        if result.error is None:
            plugin.predict(np.ascontiguousarray(resized[:, ::-1]))
            result = max(result, compare_predictions(first, plugin.predict(resized)), key=_size)
    except ColortkError as error:
        result = Repeat(error=str(error))
    return result, time.perf_counter() - start - (plugin.loading - loading)


def _size(result: Repeat) -> tuple[bool, float]:
    """Order the results: an error is worse than any difference."""
    return result.error is not None, result.difference


def compare_predictions(first: Float32, second: Float32) -> Repeat:
    """Compare two predictions, float32 (h, w, 2) each."""
    if first.shape != second.shape:
        return Repeat(error=f"the second prediction is {second.shape}, the first {first.shape}")
    largest = np.abs(second - first).max(-1)
    return Repeat(float(largest.max()), float((largest > ROUNDING_TOLERANCE).mean()))


@dataclass(frozen=True)
class RepeatSettings:
    """How second predictions are chosen and compared: one picture in ``every`` is predicted twice.

    ``tolerance`` is the largest difference of a* or b* that counts as rounding, ``seconds`` is the
    time that all second predictions took.
    """

    every: int
    tolerance: float
    seconds: float


@dataclass(frozen=True)
class RepeatSummary:
    """Result of the second predictions of one plugin.

    Parameters
    ----------
    pictures : int
        Pictures that were predicted twice.
    failed : int
        Pictures of these whose second prediction failed.
    differ : int
        Pictures on which the predictions differ by more than the tolerance.
    max_difference : float or None
        Largest difference of a* or b*, in CIELAB units.
    share : float or None
        Largest share, 0..1, of the pixels of one picture that differ by more than the tolerance.
    deterministic : bool or None
        No predictions differ; ``None`` if every second prediction failed.
    """

    pictures: int
    failed: int
    differ: int
    max_difference: float | None
    share: float | None
    deterministic: bool | None


def repeat_settings(seconds: float) -> RepeatSettings:
    """Return the settings of second predictions, which took ``seconds``."""
    return RepeatSettings(ONE_IN, ROUNDING_TOLERANCE, seconds)


def summarize_repeats(repeats: Sequence[Repeat]) -> RepeatSummary | None:
    """Sum up the second predictions of one plugin; ``None`` if there are none."""
    if not repeats:
        return None
    differences = [repeat for repeat in repeats if repeat.error is None]
    differ = sum(repeat.difference > ROUNDING_TOLERANCE for repeat in differences)
    return RepeatSummary(
        len(repeats),
        len(repeats) - len(differences),
        differ,
        max((repeat.difference for repeat in differences), default=None),
        max((repeat.share for repeat in differences), default=None),
        not differ if differences else None,
    )
