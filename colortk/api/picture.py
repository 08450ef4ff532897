"""``colortk.colorize``: one picture, given as a path, array, PIL image, bytes or file object."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from colortk.api.guidance import HintsInput, PictureGuidance, read_guide
from colortk.api.image_types import ImageInput, read_image
from colortk.api.predictors import ColorizeFunction, execution_settings, get_predictor
from colortk.color.cielab import lightness
from colortk.errors import Notice, UsageError
from colortk.guidance.options import Region
from colortk.pipeline import colorize as colorize_lightness
from colortk.pipeline import colorize_present, refiner
from colortk.plugin.spec import DEFAULT
from colortk.runtime.predictors import Predictor

if TYPE_CHECKING:
    from PIL.Image import Image


@overload
def colorize(
    image: ImageInput,
    plugin: str | ColorizeFunction = ...,
    *,
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
    reference: str | os.PathLike[str] | None = ...,
    allow_truncated: bool = ...,
    device: str | None = ...,
    threads: int | None = ...,
) -> NDArray[Any]: ...


@overload
def colorize(
    image: Image,
    plugin: str | ColorizeFunction = ...,
    *,
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
    reference: str | os.PathLike[str] | None = ...,
    allow_truncated: bool = ...,
    device: str | None = ...,
    threads: int | None = ...,
) -> Image: ...


def colorize(
    image: ImageInput | Image,
    plugin: str | ColorizeFunction = DEFAULT,
    *,
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
    reference: str | os.PathLike[str] | None = None,
    allow_truncated: bool = False,
    device: str | None = None,
    threads: int | None = None,
) -> NDArray[Any] | Image:
    """Colorize a picture. Its lightness (CIE L*) is kept at every pixel.

    Colors of the input are ignored: only its lightness is used.

    Parameters
    ----------
    image : str, path, bytes, binary file object, array or PIL image
        The picture. A file may have any format that ``colortk run`` reads; its EXIF rotation is
        applied. An array holds sRGB as uint8, uint16, or float from 0 to 1, and has the shape
        (H, W) or (H, W, 1) for gray, (H, W, 3) for color, (H, W, 2) or (H, W, 4) with alpha.
        A PIL image may have any mode but ``I`` and ``F``.
    plugin : str or callable
        Name of a colorizer, see :func:`colortk.list_plugins`; or a function that gets the lightness
        of the whole picture (enlarged if a side has less than 16 pixels), float32 (H, W), CIE L*
        from 0 to 100, and returns chroma,
        float (H, W, 2), CIE a* and b*.
    strength : float
        Factor on chroma, from 0 (gray) to 2.
    refine : str
        Name of a chroma refinement: "ratio" keeps hue and lightness of colors that sRGB cannot
        show, "none" clips them, "slide" is the formula of the ``sift_mlp`` paper.
    options : mapping, optional
        Options of the plugin, by name. A path is a ``str`` or a ``Path``.
    weights : path, optional
        A folder that ``colortk fit`` wrote, or a file, instead of the plugin's own weights.
    hints : path, mapping or sequence, optional
        Colors at points: a JSON file as of ``colortk run --hints``, its content, or a list of its
        points, such as ``[{"x": 420, "y": 310, "color": "#2a4d8f"}]``. A color spreads up to the
        next edges.
    scribbles : picture, optional
        A copy of the picture with strokes of color, or a transparent layer of strokes; of any type
        that ``image`` can have.
    mask : picture, optional
        Only where it is white, the result has colors.
    regions : sequence of str or Region
        Rectangles in which predicted colors are stronger or weaker, each such as
        ``"0,0,200,100:strength=0.5"``: pixels from the left and the top, width and height.
    keep_border : bool
        Leave the border or mount of a scan gray.
    palette : path or sequence of str, optional
        Colors to which the predicted colors are moved: a list such as ``["#a03020", "#2a4d8f"]``,
        a GIMP palette (``.gpl``), or a picture.
    reference : path, optional
        A color picture of the same or a similar scene. Its colors are taken where it matches. The
        default plugin is then "exemplar".
    allow_truncated : bool
        Colorize the present part of a damaged JPEG, PNG or TIFF file. The missing rows are gray,
        and a ``UserWarning`` lists them.
    device : {"auto", "cpu", "gpu"}, optional
        Where networks run. By default the environment variable ``COLORTK_DEVICE``, else "auto".
    threads : int, optional
        Threads that the call may use. By default ``COLORTK_THREADS``, else all cores.

    Returns
    -------
    array or PIL image
        sRGB, (H, W, 3), or (H, W, 4) if the input has alpha, which is kept. An array has the
        dtype of the input array. A path, bytes or a file object gives an array of uint8, or uint16
        if the file has 16 bits a channel. A PIL image gives a PIL image of mode RGB or RGBA with
        the ``info`` of the input, without its ICC profile, because the result is sRGB.

    Raises
    ------
    UsageError
        An argument is wrong: unknown plugin or option, unsupported type, shape, dtype or range.
    PictureError
        The picture cannot be read or colorized.
    PluginError
        The plugin is broken, or lacks a module.
    ArtifactError
        Weights of the plugin are missing or not trusted.

    See Also
    --------
    colortk.colorize_variants : Make several versions of a picture.
    colortk.colorize_video : Colorize a film.
    colortk.list_plugins : List the names of plugins.

    Notes
    -----
    A plugin stays loaded for the next call. ``device`` and ``threads`` are settings of the process
    while the call runs: do not call this function from several threads with different ones.

    Examples
    --------
    Colorize an array with a function that returns a warm brown for every lightness:

    >>> import numpy as np
    >>> import colortk
    >>> gray = np.linspace(0, 255, 12, dtype=np.uint8).reshape(3, 4)
    >>> def sepia(lightness):
    ...     return np.full((*lightness.shape, 2), (5, 20), np.float32)
    >>> result = colortk.colorize(gray, sepia)
    >>> result.shape, result.dtype
    ((3, 4, 3), dtype('uint8'))
    >>> red, green, blue = result[1, 2]
    >>> bool(red > green > blue)
    True

    Float arrays stay float, and PIL images stay PIL images:

    >>> from PIL import Image
    >>> colortk.colorize(gray / 255, "gray").dtype
    dtype('float64')
    >>> colortk.colorize(Image.fromarray(gray), sepia).mode
    'RGB'

    Use a plugin with half of its chroma, on one processor core:

    >>> pale = colortk.colorize(gray, "mean_color", strength=0.5, threads=1)

    Make the upper left corner blue:

    >>> point = {"x": 0, "y": 0, "color": "#8090ff"}
    >>> blue = colortk.colorize(gray + 120, "gray", hints=[point])
    >>> bool(blue[0, 0, 2] > blue[0, 0, 0])
    True
    """
    guidance = PictureGuidance(hints, scribbles, mask, regions, keep_border, palette)
    with execution_settings(device, threads):
        predictor = get_predictor(plugin, options, weights, reference)
        colorized: NDArray[Any] | Image
        (colorized,) = colorize_each(
            image, [predictor], guidance, strength, refine, allow_truncated
        )
    return colorized


def colorize_each(
    image: ImageInput | Image,
    predictors: Sequence[Predictor],
    guidance: PictureGuidance,
    strength: float,
    refine: str,
    allow_truncated: bool,
) -> list[Any]:
    """Colorize a picture once with each predictor; parameters as of :func:`colorize`.

    Returns
    -------
    list of array or PIL image
        One result for each predictor.

    Raises
    ------
    UsageError, PictureError, PredictionError
        As :func:`colorize`.
    """
    if (
        isinstance(strength, bool)
        or not isinstance(strength, int | float)
        or not 0 <= strength <= 2
    ):
        raise UsageError(f"strength {strength!r}", "it is a number from 0 to 2")
    refining = refiner(refine)
    data = read_image(image, allow_truncated)
    dtype = np.uint16 if data.pixels.dtype == np.uint16 else np.uint8
    light = lightness(data.pixels)
    guide = read_guide(data.pixels, light, guidance)
    if data.missing is not None:
        warnings.warn(f"'{data.name}' is incomplete: {data.missing}", stacklevel=3)
    results = []
    for predictor in predictors:
        if data.missing is not None:
            result = colorize_present(
                light, data.missing, predictor, refining, strength, dtype, guide
            )
        else:
            result = colorize_lightness(light, predictor, refining, strength, dtype, guide)
        results.append(data.result(result.rgb))
    for note in guide.notes if guide is not None else ():
        warnings.warn(Notice(note), stacklevel=3)
    return results
