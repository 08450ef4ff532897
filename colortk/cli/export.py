"""``colortk export``: write a colorizer as one ONNX file for other programs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from colortk.cli.common import (
    JSON,
    PLUGIN,
    WEIGHTS,
    need_one_colorizer,
    note_foreign_weights,
    print_json,
)
from colortk.cli.output import print_line, print_message
from colortk.cli.plugin_options import OPTIONS, VIVIDNESS


@click.command("export", short_help="Write a colorizer as one ONNX file for other programs.")
@PLUGIN
@click.option(
    "--output",
    "-o",
    default="colorize.onnx",
    show_default=True,
    metavar="FILE",
    help="Write to this file; '-' is stdout.",
)
@click.option(
    "--size",
    default="dynamic",
    show_default=True,
    metavar="dynamic|WxH",
    help="Set the size of the pictures: any, or only this one.",
)
@click.option(
    "--max-side",
    type=click.IntRange(1),
    metavar="N",
    help="Reduce the long side that the network sees to N pixels.",
)
@click.option("--strength-input", is_flag=True, help="Add an input that multiplies the colors.")
@OPTIONS
@VIVIDNESS
@WEIGHTS
@click.option("--force", is_flag=True, help="Overwrite the file.")
@JSON
def command(
    plugin: str,
    output: str,
    size: str,
    max_side: int | None,
    strength_input: bool,
    options: tuple[str, ...],
    weights: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write a colorizer as one ONNX file, which maps a picture to a picture.

    The file takes 8-bit RGB or gray and returns 8-bit RGB of the same size. It contains all that
    `colortk run` does between decoding and encoding, and runs in ONNX Runtime without colortk.

    \b
    colortk export -o colorize.onnx
    """
    need_one_colorizer(plugin)
    from colortk.errors import UsageError
    from colortk.io.files import write_atomic
    from colortk.runtime.loading import PluginRequest, load
    from colortk.runtime.picture_graph.facts import describe
    from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file, require_onnx

    require_onnx()
    file_options = FileOptions(_parsed_size(size), max_side, strength_input)
    path = None if output == "-" else Path(output)
    if path is None and as_json:
        raise UsageError("--json with -o -", "both write to standard output", "name a file")
    if path is not None and not force and path.exists():
        raise UsageError(f"'{path}' exists", "it would be lost", "use --force to overwrite it")
    foreign = note_foreign_weights(plugin, weights)
    loaded = load(PluginRequest(plugin, options, weights))
    facts = describe(loaded, options, foreign)
    content = picture_file(loaded, file_options, facts)
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    write_atomic(path, content, force)
    if as_json:
        print_json({"file": str(path), "bytes": len(content), "metadata": facts}, indent=1)
    else:
        print_message(f"{len(content) / 1e6:.1f} MB")
        print_line(path)


def _parsed_size(text: str) -> tuple[int, int] | None:
    """Return height and width of ``WxH``, and ``None`` of "dynamic"."""
    from colortk.errors import UsageError

    if text == "dynamic":
        return None
    match = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)
    if match is None:
        reason = "it is neither 'dynamic' nor a width and a height in pixels"
        raise UsageError(f"--size {text}", reason, "write it as 640x480")
    return int(match[2]), int(match[1])
