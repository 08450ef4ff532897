"""Options with which a user sets colors: hints, strokes, masks and regions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from colortk.guidance.hints import Hint
    from colortk.guidance.options import GuidanceOptions

#: Value of ``--hints`` that reads the files beside each picture.
AUTO = "auto"

HINTS = click.option(
    "--hints",
    metavar="FILE|auto",
    help="Read hints from a JSON file, or (auto) beside each picture.",
)
HINT = click.option(
    "--hint",
    multiple=True,
    metavar="X,Y,#RRGGBB",
    help="Set the color at a point; repeatable.",
)
SCRIBBLES = click.option(
    "--scribbles",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Set colors by strokes on a copy of the picture or a layer.",
)
MASK = click.option(
    "--mask",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Colorize only where this picture is white.",
)
REGION = click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="X,Y,W,H:strength=S",
    help="Multiply predicted colors in a rectangle by S; repeatable.",
)
KEEP_BORDER = click.option(
    "--keep-border", is_flag=True, help="Leave the border or mount of a scan gray."
)
REFERENCE = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the colors of a similar picture where it matches.",
)
PALETTE = click.option(
    "--palette",
    metavar="FILE|#RRGGBB,...",
    help="Use the colors of a GIMP palette, a picture or a list.",
)

VARIANTS = click.option(
    "--variants",
    type=click.IntRange(1, 16),
    metavar="N",
    help="Write N different versions of each picture.",
)
SEED = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    metavar="N",
    help="Choose other versions for --variants.",
)


def guidance_options(
    hints: str | None,
    hint: tuple[str, ...],
    scribbles: Path | None,
    mask: Path | None,
    regions: tuple[str, ...],
    keep_border: bool,
    palette: str | None = None,
) -> GuidanceOptions | None:
    """Return the colors that the options of a command set, or ``None`` if they set none.

    Raises
    ------
    UsageError
        An option has a wrong form, or a file cannot be read.
    """
    if not (hints or hint or scribbles or mask or regions or keep_border or palette):
        return None
    from colortk.guidance.hints import hint_from_text, read_hints
    from colortk.guidance.options import GuidanceOptions, region_from_text
    from colortk.guidance.palette import read_palette

    listed = read_hints(Path(hints)) if hints and hints != AUTO else []
    return GuidanceOptions(
        hints=(*listed, *(hint_from_text(text) for text in hint)),
        sidecars=hints == AUTO,
        scribbles=_existing("--scribbles", scribbles),
        mask=_existing("--mask", mask),
        regions=tuple(region_from_text(text) for text in regions),
        keep_border=keep_border,
        palette=read_palette(palette) if palette else (),
    )


def with_reference(
    plugin: str, options: tuple[str, ...], reference: Path | None
) -> tuple[str, tuple[str, ...]]:
    """Return the plugin and its options that take colors from a reference, if there is one.

    :func:`check_reference` says whether the plugin can use it.

    Raises
    ------
    UsageError
        There is no such file, or an option names a reference, too.
    """
    if reference is None:
        return plugin, options
    from colortk.plugin.reference import plugin_with_reference, reference_option

    names = [text.partition("=")[0].strip() for text in options]
    option = reference_option(reference, names)
    return plugin_with_reference(plugin, reference), (*options, option)


def check_reference(plugin: str, reference: Path | None) -> None:
    """Raise ``UsageError`` if there is a reference, and a plugin has no option for one."""
    if reference is None:
        return
    from colortk.plugin.reference import need_reference_option
    from colortk.plugin.registry import registry

    need_reference_option(registry().colorizer(plugin)[1])


def film_hints(hints: str | None, hint: tuple[str, ...], film: Path) -> tuple[Hint, ...]:
    """Return the hints for a film that the options of a command state.

    Raises
    ------
    UsageError
        An option has a wrong form, or a file cannot be read.
    """
    from colortk.guidance.hints import hint_from_text, read_hints
    from colortk.guidance.sidecars import hints_sidecar

    path = hints_sidecar(film) if hints == AUTO else Path(hints) if hints else None
    listed = read_hints(path) if path is not None else []
    return (*listed, *(hint_from_text(text) for text in hint))


def _existing(option: str, path: Path | None) -> Path | None:
    """Return the absolute path of a file, since workers may have another working folder."""
    from colortk.errors import UsageError

    if path is None:
        return None
    if not path.is_file():
        reason = "it is a folder" if path.is_dir() else "there is no such file"
        raise UsageError(f"cannot read {option} '{path}'", reason, "give the path of a picture")
    return path.absolute()
