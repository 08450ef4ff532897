"""``colortk video``: colorize a film."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from colortk.cli.common import (
    DEVICE,
    JSON,
    OPTIONS,
    PLUGIN,
    STRENGTH,
    THREADS,
    configure_runtime,
    print_json,
    progress,
)
from colortk.cli.output import print_line, print_message


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A time in a film: seconds, mm:ss or h:mm:ss."""

    name = "TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        parts = str(value).split(":")
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            numbers = []
        minutes = numbers[1:]
        if (
            not 0 < len(numbers) < 4
            or not all(0 <= n < 1e6 for n in numbers)
            or any(n >= 60 for n in minutes)
        ):
            self.fail(f"'{value}' is no time: seconds, mm:ss or h:mm:ss", param, ctx)
        seconds = 0.0
        for number in numbers:
            seconds = seconds * 60 + number
        return seconds


@click.command("video", short_help="Colorize a film.")
@click.argument("film", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", metavar="OUT", type=click.Path(path_type=Path),
    help="Where to. [default: NAME-colorized.EXT beside the input]",
)  # fmt: skip
@PLUGIN
@click.option(
    "--temporal", type=click.Choice(["off", "flow"]), default="flow", show_default=True,
    help="Steady colours along motion, or every frame alone.",
)  # fmt: skip
@click.option("--from", "begin", type=Moment(), help="Where to begin: seconds or mm:ss.")
@click.option("--to", "end", type=Moment(), help="Where to end.")
@click.option("--codec", help="Encoder. [default: libx264, for .webm libvpx-vp9]")
@click.option(
    "--crf", type=click.FloatRange(0, 63), help="Less is better and larger. [default: 18 for H.264]"
)
@click.option("--preset", help="Of the encoder. [default: veryfast for H.264]")
@click.option("--fps-overlay", is_flag=True, help="Write the frames per second on the frames.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped.")
@click.option("--force", is_flag=True, help="Overwrite the result.")
@click.option(
    "--stretch", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True,
    metavar="SECONDS", help="Finished at once: the most that an interruption costs.",
)  # fmt: skip
@click.option(
    "--refine", default="ratio", show_default=True, metavar="ratio|slide|none",
    help="Chrominance refinement.",
)  # fmt: skip
@STRENGTH
@OPTIONS
@click.option(
    "--weights", type=click.Path(path_type=Path), metavar="DIR",
    help="Weights that `colortk fit` wrote.",
)  # fmt: skip
@THREADS
@DEVICE
@JSON
def command(
    film: Path,
    output: Path | None,
    plugin: str,
    temporal: str,
    begin: float | None,
    end: float | None,
    codec: str | None,
    crf: float | None,
    preset: str | None,
    fps_overlay: bool,
    resume: bool,
    force: bool,
    stretch: float,
    refine: str,
    strength: float,
    options: tuple[str, ...],
    weights: Path | None,
    threads: int | None,
    device: str | None,
    as_json: bool,
) -> int:
    """Colorize the film IN, grey or in colour, into OUT.

    Size, time stamps, rotation, lightness and every other stream (sound, subtitles) are kept. OUT
    is whole or not there; until then finished stretches lie in OUT.parts, for --resume.

    \b
    colortk video old.mp4 -o colour.mp4
    colortk video old.mkv -o part.mp4 --from 1:30 --to 2:00 --temporal off
    """
    configure_runtime(threads, device)
    from colortk.runtime.loading import Request, load
    from colortk.video.colorize_film import FilmSettings, colorize_film, default_output
    from colortk.video.segment_writer import Encoding, default_codec

    if output is None:
        output = default_output(film)
    encoding = Encoding(codec or default_codec(output), crf, preset)
    settings = FilmSettings(
        output, encoding, refine, strength, temporal == "flow", begin, end, fps_overlay, force,
        resume, stretch,
    )  # fmt: skip
    with ExitStack() as stack:
        try:
            summary = colorize_film(
                film,
                load(Request(plugin, options, weights)),
                settings,
                lambda total: stack.enter_context(progress("colorizing", total)),
            )
        except KeyboardInterrupt:
            if output.with_name(f"{output.name}.parts").is_dir():
                print_message(
                    f"what is finished lies in '{output}.parts': --resume goes on with it"
                )
            raise
    for note in summary.notes:
        print_message(f"note: {note}")
    if summary.lost_frames:
        print_message(
            f"{summary.lost_frames} frames of '{film}' could not be read: they are not in the result"
        )
    if as_json:
        print_json(summary.as_dict())
    else:
        print_line(summary.output)
        print_message(f"{summary.frames} frames, {summary.frames_per_second:.1f} frames/s")
    return 1 if summary.lost_frames else 0
