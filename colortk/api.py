"""The functions of ``import colortk``, for scripts and notebooks."""

from __future__ import annotations

import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color.cielab import lightness
from colortk.errors import UsageError
from colortk.io.decode import decode, read_bytes
from colortk.pipeline import colorize as colorize_lightness
from colortk.pipeline import colorize_present, refiner
from colortk.plugin.options import option_texts, options_key, parse_options, with_absolute_paths
from colortk.plugin.registry import registry
from colortk.plugin.spec import DEFAULT
from colortk.runtime.loading import Loaded, Request, load
from colortk.store.artifacts import artifacts_of
from colortk.types import Array


@lru_cache(maxsize=4)
def _loaded(request: Request, content: str) -> Loaded:
    """One plugin with one ``content`` of weights and option files, kept."""
    return load(request)


def colorize(
    image: Array | str | os.PathLike[str],
    plugin: str = DEFAULT,
    *,
    strength: float = 1.0,
    refine: str = "ratio",
    options: dict[str, Any] | None = None,
    weights: str | os.PathLike[str] | None = None,
    allow_truncated: bool = False,
) -> Array:
    """Colorize a picture; its lightness (CIE L*) is kept at every pixel.

    ``image``: a file, or an array, uint8 or uint16, (H, W) grey or (H, W, 3) sRGB, of which only
    the lightness is used. ``strength``: factor on chroma, 0..2. ``refine``: name of a chrominance
    refinement. ``options``: of the plugin. ``weights``: a folder that ``colortk fit`` wrote. A
    plugin stays loaded for the next call. ``allow_truncated``: colorize what is present of a damaged
    JPEG, PNG or TIFF, leave the rest gray, and warn (``UserWarning``) of the rows that are missing.

    Returns (H, W, 3) sRGB of the input's dtype. Raises ``UsageError``, ``PluginError``,
    ``ArtifactError``, or ``PictureError`` for a picture that cannot be read or colorized.
    """
    if not isinstance(strength, (int, float)) or not 0 <= strength <= 2:
        raise UsageError(f"strength {strength}", "a number from 0 to 2 is wanted")
    missing = None
    if isinstance(image, np.ndarray):
        pixels = image
        shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
        if pixels.dtype not in (np.uint8, np.uint16) or not shaped or not pixels.size:
            raise UsageError(
                "cannot colorize the array",
                f"it is {pixels.dtype} {pixels.shape}",
                "uint8 or uint16, (H, W) or (H, W, 3) is wanted",
            )
    elif not isinstance(image, (str, os.PathLike)):
        raise UsageError(
            "cannot colorize it", f"it is {type(image).__name__}", "an array or a file is wanted"
        )
    else:
        path = Path(image)
        picture = decode(read_bytes(path), str(path), allow_truncated=allow_truncated)
        pixels, missing = picture.pixels, picture.missing
    spec = registry().colorizer(plugin)[1]
    given = with_absolute_paths(spec, option_texts(options))
    folder = None if weights is None else Path(weights).resolve()
    request = Request(plugin, given, folder)
    # A file that an option names is read when the plugin is loaded: another content is another plugin.
    content = artifacts_of(spec, folder).digest + options_key(parse_options(spec, given))
    dtype = np.uint16 if pixels.dtype == np.uint16 else np.uint8
    light, predictor, refining = lightness(pixels), _loaded(request, content), refiner(refine)
    if missing is not None:
        warnings.warn(f"'{image}' is incomplete: {missing}", stacklevel=2)
        return colorize_present(light, missing, predictor, refining, strength, dtype).rgb
    return colorize_lightness(light, predictor, refining, strength, dtype).rgb
