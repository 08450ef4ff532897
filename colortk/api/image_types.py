"""Convert the inputs of :func:`colortk.colorize` to arrays, and its results back."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colortk.errors import UsageError
from colortk.io.bit_depth import to_8_bits
from colortk.io.decode import decode, read_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

    from colortk.io.missing_lines import Missing

#: Types that :func:`colortk.colorize` accepts as a picture, besides a PIL image.
ImageInput: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any]"
)
Pixels = NDArray[Any]

_ACCEPTED = "pass a path, bytes, a binary file object, a NumPy array or a PIL image"
_FLOAT_STEPS = 65535
#: Float values may exceed 0..1 by this much, as after resizing with spline interpolation.
_FLOAT_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ImageData:
    """A picture as integers, and how to return a result of the same kind.

    Parameters
    ----------
    pixels : array of uint8 or uint16, shape (H, W) or (H, W, 3)
        sRGB, full range.
    alpha : array of the same dtype, shape (H, W), or None
        Opacity.
    restore : callable
        Converts sRGB (H, W, 3) or, with alpha, (H, W, 4) to the caller's type.
    name : str
        Name of the picture in messages.
    missing : Missing or None
        The lines that a damaged file does not hold.
    """

    pixels: Pixels
    alpha: Pixels | None
    restore: Callable[[Pixels], Any]
    name: str
    missing: Missing | None = None

    def result(self, rgb: Pixels) -> Any:
        """Join sRGB ``rgb`` (H, W, 3) with the alpha of the input, as the type of the input."""
        if self.alpha is not None:
            rgb = np.dstack([rgb, self.alpha])
        return self.restore(rgb)


def read_image(image: Any, allow_truncated: bool) -> ImageData:
    """Read a picture of any accepted type.

    Parameters
    ----------
    image : path, bytes, file object, array or PIL image
        See :func:`colortk.colorize`.
    allow_truncated : bool
        Read the present part of a damaged file.

    Returns
    -------
    ImageData
        The picture as integers.

    Raises
    ------
    UsageError
        It is of another type, or an array of an unsupported shape, dtype or range.
    PictureError
        The file cannot be read.
    """
    if isinstance(image, np.ndarray):
        return _from_array(image)
    if isinstance(image, str | os.PathLike):
        path = Path(image)
        return _from_file(read_bytes(path), str(path), allow_truncated)
    if isinstance(image, bytes | bytearray | memoryview):
        return _from_file(bytes(image), "the bytes", allow_truncated)
    pillow = sys.modules.get("PIL.Image")  # a PIL image exists only where PIL was imported
    if pillow is not None and isinstance(image, pillow.Image):
        return _from_pillow(image)
    if callable(getattr(image, "read", None)):
        content = image.read()
        if not isinstance(content, bytes):
            raise UsageError(
                "cannot colorize the file object",
                "its read() returns text, not bytes",
                "open it in binary mode: 'rb'",
            )
        return _from_file(content, str(getattr(image, "name", "the file object")), allow_truncated)
    raise UsageError(f"cannot colorize an object of type '{type(image).__name__}'", "", _ACCEPTED)


def _from_file(content: bytes, name: str, allow_truncated: bool) -> ImageData:
    picture = decode(content, name, allow_truncated=allow_truncated)
    return ImageData(picture.pixels, picture.alpha, lambda rgb: rgb, name, picture.missing)


def _from_array(image: Pixels) -> ImageData:
    problem = f"cannot colorize an array of dtype {image.dtype} and shape {image.shape}"
    channels = 1 if image.ndim == 2 else image.shape[-1]
    if image.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or not image.size:
        hint = "pass (H, W), (H, W, 3) or, with alpha, (H, W, 4)"
        if image.ndim == 3 and image.shape[0] in (1, 3, 4) and image.size:
            hint = "move the channels to the end with numpy.moveaxis(image, 0, -1)"
        elif image.ndim == 4:
            hint = "pass one picture at a time"
        raise UsageError(problem, "a picture has rows, columns and at most 4 channels", hint)
    dtype = image.dtype.newbyteorder("=")
    if dtype in (np.uint8, np.uint16):
        integers = np.asarray(image, dtype)
        restore: Callable[[Pixels], Any] = _unchanged
    elif dtype.kind == "f":
        integers = _steps(image, problem)

        def restore(rgb: Pixels) -> Pixels:
            return (rgb / np.float64(_FLOAT_STEPS)).astype(dtype)

    else:
        raise UsageError(
            problem,
            "the values of a picture are uint8, uint16, or float from 0 to 1",
            "multiply it by numpy.uint8(255)"
            if dtype.kind == "b"
            else "if its values range from 0 to 255, use image.astype('uint8')",
        )
    if integers.ndim == 3 and channels == 1:
        integers = integers[..., 0]
    alpha = integers[..., -1] if channels in (2, 4) else None
    if alpha is not None:
        integers = integers[..., 0] if channels == 2 else integers[..., :3]
    return ImageData(integers, alpha, restore, "the array")


def _unchanged(rgb: Pixels) -> Pixels:
    return rgb


def _steps(image: Pixels, problem: str) -> NDArray[np.uint16]:
    """Return a float picture in 65,535 steps. Raise ``UsageError`` for values outside 0..1."""
    lowest, highest = float(image.min()), float(image.max())
    if not np.isfinite([lowest, highest]).all():
        raise UsageError(problem, "it holds NaN or infinity", "replace them: numpy.nan_to_num")
    if lowest < -_FLOAT_TOLERANCE or highest > 1 + _FLOAT_TOLERANCE:
        raise UsageError(
            problem,
            f"its values range from {lowest:g} to {highest:g}, and float arrays hold 0 to 1",
            "scale it, for example image / 255",
        )
    steps: NDArray[np.uint16] = np.rint(np.clip(image, 0, 1) * np.float64(_FLOAT_STEPS)).astype(
        np.uint16
    )
    return steps


def _from_pillow(image: Image) -> ImageData:
    from PIL.Image import fromarray

    info = {key: value for key, value in image.info.items() if key != "transparency"}

    def restore(rgb: Pixels) -> Image:
        result = fromarray(to_8_bits(rgb))  # PIL has no color mode of 16 bits
        result.info = info
        return result

    if image.mode.startswith("I;16"):
        pixels = np.asarray(image)
        return ImageData(pixels.astype(np.uint16), None, restore, "the image")
    if image.mode in ("I", "F"):
        raise UsageError(
            f"cannot colorize a PIL image of mode '{image.mode}'",
            "the range of its values is unknown",
            "pass an array: uint8, uint16, or float from 0 to 1",
        )
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in ("1", "P", "HSV", "LAB", "YCbCr", "RGBX"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    alpha = None
    if image.mode == "RGBA":
        alpha = np.asarray(image.getchannel("A"))
        image = image.convert("RGB")
    profile = info.pop("icc_profile", None)  # the result is sRGB
    if isinstance(profile, bytes):
        from colortk.io.icc import profiled_8

        notes: list[str] = []
        image = profiled_8(image, profile, notes, "the image")
        for note in notes:
            warnings.warn(note, stacklevel=5)
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    return ImageData(np.asarray(image), alpha, restore, "the image")
