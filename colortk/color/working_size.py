"""The size at which a plugin sees a picture."""

from __future__ import annotations

from dataclasses import dataclass

#: Largest ratio of the sides that is kept: 1 × 5000 pixels must not become 128 × 640,000.
MAX_RATIO = 4
#: Smallest side, in pixels, of the pictures that a plugin gets.
MIN_SIDE = 16


@dataclass(frozen=True)
class WorkingSize:
    """The size at which a colorizer sees pictures.

    Attributes
    ----------
    short : int or None
        Pixels of the short side; the ratio of the sides is kept. ``None``: the size of the picture.
    square : bool
        Squeeze pictures to ``short`` × ``short`` instead.
    multiple : int
        Both sides are rounded to a multiple of it.
    """

    short: int | None = 256
    square: bool = False
    multiple: int = 1


def working_shape(size: WorkingSize, height: int, width: int) -> tuple[int, int]:
    """Return the height and the width at which a plugin gets a picture.

    Parameters
    ----------
    size : WorkingSize
        The size that the plugin declares.
    height, width : int
        Size of the picture in pixels.

    Examples
    --------
    >>> working_shape(WorkingSize(256), 3000, 4000)
    (256, 341)
    """
    if size.short is None:
        target = (float(max(height, MIN_SIDE)), float(max(width, MIN_SIDE)))
    elif size.square:
        target = (float(size.short), float(size.short))
    else:
        scale = size.short / min(height, width)
        longest = MAX_RATIO * size.short
        target = (min(height * scale, longest), min(width * scale, longest))
    step = size.multiple
    return (
        max(step, round(target[0] / step) * step),
        max(step, round(target[1] / step) * step),
    )
