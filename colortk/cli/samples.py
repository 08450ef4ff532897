"""``colortk samples``: sample photographs."""

from __future__ import annotations

from pathlib import Path

import click

from colortk.cli.common import JSON, print_json
from colortk.cli.output import print_line


@click.command("samples", short_help="List or write sample photographs.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the photographs to this folder.",
)
@click.option("--gray", is_flag=True, help="Write gray versions, as PNG.")
@click.option("--force", is_flag=True, help="Overwrite files.")
@JSON
def command(output: Path | None, gray: bool, force: bool, as_json: bool) -> None:
    """List the photographs that scikit-learn ships, or write them to a folder.

    \b
    colortk samples -o samples && colortk run samples/china.jpg
    """
    from colortk.errors import PictureError, UsageError
    from colortk.io.files import write_atomic
    from colortk.io.samples import photographs

    paths = []
    for name, path in photographs().items():
        if output is None:
            paths.append(path)
            continue
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot create the folder '{output}'", error.strerror or ""
            ) from error
        data = path.read_bytes()
        target = output / name
        if gray:
            target = target.with_name(f"{path.stem}-gray.png")
            data = _gray(data, name)
        if force or not target.exists():
            write_atomic(target, data, force)
        elif _content(target) != data:
            raise PictureError(
                f"'{target}' exists",
                "its content differs from the sample",
                "use --force to overwrite it",
            )
        paths.append(target)
    if as_json:
        print_json([str(path) for path in paths])
    else:
        for path in paths:
            print_line(path)


def _gray(data: bytes, name: str) -> bytes:
    from colortk.color.cielab import gray_rgb, lightness
    from colortk.io.decode import decode
    from colortk.io.encode import encode

    picture = decode(data, name)
    return encode(gray_rgb(lightness(picture.pixels)), picture, "png", [])


def _content(path: Path) -> bytes:
    from colortk.errors import PictureError
    from colortk.io.regular_files import read_regular

    try:
        return read_regular(path)
    except OSError as error:
        raise PictureError(f"cannot read '{path}'", error.strerror or str(error)) from error
