"""The conformance checks of refinements. Each raises ``AssertionError`` if it fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from colortk.pipeline import refiner
from colortk.plugin.spec import RefinerSpec, load_callable
from colortk.runtime.loading import check_prediction
from colortk.testing.check_functions import NotRunError, scene
from colortk.types import Float32

#: Largest accepted difference of a* and b* between a picture and its blocks.
_MAX_DIFFERENCE = 1e-2


class CheckedRefiner:
    """A refinement that is called as the host calls it.

    Parameters
    ----------
    spec : RefinerSpec
        Its declaration.
    """

    def __init__(self, spec: RefinerSpec) -> None:
        self.spec = spec
        self.failed = False

    def refine(self, lightness: Float32, ab: Float32) -> Float32:
        """Return the refined chroma; raises if the host would not accept it."""
        refined = refiner(self.spec.name)(lightness.copy(), ab.copy())
        return check_prediction(self.spec.name, lightness, refined)


def _planes() -> tuple[Float32, Float32]:
    """Return lightness, and chroma of which a part lies outside of sRGB."""
    lightness = scene(90, 130)
    y, x = np.mgrid[:90, :130].astype(np.float32)
    ab: Float32 = np.stack([60 * np.sin(x / 19), 60 * np.cos(y / 13)], -1).astype(np.float32)
    return lightness, ab


def returns_chroma_of_the_right_shape(checked: CheckedRefiner) -> None:
    """Check type, shape (H, W, 2), and finite values of a plausible range."""
    checked.refine(*_planes())


def handles_black_white_and_flat_pictures(checked: CheckedRefiner) -> None:
    """Check lightness and chroma without contrast, by which a refinement may divide."""
    for light in (0, 50, 100):
        for chroma in (0, 40, -90):
            checked.refine(
                np.full((20, 30), light, np.float32), np.full((20, 30, 2), chroma, np.float32)
            )


def returns_the_same_result_twice(checked: CheckedRefiner) -> None:
    """Check that the same picture gives the same chroma."""
    planes = _planes()
    difference = np.abs(checked.refine(*planes) - checked.refine(*planes)).max()
    assert difference < 1e-3, f"two results differ by {difference:.4f}"


def does_not_change_its_input(checked: CheckedRefiner) -> None:
    """Check that lightness and chroma are unchanged afterward."""
    lightness, ab = _planes()
    before = lightness.copy(), ab.copy()
    load_callable(checked.spec.function)(lightness, ab)
    unchanged = np.array_equal(lightness, before[0]) and np.array_equal(ab, before[1])
    assert unchanged, "it changed the arrays that it was given"


def treats_every_pixel_alone(checked: CheckedRefiner) -> None:
    """Check that blocks of a picture, refined one by one, give what the whole picture gives."""
    lightness, ab = _planes()
    whole = checked.refine(lightness, ab)
    for rows, columns in ((37, 130), (90, 41), (1, 17)):
        blocks = np.empty_like(whole)
        for top in range(0, 90, rows):
            for left in range(0, 130, columns):
                at = np.s_[top : top + rows, left : left + columns]
                blocks[at] = checked.refine(lightness[at], ab[at])
        difference = np.abs(blocks - whole).max()
        assert difference < _MAX_DIFFERENCE, (
            f"blocks of {rows} x {columns} pixels differ from the picture by {difference:.3f};"
            " the host refines block by block, so that each pixel must depend on itself alone"
        )


def refiner_checks(spec: RefinerSpec) -> list[tuple[str, Callable[[], None]]]:
    """Return the checks that call a refinement: name and function without arguments."""
    checked = CheckedRefiner(spec)
    checks = (
        returns_chroma_of_the_right_shape,
        handles_black_white_and_flat_pictures,
        returns_the_same_result_twice,
        does_not_change_its_input,
        treats_every_pixel_alone,
    )
    return [(check.__name__, partial(_run, check, checked)) for check in checks]


def _run(check: Callable[[CheckedRefiner], None], checked: CheckedRefiner) -> None:
    if checked.failed:
        raise NotRunError(f"{returns_chroma_of_the_right_shape.__name__} has failed")
    try:
        check(checked)
    except BaseException:
        checked.failed |= check is returns_chroma_of_the_right_shape
        raise
