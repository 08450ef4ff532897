"""``colortk video``: colorize a film."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from colortk.cli.common import (
    DEVICE,
    JSON,
    PLUGIN,
    REFINE,
    STRENGTH,
    THREADS,
    WEIGHTS,
    configure_runtime,
    need_one_colorizer,
    note_foreign_weights,
    print_json,
    progress,
)
from colortk.cli.guidance import (
    HINT,
    HINTS,
    REFERENCE,
    check_reference,
    film_hints,
    with_reference,
)
from colortk.cli.output import print_line, print_message
from colortk.cli.plugin_options import OPTIONS, VIVIDNESS


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
            self.fail(f"'{value}' is not a time: write seconds, mm:ss or h:mm:ss", param, ctx)
        seconds = 0.0
        for number in numbers:
            seconds = seconds * 60 + number
        return seconds


@click.command("video", short_help="Colorize a film.")
@click.argument("film", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", metavar="OUT", type=click.Path(path_type=Path),
    help="Write to this file. [default: IN-colorized with the type of IN, or .mp4]",
)  # fmt: skip
@PLUGIN
@click.option(
    "--temporal", type=click.Choice(["keyframes", "flow", "off", "plugin"]),
    help="Choose how colors are made steady. [default: keyframes, or plugin if it can]",
)  # fmt: skip
@click.option(
    "--keyframes", type=click.IntRange(1, 250), metavar="K", default=8, show_default=True,
    help="Colorize each K-th frame of a shot, and move its colors.",
)  # fmt: skip
@click.option(
    "--from", "begin", type=Moment(), help="Begin at this time, for example 90 (seconds) or 1:30."
)
@click.option("--to", "end", type=Moment(), help="End at this time.")
@click.option(
    "--codec",
    metavar="NAME",
    help="Use this encoder. [default: libx264; 10 bits: libx265; .webm: libvpx-vp9]",
)
@click.option(
    "--crf", type=click.FloatRange(0, 63), metavar="0..63",
    help="Set quality: lower values mean better quality, larger files. [default: 18]",
)  # fmt: skip
@click.option(
    "--preset", metavar="NAME", help="Use this preset of the encoder. [default: veryfast]"
)
@click.option(
    "--pix-fmt", metavar="NAME",
    help="Use this pixel format, for example yuv420p10le. [default: 8 or 10 bits as in IN]",
)  # fmt: skip
@click.option(
    "--deinterlace", type=click.Choice(["auto", "off", "bob"]), default="auto", show_default=True,
    help="Deinterlace interlaced films; bob: one frame per field.",
)  # fmt: skip
@click.option(
    "--fps-overlay", is_flag=True, help="Write the speed in frames per second into the frames."
)
@click.option("--resume", is_flag=True, help="Continue a run that was stopped.")
@click.option("--force", is_flag=True, help="Overwrite the output.")
@click.option(
    "--segment", "segment_seconds", type=click.FloatRange(0.1, 3600), default=10.0,
    show_default=True, metavar="SECONDS", help="Save finished parts of this length, for --resume.",
)  # fmt: skip
@click.option("--stretch", type=click.FloatRange(0.1, 3600), hidden=True)
@HINTS
@HINT
@REFERENCE
@REFINE
@STRENGTH
@VIVIDNESS
@OPTIONS
@WEIGHTS
@THREADS
@DEVICE
@JSON
def command(
    film: Path,
    output: Path | None,
    plugin: str,
    temporal: str | None,
    keyframes: int,
    begin: float | None,
    end: float | None,
    codec: str | None,
    crf: float | None,
    preset: str | None,
    pix_fmt: str | None,
    deinterlace: str,
    fps_overlay: bool,
    resume: bool,
    force: bool,
    segment_seconds: float,
    stretch: float | None,
    hints: str | None,
    hint: tuple[str, ...],
    reference: Path | None,
    refine: str,
    strength: float,
    options: tuple[str, ...],
    weights: Path | None,
    threads: int | None,
    device: str | None,
    as_json: bool,
) -> int:
    """Colorize the film IN, gray or in color, and write OUT.

    The output keeps the size, time stamps, rotation, lightness and all other streams, such as sound
    and subtitles. OUT appears when it is complete. Until then, finished parts are kept in the
    folder OUT.parts; --resume continues from them. The defaults of --crf and --preset
    depend on the encoder; those shown are of libx264.

    --refine ratio keeps hue and lightness and reduces chroma, slide is the formula of the sift_mlp
    paper (colors become too strong), and none clips red, green and blue.

    --temporal keyframes colorizes every K-th frame of a shot and moves its colors along the motion
    to the other frames; flow colorizes each frame and averages colors along the motion; off does
    not make colors steady; plugin gives all frames in order to a plugin that declares film.

    --reference takes colors from a color picture, such as a painted frame, where frames match it.

    \b
    colortk video old.mp4 -o color.mp4
    colortk video old.mkv -o part.mkv --from 1:30 --to 2:00 --temporal off
    colortk video old.mp4 --reference painted-frame.png
    """
    plugin, options = with_reference(plugin, options, reference)
    configure_runtime(threads, device)
    need_one_colorizer(plugin)
    check_reference(plugin, reference)
    note_foreign_weights(plugin, weights)
    from colortk.plugin.registry import registry
    from colortk.runtime.loading import PluginRequest, load
    from colortk.video.colorize_film import colorize_film
    from colortk.video.encoding import Encoding
    from colortk.video.film_settings import FilmSettings, default_output, default_temporal

    if output is None:
        output = default_output(film)
    encoding = Encoding(codec, crf, preset, pix_fmt)
    points = film_hints(hints, hint, film)
    if temporal is None:
        temporal = default_temporal(registry().colorizer(plugin)[1], bool(points))
    settings = FilmSettings(
        output, encoding, refine, strength, temporal, begin, end, fps_overlay, force,
        resume, stretch or segment_seconds, deinterlace, keyframes,
        points,
    )  # fmt: skip
    with ExitStack() as stack:
        try:
            summary = colorize_film(
                film,
                load(PluginRequest(plugin, options, weights)),
                settings,
                lambda total: stack.enter_context(progress("colorizing", total)),
            )
        except KeyboardInterrupt:
            if output.with_name(f"{output.name}.parts").is_dir():
                print_message(
                    f"The finished parts are in '{output}.parts'."
                    " Run the same command with --resume to continue."
                )
            raise
    if summary.already_done and not as_json:
        print_message(f"'{output}' exists: nothing to do (use --force to colorize the film again)")
        return 0
    for note in summary.notes:
        print_message(f"note: {note}")
    if summary.lost_frames:
        print_message(
            f"{summary.lost_frames} frames of '{film}' could not be decoded"
            " and are missing in the output"
        )
    if as_json:
        print_json(summary.as_dict())
    else:
        print_line(summary.output)
        print_message(f"{summary.frames} frames, {summary.frames_per_second:.1f} frames/s")
    return 1 if summary.lost_frames else 0
