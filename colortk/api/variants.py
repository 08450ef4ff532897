"""``colortk.colorize_variants``: several versions of one picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from numpy.typing import NDArray

from colortk.api.guidance import HintsInput, PictureGuidance
from colortk.api.image_types import ImageInput
from colortk.api.picture import colorize_each
from colortk.api.predictors import execution_settings, get_plugin
from colortk.guidance.options import Region
from colortk.guidance.variants import check_variants
from colortk.plugin.spec import DEFAULT
from colortk.runtime.loading import need_samples
from colortk.runtime.versions import Variant, VersionPredictor

if TYPE_CHECKING:
    from PIL.Image import Image


@overload
def colorize_variants(
    image: ImageInput,
    count: int = ...,
    plugin: str = ...,
    *,
    seed: int = ...,
    strength: float = ...,
    refine: str = ...,
    options: Mapping[str, Any] | None = ...,
    weights: str | os.PathLike[str] | None = ...,
    hints: HintsInput | None = ...,
    scribbles: ImageInput | Image | None = ...,
    mask: ImageInput | Image | None = ...,
    regions: Sequence[str | Region] = ...,
    keep_border: bool = ...,
    palette: str | os.PathLike[str] | Sequence[str] | None = ...,
    allow_truncated: bool = ...,
    device: str | None = ...,
    threads: int | None = ...,
) -> list[NDArray[Any]]: ...


@overload
def colorize_variants(
    image: Image,
    count: int = ...,
    plugin: str = ...,
    *,
    seed: int = ...,
    strength: float = ...,
    refine: str = ...,
    options: Mapping[str, Any] | None = ...,
    weights: str | os.PathLike[str] | None = ...,
    hints: HintsInput | None = ...,
    scribbles: ImageInput | Image | None = ...,
    mask: ImageInput | Image | None = ...,
    regions: Sequence[str | Region] = ...,
    keep_border: bool = ...,
    palette: str | os.PathLike[str] | Sequence[str] | None = ...,
    allow_truncated: bool = ...,
    device: str | None = ...,
    threads: int | None = ...,
) -> list[Image]: ...


def colorize_variants(
    image: ImageInput | Image,
    count: int = 4,
    plugin: str = DEFAULT,
    *,
    seed: int = 0,
    strength: float = 1.0,
    refine: str = "ratio",
    options: Mapping[str, Any] | None = None,
    weights: str | os.PathLike[str] | None = None,
    hints: HintsInput | None = None,
    scribbles: ImageInput | Image | None = None,
    mask: ImageInput | Image | None = None,
    regions: Sequence[str | Region] = (),
    keep_border: bool = False,
    palette: str | os.PathLike[str] | Sequence[str] | None = None,
    allow_truncated: bool = False,
    device: str | None = None,
    threads: int | None = None,
) -> list[Any]:
    """Make several plausible versions of a picture that differ clearly.

    Parameters
    ----------
    image : str, path, bytes, binary file object, array or PIL image
        The picture, as for :func:`colortk.colorize`.
    count : int
        Number of versions, 1 to 16.
    plugin : str
        Name of a colorizer that can make several versions (``effnet_bins`` can). The first version
        of ``effnet_bins`` is the result of :func:`colortk.colorize`.
    seed : int
        Another seed gives other versions.
    strength, refine, options, weights, hints, scribbles, mask, regions, keep_border, palette
        As for :func:`colortk.colorize`. Hints count in each version.
    allow_truncated, device, threads
        As for :func:`colortk.colorize`.

    Returns
    -------
    list of array or PIL image
        Each as :func:`colortk.colorize` returns it.

    Raises
    ------
    UsageError
        The plugin predicts only one version, or an argument is wrong.
    PictureError, PluginError, ArtifactError
        As :func:`colortk.colorize`.

    Examples
    --------
    >>> import numpy as np
    >>> import colortk
    >>> gray = np.linspace(0, 255, 4096, dtype=np.uint8).reshape(64, 64)
    >>> versions = colortk.colorize_variants(gray, 3)
    >>> len(versions), versions[0].shape
    (3, (64, 64, 3))
    """
    check_variants(count, seed)
    guidance = PictureGuidance(hints, scribbles, mask, regions, keep_border, palette)
    with execution_settings(device, threads):
        loaded = get_plugin(plugin, options, weights)
        need_samples(loaded.spec)
        predictors = [
            VersionPredictor(loaded, Variant(number, count, seed)) for number in range(1, count + 1)
        ]
        return colorize_each(image, predictors, guidance, strength, refine, allow_truncated)
