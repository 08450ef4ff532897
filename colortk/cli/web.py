"""``colortk web``: a static web page that colorizes pictures in the browser."""

from __future__ import annotations

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

_PACKAGE = Path("node_modules", "onnxruntime-web")


@click.group("web", short_help="Write a web page that colorizes in the browser.")
def command() -> None:
    """Write a static web page that colorizes pictures in the browser, without a server."""


@command.command("export", short_help="Write the page and the colorizer to a folder.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@PLUGIN
@click.option(
    "--runtime",
    type=click.Path(path_type=Path),
    default=_PACKAGE,
    show_default=True,
    metavar="DIR|TGZ",
    help="Copy ONNX Runtime Web from its npm package.",
)
@click.option(
    "--max-side",
    type=click.IntRange(1),
    metavar="N",
    help="Reduce the long side that the network sees to N pixels.",
)
@OPTIONS
@VIVIDNESS
@WEIGHTS
@click.option("--force", is_flag=True, help="Overwrite the files of an older page.")
@JSON
def export(
    folder: Path,
    plugin: str,
    runtime: Path,
    max_side: int | None,
    options: tuple[str, ...],
    weights: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write the page and the colorizer to DIR.

    Any server of static files can serve DIR. The page sends nothing, and works offline after its
    first visit. It needs the npm package onnxruntime-web.

    \b
    npm pack onnxruntime-web@1.30.0
    colortk web export page --runtime onnxruntime-web-1.30.0.tgz
    python -m http.server -d page
    """
    need_one_colorizer(plugin)
    from colortk.runtime.loading import PluginRequest, load
    from colortk.runtime.picture_graph.facts import describe
    from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file, require_onnx
    from colortk.web.page_folder import check_target, page_files, runtime_files, write_page

    require_onnx()
    check_target(folder, force)
    runtime_contents = runtime_files(runtime)
    foreign = note_foreign_weights(plugin, weights)
    loaded = load(PluginRequest(plugin, options, weights))
    facts = describe(loaded, options, foreign)
    model = picture_file(loaded, FileOptions(max_side=max_side, strength=True), facts)
    contents = page_files(model, facts, runtime_contents)
    write_page(folder, contents)
    sizes = {name: len(content) for name, content in contents.items()}
    if as_json:
        print_json({"folder": str(folder), "bytes": sizes, "metadata": facts}, indent=1)
        return
    own = sum(size for name, size in sizes.items() if name not in runtime_contents)
    print_message(
        f"{own / 1e6:.1f} MB, and {(sum(sizes.values()) - own) / 1e6:.1f} MB of ONNX Runtime Web."
        f" To see the page: python -m http.server -d {folder}"
    )
    print_line(folder)
