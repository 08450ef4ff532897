"""The colors that a user set for one picture, read from options and from files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from colortk.errors import PictureError, UsageError
from colortk.guidance.border import border_mask
from colortk.guidance.constraints import constraints_of
from colortk.guidance.guide import Guide
from colortk.guidance.hints import Hint, of_still, read_hints
from colortk.guidance.masks import mask_factor
from colortk.guidance.options import GuidanceOptions
from colortk.guidance.scribbles import strokes
from colortk.guidance.sidecars import hints_sidecar, strokes_sidecar
from colortk.io.bit_depth import to_8_bits, to_rgb8
from colortk.io.decode import decode, read_bytes
from colortk.io.picture import Picture
from colortk.types import Array, Float32

#: Share of transparent pixels from which on a picture with strokes is a layer, not a copy.
LAYER_SHARE = 0.05


def prepare_guide(
    options: GuidanceOptions, source: Path | None, pixels: Array, lightness: Float32
) -> Guide:
    """Read the colors that a user set for a picture.

    Parameters
    ----------
    options : GuidanceOptions
        The user's options.
    source : Path or None
        The picture's file, beside which files are looked up; ``None`` if it has none.
    pixels : uint8 or uint16 array of shape (H, W) or (H, W, 3)
        The whole, upright picture.
    lightness : float32 array of shape (H, W)
        Its CIE L*, 0 to 100.

    Returns
    -------
    Guide
        With notes on hints that could not be used as given.

    Raises
    ------
    PictureError
        A file cannot be read, or does not fit the picture.
    """
    try:
        hints, scribbles = options.hints, options.scribbles
        if options.sidecars and source is not None:
            if (path := hints_sidecar(source)) is not None:
                hints = (*read_hints(path), *hints)
            scribbles = scribbles or strokes_sidecar(source)
        marked = None if scribbles is None else decode(read_bytes(scribbles), str(scribbles))
        mask = None
        if options.mask is not None:
            mask = decode(read_bytes(options.mask), str(options.mask))
        guide = make_guide(pixels, lightness, hints, marked, mask, options.keep_border)
        return replace(guide, regions=options.regions, palette=options.palette)
    except UsageError as error:  # it concerns this picture: others go on
        raise PictureError(error.problem, error.reason, error.hint) from error


def make_guide(
    pixels: Array,
    lightness: Float32,
    hints: Sequence[Hint] = (),
    marked: Picture | None = None,
    mask: Picture | None = None,
    keep_border: bool = False,
) -> Guide:
    """Return the guide of a picture.

    Parameters
    ----------
    pixels : uint8 or uint16 array of shape (H, W) or (H, W, 3)
        The picture, from which strokes on a copy differ.
    lightness : float32 array of shape (H, W)
        Its CIE L*, 0 to 100.
    hints : sequence of Hint
        Colors at points. They count where strokes set another color.
    marked : Picture or None
        A copy of the picture with strokes, or a transparent layer of strokes.
    mask : Picture or None
        White where colors are wanted.
    keep_border : bool
        Leave borders and mounts of scans gray.

    Raises
    ------
    UsageError
        ``marked`` or ``mask`` does not fit the picture.
    """
    constraints = constraints_of(of_still(hints), lightness)
    if marked is not None:
        alpha = None if marked.alpha is None else to_8_bits(marked.alpha)
        is_layer = alpha is not None and bool((alpha == 0).mean() > LAYER_SHARE)
        layer_alpha = alpha if is_layer else None
        drawn = strokes(
            to_rgb8(marked.pixels), lightness, layer_alpha, to_rgb8(pixels), marked.format
        )
        constraints = drawn.joined(constraints)
    factor = None
    if mask is not None:
        factor = mask_factor(mask, (lightness.shape[0], lightness.shape[1]))
    if keep_border:
        inside = (~border_mask(lightness)).astype(np.float32)
        factor = inside if factor is None else factor * inside
    notes = list(constraints.notes)
    if factor is not None and len(constraints):
        hidden = factor[constraints.rows, constraints.columns] == 0
        if hidden.any():
            notes.append(
                f"{int(hidden.sum()):,} of {len(constraints):,} pixels of hints are ignored: "
                "they are outside the mask or on the border"
            )
        constraints = constraints.select(~hidden)
    return Guide(constraints, factor, (), notes)
