"""Colorize a picture of a visitor, with the result of ``colortk run``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colortk.color.cielab import lightness
from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.guidance.hints import Hint
from colortk.guidance.prepare import make_guide
from colortk.io.bit_depth import to_rgb8
from colortk.io.encode import encode, extension_of, suggest_extension
from colortk.io.files import write_atomic
from colortk.pipeline import colorize, refiner
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.versions import Variant
from colortk.types import Float32
from colortk.ui.kept_predictions import KeptPlugin, KeptPrediction, shrink_lightness
from colortk.ui.limits import Limits
from colortk.ui.page_hints import check_size, summarize_notes
from colortk.ui.painted_mask import PaintedMask
from colortk.ui.pooled_plugin import PluginWithOptions, PooledPlugin
from colortk.ui.previews import (
    PREVIEW_SIDE,
    THUMBNAIL_SIDE,
    gray_preview,
    save_preview,
    shrink_to_side,
)

#: Suffix of the names of results, the same as in ``colortk run``.
SUFFIX = "-colorized"


@dataclass(frozen=True)
class UploadOptions:
    """The settings that a visitor chooses.

    Parameters
    ----------
    strength : float
        Factor on chroma, from 0 to 2.
    refine : str
        Name of a chroma refinement.
    extension : str
        Type of the result; "" is the type of the input.
    hints : tuple of Hint
        Colors at points of the picture.
    keep_border : bool
        Leave borders and mounts gray.
    mask : PaintedMask or None
        What gets colors; ``None``: everything.
    variant : Variant or None
        The version that the plugin's prediction is; ``None``: the automatic one.
    """

    strength: float = 1.0
    refine: str = "ratio"
    extension: str = ""
    hints: tuple[Hint, ...] = ()
    keep_border: bool = False
    mask: PaintedMask | None = None
    variant: Variant | None = None

    @property
    def guided(self) -> bool:
        """Whether the visitor set colors or what stays gray."""
        return bool(self.hints) or self.keep_border or self.mask is not None


@dataclass(frozen=True)
class ColorizedPicture:
    """A colorized picture.

    Parameters
    ----------
    file : Path
        The file that ``colortk run`` would write.
    before, after, thumbnail : Path
        Previews, gray and in color, and a small one in color.
    width, height : int
        Size of the result, in pixels.
    seconds : float
        Time for prediction and chroma.
    prediction : KeptPrediction
        What the plugin predicted.
    notes : list of str
        One line for each property that was lost.
    hint_notes : list of str
        One line for each kind of hint that could not be used as given.
    """

    file: Path
    before: Path
    after: Path
    thumbnail: Path
    width: int
    height: int
    seconds: float
    prediction: KeptPrediction
    notes: list[str] = field(default_factory=list)
    hint_notes: list[str] = field(default_factory=list)


def colorize_picture(
    path: Path,
    name: str,
    plugin: PooledPlugin | PluginWithOptions | KeptPlugin,
    options: UploadOptions,
    limits: Limits,
    folder: Path,
) -> ColorizedPicture:
    """Colorize a picture file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name, for messages and for the name of the result.
    plugin : PooledPlugin
        The colorizer.
    options : UploadOptions
        Settings.
    limits : Limits
        Limits of the page.
    folder : Path
        Where results are written.

    Raises
    ------
    PictureError, PluginError, UsageError
        If the picture cannot be read, colorized or written.
    """
    picture = limits.decode(path, name)
    dtype = np.uint16 if picture.pixels.dtype == np.uint16 else np.uint8
    light = lightness(picture.pixels)
    guide = None
    if options.guided:
        check_size(options.hints, *light.shape)
        mask = None if options.mask is None else options.mask.picture()
        guide = make_guide(
            picture.pixels, light, options.hints, mask=mask, keep_border=options.keep_border
        )
    picture.pixels = np.empty(0, picture.pixels.dtype)  # frees the memory of the colors
    strength = options.strength * plugin.strength
    result = colorize(light, plugin, refiner(options.refine), strength, dtype, guide)
    hint_notes = []
    if guide is not None:
        names = {str(hint): f"at {hint.x:g}, {hint.y:g}" for hint in options.hints}
        hint_notes = summarize_notes(guide.notes, names)
    ab = result.ab
    if options.hints and plugin.follows_hints:  # the kept prediction is that without hints
        ab = plugin.predict(working_lightness(plugin.spec, light))
    prediction = KeptPrediction(ab, shrink_lightness(light), *light.shape)
    del light, guide
    number = "" if options.variant is None else f"-{options.variant.number}"
    extension = options.extension or suggest_extension(picture)
    file = folder / f"{Path(name).stem}{SUFFIX}{number}.{extension}"
    data = encode(result.rgb, picture, extension_of(file), picture.notes)
    write_atomic(file, data, durable=False)
    height, width = result.rgb.shape[:2]
    after = to_rgb8(shrink_to_side(result.rgb, PREVIEW_SIDE))
    return ColorizedPicture(
        file,
        save_preview(folder / "before.jpg", gray_preview(after)),
        save_preview(folder / "after.jpg", after),
        save_preview(folder / "thumbnail.jpg", shrink_to_side(after, THUMBNAIL_SIDE)),
        width,
        height,
        sum(result.seconds.values()),
        prediction,
        picture.notes,
        hint_notes,
    )


def predict_versions(
    path: Path,
    name: str,
    plugin: PooledPlugin | PluginWithOptions,
    limits: Limits,
    count: int,
    seed: int,
) -> KeptPrediction:
    """Predict several versions of a picture file.

    Parameters
    ----------
    path, name, plugin, limits
        As for :func:`colorize_picture`.
    count, seed : int
        Number of versions, and the seed of their choice.

    Returns
    -------
    KeptPrediction
        Its chroma has the shape (count, h, w, 2).

    Raises
    ------
    PictureError, PluginError, UsageError
        If the picture cannot be read, or the plugin makes only one version.
    """
    light = lightness(limits.decode(path, name).pixels)
    versions = plugin.predict_samples(working_lightness(plugin.spec, light), count, seed)
    return KeptPrediction(versions, shrink_lightness(light), *light.shape)


def working_lightness(spec: ColorizerSpec, light: Float32) -> Float32:
    """Return CIE L*, float32 (H, W), at the working size of a plugin."""
    rows, columns = working_shape(spec.working_size, light.shape[0], light.shape[1])
    return np.ascontiguousarray(resize(light, (columns, rows)))
