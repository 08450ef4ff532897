"""Options of ``colortk compare`` for films."""

from __future__ import annotations

import click

from colortk.video.temporal import INTERVAL, MAX_INTERVAL

#: What the values of --temporal mean, besides those that `colortk video` has, too.
TEMPORAL_MODES: dict[str, tuple[str, ...]] = {
    "both": ("off", "flow", "plugin"), "all": ("off", "flow", "keyframes", "plugin"), "skip": (),
}  # fmt: skip
TEMPORAL = click.option(
    "--temporal", type=click.Choice(["both", "off", "flow", "keyframes", "plugin", "all", "skip"]),
    default="both", show_default=True,
    help="Score films as predicted (off), steadied, or not (skip).",
)  # fmt: skip
KEYFRAMES = click.option(
    "--keyframes", type=click.IntRange(1, MAX_INTERVAL), metavar="K", default=INTERVAL,
    show_default=True, help="Colorize each K-th frame, for rows of keyframes.",
)  # fmt: skip
DEINTERLACE = click.option(
    "--deinterlace", type=click.Choice(["off", "auto", "bob"]), default="off",
    show_default=True, help="Deinterlace films before they are scored.",
)  # fmt: skip
FRAMES = click.option(
    "--frames", type=click.IntRange(1), metavar="N",
    help="Read at most N frames of each film. [default: 240]",
)  # fmt: skip
