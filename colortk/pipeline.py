"""Colorize one picture: L* → plugin → chroma at full size → refinement → sRGB."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import gray_rgb, lab_to_rgb, lab_to_rgb8
from colortk.color.upsample import chroma_field, resize
from colortk.color.working_size import working_shape
from colortk.errors import PluginError, PredictionError
from colortk.plugin.registry import registry
from colortk.plugin.spec import load_callable
from colortk.runtime.loading import check_prediction
from colortk.runtime.plugin_errors import reason
from colortk.runtime.predictors import Predictor
from colortk.runtime.subprocesses import threads
from colortk.types import Float32

if TYPE_CHECKING:
    from colortk.guidance.guide import ChromaSource, Guide
    from colortk.io.missing_lines import Missing

Refiner = Callable[[Float32, Float32], Float32]
#: Pixels of a block. Only blocks exist as floats, not the picture. The planes of a block fit into
#: the processor's cache; blocks of four times the size take 1.5 times as long.
BLOCK_PIXELS = 1 << 17
#: Most columns of a block: OpenCV's remapping is limited to 32,767.
COLUMNS = 1 << 13


class ChromaGuide(Protocol):
    """Colors that are set in a prediction, such as :class:`colortk.guidance.guide.Guide`."""

    def chroma(self, ab: Float32, small: Float32, lightness: Float32) -> ChromaSource:
        """Return chroma that can be evaluated for any block of the picture."""
        ...

    def resolved(self, lightness: Float32, predict: Callable[[], Float32]) -> Guide:
        """Return a guide with constraints; ``predict`` returns the unguided prediction."""
        ...


@dataclass
class Result:
    """A colorized picture.

    Attributes
    ----------
    rgb : uint8 or uint16 array of shape (H, W, 3)
        sRGB.
    ab : float32 array of shape (h, w, 2)
        Chroma as the plugin returned it, CIE a* and b*.
    seconds : dict of str to float
        Duration of each stage.
    """

    rgb: NDArray[Any]
    ab: Float32
    seconds: dict[str, float] = field(default_factory=dict)


def refiner(name: str) -> Refiner:
    """Return the function of a refinement. It checks the results of third-party refinements.

    Parameters
    ----------
    name : str
        Name of the refinement, such as "ratio".

    Returns
    -------
    callable
        Called with lightness, float32 (H, W), and chroma, float32 (H, W, 2). It returns chroma, and
        raises ``PredictionError`` if it fails.

    Raises
    ------
    UsageError
        If the name is not known.
    PluginError
        If the refinement cannot be loaded.
    """
    spec = registry().refiner(name)
    try:
        function = load_callable(spec.function)
    except Exception as error:
        problem = f"refinement '{name}' cannot be loaded"
        raise PluginError(problem, reason(error, spec.function)) from error

    def refine(lightness: Float32, ab: Float32) -> Float32:
        try:
            refined = function(lightness, ab)
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException as error:  # SystemExit, too, is a failure of the refinement.
            problem = f"refinement '{name}' failed"
            raise PredictionError(problem, reason(error, spec.function)) from error
        return check_prediction(name, lightness, refined)

    return function if spec.function.startswith("colortk.") else refine


@contextlib.contextmanager
def warmed(refine: Refiner) -> Iterator[None]:
    """Build lookup tables in a background thread while the body runs.

    Otherwise the first picture would wait for them. A third-party refinement is not called, since
    it may not work in another thread.

    Parameters
    ----------
    refine : callable
        The refinement that will be used.
    """

    def warm() -> None:
        light, ab = np.full((1, 1), 50, np.float32), np.full((1, 1, 2), 50, np.float32)
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
    guide: ChromaGuide | None = None,
) -> Result:
    """Colorize one picture.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.
    predictor : Predictor
        The colorizer.
    refine : callable
        The refinement, from :func:`refiner`.
    strength : float, optional
        Factor on chroma, 0 to 2.
    dtype : type, optional
        ``numpy.uint8`` or ``numpy.uint16``, of the result.
    guide : ChromaGuide, optional
        Colors that the user set.

    Returns
    -------
    Result
        The colorized picture.

    Raises
    ------
    PredictionError
        If the plugin or the refinement fails.
    """
    height, width = lightness.shape
    rows, columns = working_shape(predictor.spec.working_size, height, width)
    start = time.perf_counter()
    small = np.ascontiguousarray(resize(lightness, (columns, rows)))
    if guide is None:
        ab = predictor.predict(small)
    else:
        from colortk.runtime.guided_prediction import predict_with_guide

        ab, guide = predict_with_guide(predictor, small, lightness, guide)
    middle = time.perf_counter()
    rgb = join(lightness, ab, refine, strength, dtype, small, guide)
    end = time.perf_counter()
    return Result(rgb, ab, {"predict": middle - start, "chroma": end - middle})


def colorize_present(
    lightness: Float32,
    missing: Missing,
    predictor: Predictor,
    refine: Refiner,
    strength: float = 1.0,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
    guide: Guide | None = None,
) -> Result:
    """Colorize the part of a damaged picture that is present, and leave the rest gray.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100; in missing lines the values that the decoder left there.
    missing : Missing
        The lines that are missing. The plugin does not see lines before the first and after the
        last present line.
    predictor, refine, strength, dtype, guide
        As for :func:`colorize`.

    Returns
    -------
    Result
        sRGB of the whole picture. Missing lines have the lightness of the input and no color.
    """
    columns = missing.axis == "columns"
    full_lightness = lightness.T if columns else lightness
    present = missing.present
    lines = np.flatnonzero(present)
    part = slice(int(lines[0]), int(lines[-1]) + 1)
    present_lightness = np.ascontiguousarray(
        full_lightness[part].T if columns else full_lightness[part]
    )
    if guide is not None:
        corner = (0, part.start) if columns else (part.start, 0)
        guide = guide.part(*corner, (present_lightness.shape[0], present_lightness.shape[1]))
    result = colorize(present_lightness, predictor, refine, strength, dtype, guide)
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
    small: Float32 | None = None,
    guide: ChromaGuide | None = None,
) -> NDArray[Any]:
    """Join lightness and chroma to a picture.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.
    ab : float32 array of shape (h, w, 2)
        CIE a* and b* at any size.
    refine, strength, dtype
        As for :func:`colorize`.
    small : float32 array of shape (h, w), optional
        ``lightness`` at the size of ``ab``, from :func:`~colortk.color.upsample.resize`.
    guide : ChromaGuide, optional
        Colors that the user set.

    Returns
    -------
    array of ``dtype`` of shape (H, W, 3)
        sRGB.
    """
    height, width = lightness.shape
    if strength != 1:
        ab = ab * np.float32(strength)
    chroma_source: ChromaSource
    if guide is None:
        chroma_source = chroma_field(lightness, ab, small=small)
    else:
        if small is None:
            small = np.ascontiguousarray(resize(lightness, (ab.shape[1], ab.shape[0])))
        chroma_source = guide.chroma(ab, small, lightness)
    out = np.empty((height, width, 3), dtype)
    columns = min(width, COLUMNS)
    rows = max(1, min(BLOCK_PIXELS // columns, COLUMNS))

    def colorize_block(corner: tuple[int, int]) -> None:
        top, left = corner
        at = slice(top, top + rows), slice(left, left + columns)
        part = np.ascontiguousarray(lightness[at])
        chroma = refine(part, chroma_source.chroma_of_block(top, left, part))
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
    colorize_block(corners[0])  # first alone: the other blocks then find the cached tables
    share = min(4, threads() or os.cpu_count() or 1, len(corners) - 1)
    if share > 1:
        with ThreadPoolExecutor(share) as pool:
            list(pool.map(colorize_block, corners[1:]))
    else:
        for corner in corners[1:]:
            colorize_block(corner)
    return out
