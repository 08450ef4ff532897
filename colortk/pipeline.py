"""One picture: L* → plugin → chroma of full size → refined → sRGB."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import gray_rgb, lab_to_rgb, lab_to_rgb8
from colortk.color.upsample import chroma_field, resize
from colortk.color.working_size import working_shape
from colortk.errors import PluginError, PredictionError
from colortk.plugin.registry import registry
from colortk.plugin.spec import load_callable
from colortk.runtime.loading import Predictor, checked
from colortk.runtime.subprocesses import threads
from colortk.types import Float32

if TYPE_CHECKING:
    from colortk.io.missing_lines import Missing

Refiner = Callable[[Float32, Float32], Float32]
#: Pixels of a block: what is float at any one time, not the picture. Its planes stay in the
#: processor's cache; four times as many take half as long again.
BLOCK = 1 << 17
#: Columns of a block; OpenCV's remapping takes no more than 32,767.
COLUMNS = 1 << 13


@dataclass
class Result:
    """A colorized picture: sRGB (H, W, 3), the plugin's own chroma (h, w, 2), seconds by stage."""

    rgb: NDArray[Any]
    ab: Float32
    seconds: dict[str, float] = field(default_factory=dict)


def refiner(name: str) -> Refiner:
    """The refinement function ``name``; a third party's answers are checked.

    Raises ``UsageError`` or ``PluginError``; the function itself raises ``PredictionError``.
    """
    spec = registry().refiner(name)
    try:
        function = load_callable(spec.function)
    except Exception as error:
        raise PluginError(
            f"refinement '{name}' cannot be loaded", f"{type(error).__name__}: {error}"
        ) from error

    def refine(lightness: Float32, ab: Float32) -> Float32:
        try:
            refined = function(lightness, ab)
        except Exception as error:
            raise PredictionError(
                f"refinement '{name}' failed", f"{type(error).__name__}: {error}"
            ) from error
        return checked(name, lightness, refined)

    return function if spec.function.startswith("colortk.") else refine


@contextlib.contextmanager
def warmed(refine: Refiner) -> Iterator[None]:
    """Make beside what is done within what a first picture would wait for: tables of OpenCV and ours.

    A third party's ``refine`` is not asked: it may not be for a thread of ours.
    """

    def warm() -> None:
        light = np.full((1, 1), 50, np.float32)
        ab = np.full((1, 1, 2), 50, np.float32)
        lab_to_rgb8(cv2.merge([light, ab[..., 0], ab[..., 1]]))
        if refine.__module__ == "colortk.color.refine":
            refine(light, ab)

    thread = threading.Thread(target=warm, name="colortk warm-up")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def colorize(
    lightness: Float32,
    predictor: Predictor,
    refine: Refiner,
    strength: float = 1.0,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
) -> Result:
    """Colorize one picture.

    ``lightness``: float32 (H, W), CIE L*, 0..100. ``strength``: factor on chroma, 0..2.
    ``dtype``: uint8 or uint16, of the result. Raises ``PredictionError``.
    """
    height, width = lightness.shape
    rows, columns = working_shape(predictor.spec.working_size, height, width)
    start = time.perf_counter()
    seen = np.ascontiguousarray(resize(lightness, (columns, rows)))
    ab = predictor.predict(seen)
    middle = time.perf_counter()
    rgb = join(lightness, ab, refine, strength, dtype, seen)
    end = time.perf_counter()
    return Result(rgb, ab, {"predict": middle - start, "chroma": end - middle})


def colorize_present(
    lightness: Float32,
    missing: Missing,
    predictor: Predictor,
    refine: Refiner,
    strength: float = 1.0,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
) -> Result:
    """Colorize the part of a damaged picture that is present, and leave the rest gray.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100; in missing lines whatever their decoder left there.
    missing : Missing
        The lines that are missing. The plugin does not see those before the first and behind the last
        line that is present.
    predictor, refine, strength, dtype
        As for :func:`colorize`.

    Returns
    -------
    Result
        sRGB of the whole picture; missing lines have no color and the lightness that was given.
    """
    columns = missing.axis == "columns"
    whole = lightness.T if columns else lightness
    present = missing.present
    lines = np.flatnonzero(present)
    part = slice(int(lines[0]), int(lines[-1]) + 1)
    shown = whole[part].T if columns else whole[part]
    result = colorize(np.ascontiguousarray(shown), predictor, refine, strength, dtype)
    rgb = gray_rgb(lightness, dtype)
    view, colored = (
        (rgb.swapaxes(0, 1), result.rgb.swapaxes(0, 1)) if columns else (rgb, result.rgb)
    )
    view[present] = colored[present[part]]
    result.rgb = rgb
    return result


def join(
    lightness: Float32,
    ab: Float32,
    refine: Refiner,
    strength: float = 1.0,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
    seen: Float32 | None = None,
) -> NDArray[Any]:
    """SRGB (H, W, 3) of full-size ``lightness`` (H, W) and chroma ``ab`` (h, w, 2) of any size.

    ``seen``: ``lightness`` as :func:`~colortk.color.upsample.resize` has it at the size of ``ab``.
    """
    height, width = lightness.shape
    field_ = chroma_field(lightness, ab if strength == 1 else ab * np.float32(strength), seen=seen)
    out = np.empty((height, width, 3), dtype)
    columns = min(width, COLUMNS)
    rows = max(1, min(BLOCK // columns, COLUMNS))

    def block(corner: tuple[int, int]) -> None:
        top, left = corner
        at = slice(top, top + rows), slice(left, left + columns)
        part = np.ascontiguousarray(lightness[at])
        chroma = refine(part, field_.block(top, left, part))
        # Of a picture with colors, a few pixels are enough to see that it is not gray.
        if not chroma[::32, ::32].any() and not chroma.any():
            out[at] = gray_rgb(part, dtype)
            return
        lab = cv2.merge([part, chroma[..., 0], chroma[..., 1]])
        rgb: NDArray[Any] = lab_to_rgb8(lab) if dtype is np.uint8 else lab_to_rgb(lab)
        if dtype is np.uint16:
            rgb = np.rint(rgb.reshape(*part.shape, 3) * np.float32(65535))
        out[at] = rgb

    corners = [(y, x) for y in range(0, height, rows) for x in range(0, width, columns)]
    block(corners[0])  # alone: what is computed once and kept is then there for the others
    share = min(4, threads() or os.cpu_count() or 1, len(corners) - 1)
    if share > 1:
        with ThreadPoolExecutor(share) as pool:
            list(pool.map(block, corners[1:]))
    else:
        for corner in corners[1:]:
            block(corner)
    return out
