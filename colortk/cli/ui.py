"""``colortk ui``: the page, for people with a browser."""

from __future__ import annotations

from pathlib import Path

import click

from colortk.cli.common import DEVICE, THREADS, configure_runtime
from colortk.cli.output import print_line, print_message
from colortk.cli.startup import drop_output


@click.command("ui", short_help="Colorize, compare and ask people, in a browser.")
@click.option(
    "--host", default="127.0.0.1", show_default=True,
    help="Address to listen on; 0.0.0.0 is every one of this machine.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port. [default: 7860, else one that is free]"
)
@click.option(
    "--plugins", "-p", multiple=True, metavar="NAME,…",
    help="Offer a colorizer: NAME, NAME:OPTION=VALUE,… or NAME@WEIGHTS; repeatable. [default: all]",
)  # fmt: skip
@click.option(
    "--survey", type=click.Path(path_type=Path), metavar="DIR",
    help="A survey to ask, made by `colortk survey create`.",
)  # fmt: skip
@click.option(
    "--max-upload", type=click.FloatRange(0.001, 100_000), default=100, show_default=True,
    metavar="MB", help="Refuse larger files.",
)  # fmt: skip
@click.option(
    "--max-pixels", type=click.IntRange(1), default=50_000_000, show_default=True,
    help="Refuse larger pictures.",
)  # fmt: skip
@click.option(
    "--max-seconds", type=click.FloatRange(0.1, 3600), default=60, show_default=True,
    help="Colorize no more of a film.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=120, show_default=True,
    metavar="SECONDS", help="Stop a plugin that takes longer for a picture.",
)  # fmt: skip
@THREADS
@DEVICE
def command(
    host: str,
    port: int | None,
    plugins: tuple[str, ...],
    survey: Path | None,
    max_upload: float,
    max_pixels: int,
    max_seconds: float,
    timeout: float,
    threads: int | None,
    device: str | None,
) -> int:
    """Serve a page that colorizes pictures and short films, compares plugins, and asks a survey.

    Only this machine can open it, unless --host says otherwise; it loads nothing from elsewhere.
    Ctrl-C ends it.

    \b
    colortk ui
    colortk ui --plugins sift_mlp,mean_color --port 8000
    colortk ui --host 0.0.0.0 --survey survey/
    """
    configure_runtime(threads, device)
    from colortk.survey.create import labels
    from colortk.survey.session import Survey
    from colortk.ui.limits import MEGABYTE, Limits
    from colortk.ui.plugin_pool import create_plugin_pool
    from colortk.ui.server import ServerSettings, serve

    limits = Limits(
        upload=round(max_upload * MEGABYTE), pixels=max_pixels, film_seconds=max_seconds,
        film_frames=round(max_seconds * 60),
    )  # fmt: skip
    offered, notes = create_plugin_pool(labels(plugins), timeout)
    for note in notes:
        print_message(f"note: {note}")
    asked = Survey.open(survey) if survey is not None else None

    def ready(address: str) -> None:
        try:
            print_line(address)
        except OSError:  # stdout is closed or full, which is no reason to end the page
            drop_output()
            print_message(f"the page is at {address}")
        print_message("Ctrl-C ends it")

    try:
        serve(ServerSettings(host, port, limits), offered, asked, ready)
    except KeyboardInterrupt as interrupt:
        if type(interrupt) is not KeyboardInterrupt:  # SIGTERM or SIGHUP
            raise
    finally:
        offered.close()
        if asked is not None:
            asked.close()
    print_message("ended")
    return 0
