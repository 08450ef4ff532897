"""``colortk datasets``: prepare pictures for training, and check sets that papers use."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import click

from colortk.cli.common import JSON, print_json, progress
from colortk.cli.dataset_sets import list_command, verify_command
from colortk.cli.output import print_line, print_message


@click.group("datasets", short_help="Prepare and check sets of pictures.")
def command() -> None:
    """Prepare pictures for training, and check sets of pictures that papers use."""


command.add_command(list_command)
command.add_command(verify_command)


@command.command("pack", short_help="Pack pictures for faster training.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Pack the color pictures in this folder and its subfolders.",
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the dataset to this folder.",
)
@click.option(
    "--short-side",
    default=160,
    show_default=True,
    type=click.IntRange(16, 4096),
    metavar="PIXELS",
    help="Reduce larger pictures to this short side.",
)
@click.option(
    "--terms",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.tsv",
    help="Record the origin and license of each subfolder from FILE.tsv.",
)
@click.option(
    "--exclude",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Leave out pictures that are nearly those hashed in FILE.",
)
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Decode pictures in N threads.",
)
@click.option("--resume", is_flag=True, help="Continue a run that was stopped.")
@JSON
def pack_command(
    data: Path,
    output: Path,
    short_side: int,
    terms: Path | None,
    exclude: Path | None,
    jobs: int,
    resume: bool,
    as_json: bool,
) -> None:
    """Pack pictures into a dataset that `colortk fit --data` reads without decoding.

    Near-duplicates (difference hashes that differ in at most 2 bits), gray pictures and unreadable
    files are left out. The file dataset.json lists what was packed and left out.

    Each line of --terms has the name of a subfolder, a tab, and a text on the origin and license of
    its pictures. Each line of --exclude has a 64-bit difference hash as a hexadecimal number.

    \b
    colortk datasets pack --data photographs/ -o packed/
    colortk fit --plugin effnet_bins --data packed/ -o my-weights/
    """
    from colortk.training.data.pack import PackRequest, pack

    description = pack(
        PackRequest(
            data=data,
            output=output,
            short_side=short_side,
            terms=_read_terms(terms) if terms else {},
            exclude=_read_hashes(exclude) if exclude else frozenset(),
            resume=resume,
            jobs=jobs,
            print_message=print_message,
            progress=progress,
        )
    )
    if as_json:
        print_json(description)
        return
    for row in description["folders"]:
        dropped = ", ".join(
            f"{count:,} {reason}" for reason, count in sorted(row["dropped"].items())
        )
        left_out = f"; left out: {dropped}" if dropped else ""
        print_line(f"{row['name']}: {row['pictures']:,} pictures{left_out}")
    print_line(
        f"{output}: {description['pictures']:,} pictures, {description['bytes'] / 1e6:,.0f} MB"
    )


@command.command("hashes", short_help="Record which pictures weights were trained on.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read the pictures in this folder or packed dataset.",
)
@click.option(
    "--weights",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Add the hashes to the weights in this folder.",
)
@click.option(
    "--pretrained", is_flag=True, help="Record that training began from pretrained weights."
)
def hashes_command(data: Path, weights: Path, pretrained: bool) -> None:
    """Record which pictures weights were trained on, so that `compare` recognizes them.

    The file training.hashes has 8 bytes for each picture: its 64-bit difference hash. `colortk fit`
    writes it by itself if --data is a packed dataset.

    \b
    colortk datasets hashes --data photographs/ --weights my-weights/
    """
    from colortk.errors import PictureError
    from colortk.io.difference_hash import difference_hash
    from colortk.training.data.packed import dataset_hashes, is_packed
    from colortk.training.data.source import picture_source
    from colortk.training.manifest import record_hashes

    if is_packed(data):
        values = dataset_hashes(data)
    else:
        source, values = picture_source(data), []
        with progress("hashes", len(source.paths)) as advance:
            for path in source.paths:
                try:
                    values.append(difference_hash(source.read(path)))
                except PictureError as error:
                    print_message(f"left out: {error}")
                advance(1)
    count = record_hashes(weights, values, not pretrained)
    print_line(f"{weights}: {count:,} different pictures recorded")


def _read_lines(path: Path) -> list[str]:
    from colortk.errors import UsageError

    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"cannot read '{path}'", reason) from error


def _read_terms(path: Path) -> dict[str, str]:
    from colortk.errors import UsageError

    rows = [row for row in csv.reader(_read_lines(path), delimiter="\t") if row]
    if any(len(row) != 2 for row in rows):
        raise UsageError(
            f"cannot read --terms '{path}'", "each line has a subfolder, a tab, and a text"
        )
    return dict(rows)


def _read_hashes(path: Path) -> frozenset[int]:
    from colortk.errors import UsageError

    try:
        values = frozenset(int(line, 16) for line in _read_lines(path) if line.strip())
    except ValueError as error:
        raise UsageError(f"cannot read --exclude '{path}'", str(error)) from error
    if any(not 0 <= value < 2**64 for value in values):
        raise UsageError(
            f"cannot read --exclude '{path}'", "a hash has at most 16 hexadecimal digits"
        )
    return values
