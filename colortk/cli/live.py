"""``colortk live``: show a film or a camera in color while it runs."""

from __future__ import annotations

from contextlib import closing

import click

from colortk.cli.common import (
    DEVICE,
    PLUGIN,
    STRENGTH,
    THREADS,
    configure_runtime,
    need_one_colorizer,
)
from colortk.cli.output import print_message
from colortk.cli.plugin_options import OPTIONS, VIVIDNESS

TEMPORAL = click.option(
    "--temporal",
    type=click.Choice(["flow", "off", "plugin"]),
    help="Choose how colors are made steady. [default: flow, or plugin if it can]",
)


@click.command("live", short_help="Show a film or a camera in color while it runs.")
@click.argument("source", default="0", metavar="[SOURCE]")
@PLUGIN
@TEMPORAL
@STRENGTH
@VIVIDNESS
@OPTIONS
@THREADS
@DEVICE
def command(
    source: str,
    plugin: str,
    temporal: str | None,
    strength: float,
    options: tuple[str, ...],
    threads: int | None,
    device: str | None,
) -> int:
    """Show a film or a camera in color while it runs.

    SOURCE is a film or the number of a camera; the first camera is 0. The key q closes the window.
    The window shows the frames per second. A film keeps its speed: frames whose time passes while
    another frame is colorized are dropped. The last line states the rate that was shown.
    A plugin that declares film steadies colors itself (--temporal plugin), if it needs no later
    frames. No camera has been tried yet; please report how yours works.
    """
    configure_runtime(threads, device)
    need_one_colorizer(plugin)
    from colortk.pipeline import refiner
    from colortk.runtime.loading import PluginRequest, load
    from colortk.video.colorize_frame import FrameSettings
    from colortk.video.display_check import require_display
    from colortk.video.live import LiveColorizer, show
    from colortk.video.luma_tables import BT601

    require_display()
    frame_settings = FrameSettings(refiner("ratio"), BT601, strength=strength)
    loaded = load(PluginRequest(plugin, options))
    temporal = temporal or ("plugin" if loaded.spec.film else "flow")
    with closing(LiveColorizer(loaded, frame_settings, temporal)) as colorizer:
        summary = show(source, colorizer)
    print_message(str(summary))
    return 0
