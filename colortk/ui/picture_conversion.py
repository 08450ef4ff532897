"""One picture of a visitor, as ``colortk run`` does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colortk.color.cielab import lightness
from colortk.io.encode import encode, extension_of, suggest_extension
from colortk.io.files import write_atomic
from colortk.pipeline import colorize, refiner
from colortk.ui.limits import Limits
from colortk.ui.plugin_pool import PooledPlugin
from colortk.ui.previews import (
    PREVIEW_SIDE,
    gray_preview,
    save_preview,
    shrink_to_side,
    to_eight_bits,
)

#: Of ``colortk run``: what its results are called.
SUFFIX = "-colorized"


@dataclass(frozen=True)
class PictureOptions:
    """What a visitor asks for. ``extension``: type of the file, "" is that of the input."""

    strength: float = 1.0
    refine: str = "ratio"
    extension: str = ""


@dataclass(frozen=True)
class ColorizedPicture:
    """``file``: what ``colortk run`` would write. ``before``, ``after``: small ones, to look at."""

    file: Path
    before: Path
    after: Path
    width: int
    height: int
    seconds: float
    notes: list[str] = field(default_factory=list)


def colorize_picture(
    path: Path,
    name: str,
    plugin: PooledPlugin,
    options: PictureOptions,
    limits: Limits,
    folder: Path,
) -> ColorizedPicture:
    """Colorize the picture file ``path``, called ``name``, into ``folder``.

    Raises ``PictureError``, ``PluginError`` or ``UsageError``.
    """
    picture = limits.decode(path, name)
    dtype = np.uint16 if picture.pixels.dtype == np.uint16 else np.uint8
    light = lightness(picture.pixels)
    picture.pixels = np.empty(0, picture.pixels.dtype)  # its colours are not needed any more
    strength = options.strength * plugin.strength
    result = colorize(light, plugin, refiner(options.refine), strength, dtype)
    del light
    file = folder / f"{Path(name).stem}{SUFFIX}.{options.extension or suggest_extension(picture)}"
    data = encode(result.rgb, picture, extension_of(file), picture.notes)
    write_atomic(file, data, durable=False)
    height, width = result.rgb.shape[:2]
    after = to_eight_bits(shrink_to_side(result.rgb, PREVIEW_SIDE))
    return ColorizedPicture(
        file,
        save_preview(folder / "before.jpg", gray_preview(after)),
        save_preview(folder / "after.jpg", after),
        width,
        height,
        sum(result.seconds.values()),
        picture.notes,
    )
