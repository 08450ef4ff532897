"""``colortk fit``: train a plugin."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from colortk.cli.common import STORE, progress
from colortk.cli.output import print_message


@click.command("fit", short_help="Train a plugin.")
@click.option("--plugin", "-p", required=True, metavar="NAME", help="Train this plugin.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Learn from the color pictures in this folder.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write weights to this folder. [default: the store]",
)
@STORE
@click.option(
    "--epochs",
    type=click.IntRange(0),
    metavar="N",
    help="Train for N epochs; 0 only exports --init-from.",
)
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Use N pictures per step.")
@click.option(
    "--samples",
    type=click.IntRange(1),
    metavar="N",
    help="Draw N pictures for each epoch.",
)
@click.option(
    "--side", type=click.IntRange(16), metavar="PIXELS", help="Scale pictures to this side."
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="RATE",
    help="Start with this learning rate.",
)
@click.option(
    "--cooldown",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Lower the rate to zero in the last SHARE of the epochs.",
)
@click.option(
    "--init-from",
    multiple=True,
    metavar="PLUGIN|DIR",
    help="Start from these weights, or from their mean; repeatable.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set an option of the training; repeatable.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Seed the split and the order of pictures.",
)
@click.option(
    "--emphasis",
    multiple=True,
    metavar="FOLDER=FACTOR",
    help="Weight the pictures of a subfolder; repeatable.",
)
@click.option(
    "--aging",
    is_flag=True,
    help="Age the inputs: tones, grain, blur, JPEG.",
)
@click.option(
    "--teacher",
    default="",
    metavar="PLUGIN[=SHARE]",
    help="Mix predictions of a plugin into the targets.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "cpu", "gpu"]),
    help="Train networks on this device.",
)
@click.option(
    "--precision",
    default="float32",
    show_default=True,
    type=click.Choice(["float32", "bfloat16"]),
    help="Compute with this number type.",
)
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Use N processes and threads for the pictures.",
)
@click.option("--force", is_flag=True, help="Overwrite weights or a stopped run.")
@click.option("--resume", is_flag=True, help="Continue a run that was stopped.")
def command(
    plugin: str,
    data: Path,
    output: Path | None,
    store: Path | None,
    epochs: int | None,
    batch_size: int | None,
    samples: int | None,
    side: int | None,
    rate: float | None,
    cooldown: float | None,
    init_from: tuple[str, ...],
    options: tuple[str, ...],
    seed: int,
    emphasis: tuple[str, ...],
    aging: bool,
    teacher: str,
    device: str,
    precision: str,
    jobs: int,
    force: bool,
    resume: bool,
) -> None:
    """Train a plugin on the color pictures in a folder and its subfolders.

    Options without a value here have a default that depends on the plugin. Some pictures are held
    out to decide when to stop. Use the weights with `colortk run --plugin NAME --weights DIR`.

    With --resume, the same command can be repeated until it is done, however often it is stopped.
    Networks may then get other --epochs, --cooldown and --side, until the learning rate has begun to
    fall to zero: train with --cooldown 0 as long as there is time, then resume with more epochs and
    a --cooldown.

    --init-from takes plugins and folders that `colortk fit` wrote; trained weights need a lower
    --rate. --teacher PLUGIN=SHARE gives the predictions of a plugin this share of the target, 0.5 by
    default. --emphasis gives the pictures of a subfolder this weight in the drawing, 1 by default.
    --aging shows networks the lightness of old photographs. --precision bfloat16 is faster on
    processors that support it.

    \b
    colortk fit --plugin sift_mlp --data photographs/ --output my-weights/
    colortk fit --plugin sift_mlp --data photographs/ --output my-weights/ --resume
    """
    from colortk.errors import UsageError
    from colortk.plugin.options import parse_train_options
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import load_callable
    from colortk.store.location import store_folder
    from colortk.training.request import TrainRequest

    _, spec = registry().colorizer(plugin)
    if not spec.trainer:
        raise UsageError(
            f"plugin '{plugin}' cannot be trained", "it has no trainer", "see: colortk plugins list"
        )
    chosen = parse_train_options(spec, options)
    told = _canonical(
        plugin,
        data,
        [
            *(("--emphasis", text) for text in emphasis),
            *(("--option", _placeless(text)) for text in options),
            *(("--init-from", Path(source).name) for source in init_from),
            ("--teacher", teacher),
            ("--epochs", epochs if epochs is None else str(epochs)),
            ("--batch-size", batch_size),
            ("--samples", samples),
            ("--side", side),
            ("--rate", rate if rate is None else f"{rate:g}"),
            ("--cooldown", cooldown if cooldown is None else f"{cooldown:g}"),
            ("--seed", seed),
            ("--precision", "" if precision == "float32" else precision),
        ],
        ["--aging"] * aging,
    )
    who, share = _taught(teacher)
    factors = dict(_factor(text) for text in emphasis)
    folder = store_folder(store)
    target = output or folder / "models" / plugin
    if _complete(plugin, target, told, resume, force):
        print_message(f"the weights in '{target}' are complete")
        return
    request = TrainRequest(
        plugin=spec.name,
        data=data,
        output=target,
        store=folder,
        epochs=epochs,
        batch_size=batch_size,
        samples=samples,
        side=side,
        rate=rate,
        cooldown=cooldown,
        init_from=init_from,
        options=chosen,
        device=device,
        precision=precision,
        seed=seed,
        emphasis=factors,
        aging=aging,
        teacher=who,
        teacher_share=share,
        resume=resume,
        jobs=jobs,
        command=told,
        say=print_message,
        progress=progress,
    )
    try:
        load_callable(spec.trainer)(request)
    except KeyboardInterrupt:
        if any(target.glob("checkpoint*")):
            print_message(
                "The finished epochs are stored. Run the same command with --resume to continue."
            )
        raise
    print_message(
        f"weights are in '{request.output}': colortk run --plugin {plugin} --weights {shlex.quote(str(request.output))} FILE"
    )


def _complete(plugin: str, target: Path, told: str, resume: bool, force: bool) -> bool:
    """Whether --resume finds nothing left to do. Raises ``UsageError`` where work would be lost."""
    from colortk.errors import UsageError
    from colortk.store.artifacts import MANIFEST
    from colortk.training.identity import trainer_code
    from colortk.training.manifest import read_code_digest, read_command

    code = trainer_code(plugin)  # as it is before the training begins
    if resume and force:
        raise UsageError("--resume goes on and --force starts anew", hint="leave one out")
    if target.exists() and not target.is_dir():
        raise UsageError(f"--output '{target}' is a file", hint="name a folder")
    _refuse_special_entries(target)
    stopped = any(target.glob("checkpoint*"))
    trained = (target / MANIFEST).exists()
    if force or not (trained or stopped):
        if resume:
            print_message(f"nothing to resume in '{target}': it starts from the beginning")
        return False
    if resume and stopped:
        return False
    changed = read_code_digest(target) not in ("", code)
    if resume and read_command(target) == told and not changed:
        return True
    other = "weights that other code made" if changed else "weights of another run"
    holds = other if resume else "weights" if trained else "a stopped run"
    ways = "--force trains anew" if resume else "--resume goes on with it, --force trains anew"
    raise UsageError(f"'{target}' holds {holds} already", hint=f"{ways}; or another --output")


def _refuse_special_entries(folder: Path) -> None:
    """Refuse, before a training, an output folder in which a result cannot be replaced."""
    from colortk.errors import UsageError
    from colortk.io.files import refuse_special, special_kind

    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if special_kind(path) not in ("", "a folder"):
            refuse_special(path, UsageError)


def _factor(text: str) -> tuple[str, float]:
    from colortk.errors import UsageError

    name, _, value = text.rpartition("=")
    try:
        factor = float(value)
    except ValueError:
        factor = -1
    if not name or not 0 <= factor < 1e6:
        raise UsageError(
            f"--emphasis {text}", "it is written FOLDER=FACTOR, with a factor of 0 or more"
        )
    return name, factor


def _taught(text: str) -> tuple[str, float]:
    """The teacher and its share of the targets."""
    from colortk.errors import UsageError

    name, equals, value = text.partition("=")
    try:
        share = float(value) if equals else 0.5
    except ValueError:
        share = -1
    if (text and not name) or not 0 < share <= 1:
        raise UsageError(
            f"--teacher {text}", "it is written PLUGIN=SHARE, with a share above 0 and at most 1"
        )
    return name, share


def _canonical(
    plugin: str, data: Path, given: list[tuple[str, str | int | None]], flags: Sequence[str] = ()
) -> str:
    """What decides the result, for the manifest; where things lay on this machine does not."""
    words = ["colortk", "fit", "--plugin", plugin, "--data", data.resolve().name]
    for name, value in given:
        words += [name, str(value)] if value else []
    return shlex.join([*words, *flags])


def _placeless(option: str) -> str:
    """``name=value``, without the folders of a value that is a file."""
    name, _, value = option.partition("=")
    return f"{name}={Path(value).name}" if value and Path(value).exists() else option
