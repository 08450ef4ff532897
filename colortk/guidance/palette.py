"""A palette: the colors of a picture are moved to a few colors that the user chose.

The predicted chroma falls into as many clusters as the palette has colors (k-means). Each cluster
is assigned to one color, so that the clusters move as little as possible together, and every pixel
moves as the clusters near it do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.errors import UsageError
from colortk.guidance.hints import parse_color
from colortk.types import Array, Float32

#: sRGB colors, 0 to 255.
Colors = tuple[tuple[int, int, int], ...]
#: Colors that are taken from a picture.
PICTURE_COLORS = 8
#: Most colors of a palette.
MAX_COLORS = 64
#: Pixels that k-means sees at most.
SAMPLES = 8000
#: Weight of a difference of lightness beside one of chroma.
LIGHTNESS_WEIGHT = 0.3
_SEED = 0
_GPL_LINE = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(?:\s.*)?$")


def read_palette(text: str) -> Colors:
    """Return the colors that ``--palette`` states.

    Parameters
    ----------
    text : str
        Colors such as "#a03020,#2a4d8f", the path of a GIMP palette (.gpl), or of a picture, of
        which the eight most common kinds of color are taken.

    Returns
    -------
    tuple of (int, int, int)
        sRGB, 0 to 255.

    Raises
    ------
    UsageError
        A color is not written so, or the file is no palette.
    PictureError
        The file is no picture.
    """
    if text.lstrip().startswith("#"):
        try:
            colors = tuple(parse_color(part.strip()) for part in text.split(","))
        except ValueError as error:
            raise UsageError(f"--palette {text}", str(error), "separate colors by commas") from None
        return _checked(text, colors)
    path = Path(text)
    if not path.is_file():
        reason = "it is neither a list of colors nor a file"
        raise UsageError(f"--palette {text}", reason, "write colors as #RRGGBB,#RRGGBB")
    if path.suffix.lower() == ".gpl":
        return _checked(text, _read_gpl(path))
    from colortk.io.bit_depth import to_rgb8
    from colortk.io.decode import decode, read_bytes

    return picture_palette(to_rgb8(decode(read_bytes(path), text).pixels))


def _checked(text: str, colors: Colors) -> Colors:
    if not 1 <= len(colors) <= MAX_COLORS:
        raise UsageError(f"--palette {text}", f"it has {len(colors)} colors; 1 to {MAX_COLORS} fit")
    return colors


def _read_gpl(path: Path) -> Colors:
    from colortk.io.regular_files import read_regular

    try:
        lines = read_regular(path).decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise UsageError(
            f"cannot read the palette '{path}'", error.strerror or str(error)
        ) from None
    if not lines or lines[0].strip() != "GIMP Palette":
        reason = "its first line is not 'GIMP Palette'"
        raise UsageError(f"cannot read the palette '{path}'", reason)
    rows = [match.groups() for line in lines[1:] if (match := _GPL_LINE.match(line))]
    colors = [(int(red), int(green), int(blue)) for red, green, blue in rows]
    if any(value > 255 for color in colors for value in color):
        raise UsageError(f"cannot read the palette '{path}'", "a value is over 255")
    return tuple(colors)


def picture_palette(rgb: Array, count: int = PICTURE_COLORS) -> Colors:
    """Return the most common kinds of color of a picture.

    Parameters
    ----------
    rgb : uint8 array of shape (H, W, 3)
        sRGB.
    count : int
        Number of colors.

    Returns
    -------
    tuple of (int, int, int)
        sRGB of the picture's pixel nearest to each center of k-means, most common first.
    """
    pixels = _sample(rgb.reshape(-1, 3))
    points = _features(rgb_to_lab(pixels[None])[0])
    centers, labels = _k_means(points, min(count, len(np.unique(points, axis=0))))
    order = np.argsort(-np.bincount(labels, minlength=len(centers)), kind="stable")
    nearest = [int(np.argmin(((points - centers[k]) ** 2).sum(1))) for k in order]
    return tuple(dict.fromkeys((int(r), int(g), int(b)) for r, g, b in pixels[nearest]))


def apply_palette(ab: Float32, lightness: Float32, palette: Colors) -> Float32:
    """Move predicted chroma to the colors of a palette.

    Parameters
    ----------
    ab : float32 array of shape (h, w, 2)
        CIE a* and b*.
    lightness : float32 array of shape (h, w)
        CIE L*, 0 to 100, of the same pixels.
    palette : tuple of (int, int, int)
        sRGB, 0 to 255.

    Returns
    -------
    float32 array of shape (h, w, 2)
    """
    from scipy.optimize import linear_sum_assignment

    points = _features(np.dstack([lightness, ab]).reshape(-1, 3))
    targets = _features(rgb_to_lab(np.array([palette], np.uint8))[0])
    centers, _ = _k_means(_sample(points), len(palette))
    distances = ((centers[:, None] - targets[None]) ** 2).sum(2)
    rows, columns = linear_sum_assignment(distances)
    offsets = np.zeros((len(centers), 2))
    offsets[rows] = targets[columns, 1:] - centers[rows, 1:]
    away = ((points[:, None] - centers[None]) ** 2).sum(2)
    spacing = np.median(np.sort(((centers[:, None] - centers[None]) ** 2).sum(2), 1)[:, -1:])
    away -= away.min(1, keepdims=True)
    weights = np.exp(-away / max(2.0, float(spacing) / 32))
    weights /= weights.sum(1, keepdims=True)
    moved: Float32 = (ab + (weights @ offsets).reshape(ab.shape)).astype(np.float32)
    return moved


def _features(lab: Array) -> Any:
    """Return points of k-means, float64 (N, 3): lightness counts less than chroma."""
    return lab.astype(np.float64) * (LIGHTNESS_WEIGHT, 1.0, 1.0)


def _sample(points: Any) -> Any:
    if len(points) <= SAMPLES:
        return points
    return points[np.random.default_rng(_SEED).choice(len(points), SAMPLES, replace=False)]


def _k_means(points: Any, count: int) -> tuple[Any, Any]:
    """Return the centers (k, 3) and the number of the center of each point."""
    from sklearn.cluster import KMeans

    count = min(count, len(points))
    fitted = KMeans(count, n_init=4, random_state=_SEED).fit(points)
    return fitted.cluster_centers_, fitted.labels_
