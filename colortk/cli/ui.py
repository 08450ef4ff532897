"""``colortk ui``: serve the page for the browser."""

from __future__ import annotations

from pathlib import Path

import click

from colortk.cli.common import DEVICE, THREADS, configure_runtime
from colortk.cli.output import print_line, print_message
from colortk.cli.startup import drop_output


@click.command("ui", short_help="Colorize and compare in the browser.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
    help="Listen on this address; 0.0.0.0 means all addresses.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N",
    help="Listen on this port. [default: 7860, or a free port]",
)  # fmt: skip
@click.option(
    "--plugins", "-p", multiple=True, metavar="PLUGIN,…",
    help="Offer these plugins; repeatable. [default: all]",
)  # fmt: skip
@click.option(
    "--survey", type=click.Path(path_type=Path), metavar="DIR",
    help="Show the survey that `colortk survey create` wrote to DIR.",
)  # fmt: skip
@click.option(
    "--max-upload", type=click.FloatRange(0.001, 100_000), default=100, show_default=True,
    metavar="MB", help="Refuse larger uploads.",
)  # fmt: skip
@click.option(
    "--max-pixels", type=click.IntRange(1), default=50_000_000, show_default=True,
    metavar="N", help="Refuse pictures with more pixels.",
)  # fmt: skip
@click.option(
    "--max-seconds", type=click.FloatRange(0.1, 3600), default=60, show_default=True,
    metavar="SECONDS", help="Colorize at most this many seconds of a film.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=120, show_default=True,
    metavar="SECONDS", help="Give up on a picture after this time.",
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
    """Serve a web page that colorizes pictures and films, compares plugins, and shows a survey.

    Only this machine can open the web page, unless --host is set. It works offline and sends
    nothing to other machines. Ctrl-C stops the server. PLUGIN is written NAME, NAME:OPTION=VALUE,…
    or NAME@WEIGHTS.

    \b
    colortk ui
    colortk ui --plugins sift_mlp,mean_color --port 8000
    colortk ui --host 0.0.0.0 --survey survey/
    """
    configure_runtime(threads, device)
    from colortk.survey.create import parse_plugin_list
    from colortk.survey.open_survey import open_survey
    from colortk.ui.limits import MEGABYTE, Limits
    from colortk.ui.plugin_pool import create_plugin_pool
    from colortk.ui.server import ServerSettings, serve

    limits = Limits(
        upload=round(max_upload * MEGABYTE), pixels=max_pixels, film_seconds=max_seconds,
        film_frames=round(max_seconds * 60),
    )  # fmt: skip
    offered, notes = create_plugin_pool(parse_plugin_list(plugins), timeout)
    for note in notes:
        print_message(f"note: {note}")
    opened_survey = open_survey(survey) if survey is not None else None

    def ready(address: str) -> None:
        try:
            print_line(address)
        except OSError:  # stdout is closed or full; the page goes on
            drop_output()
            print_message(f"the web page is at {address}")
        print_message("press Ctrl-C to stop the server")

    try:
        serve(ServerSettings(host, port, limits), offered, opened_survey, ready)
    except KeyboardInterrupt as interrupt:
        if type(interrupt) is not KeyboardInterrupt:  # SIGTERM or SIGHUP
            raise
    finally:
        offered.close()
        if opened_survey is not None:
            opened_survey.close()
    print_message("the server has stopped")
    return 0
