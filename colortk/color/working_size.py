"""The size at which a plugin sees a picture."""

from __future__ import annotations

from dataclasses import dataclass

#: A strip is not kept in ratio beyond this: 1 × 5000 pixels must not become 128 × 640,000.
LONGEST = 4
#: Nor is a plugin ever shown a side below this many pixels.
LEAST = 16


@dataclass(frozen=True)
class WorkingSize:
    """The size at which a colorizer sees pictures.

    ``short``: pixels of the short side, the ratio kept; ``None``: the picture's own size.
    ``square``: squash to ``short`` × ``short`` instead. ``multiple``: round both sides to it.
    """

    short: int | None = 256
    square: bool = False
    multiple: int = 1


def working_shape(size: WorkingSize, height: int, width: int) -> tuple[int, int]:
    """(height, width) at which a plugin that declares ``size`` sees a picture."""
    if size.short is None:
        target = (float(max(height, LEAST)), float(max(width, LEAST)))
    elif size.square:
        target = (float(size.short), float(size.short))
    else:
        scale = size.short / min(height, width)
        longest = LONGEST * size.short
        target = (min(height * scale, longest), min(width * scale, longest))
    step = size.multiple
    return (
        max(step, round(target[0] / step) * step),
        max(step, round(target[1] / step) * step),
    )
