"""``colortk fit``: train a plugin."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from colortk.cli.common import STORE, progress
from colortk.cli.fit_checks import (
    canonical_command,
    is_complete,
    parse_emphasis,
    parse_teacher,
    without_folders,
)
from colortk.cli.output import print_message


@click.command("fit", short_help="Train a plugin.")
@click.option("--plugin", "-p", required=True, metavar="NAME", help="Train this plugin.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Train on the color pictures in this folder.",
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
    help="Train for N epochs; 0 exports --init-from without training.",
)
@click.option(
    "--batch-size", type=click.IntRange(1), metavar="N", help="Use N pictures per training step."
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    metavar="N",
    help="Draw N pictures for each epoch.",
)
@click.option(
    "--side",
    type=click.IntRange(16),
    metavar="PIXELS",
    help="Crop and scale training pictures to squares of this side.",
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
    help="Lower the rate to zero in the last SHARE (0 to 1) of epochs.",
)
@click.option(
    "--init-from",
    multiple=True,
    metavar="PLUGIN|DIR",
    help="Start from these weights; if repeated, from their mean.",
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
    help="Seed the random split and order of the pictures.",
)
@click.option(
    "--emphasis",
    multiple=True,
    metavar="FOLDER=FACTOR",
    help="Draw from a subfolder FACTOR times as often; repeatable.",
)
@click.option(
    "--aging",
    is_flag=True,
    help="Imitate old photographs: tones, grain, blur, JPEG.",
)
@click.option(
    "--teacher",
    default="",
    metavar="PLUGIN[=SHARE]",
    help="Mix predictions of PLUGIN into the true colors.",
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
    help="Compute with this number type; bfloat16 is often faster.",
)
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Use N threads for the pictures (sift_mlp: N processes).",
)
@click.option(
    "--force", is_flag=True, help="Overwrite finished weights, or discard a run that was stopped."
)
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

    If no default is shown below, the default depends on the plugin. Some pictures are held out to
    decide when to stop. Use the weights with `colortk run --plugin NAME --weights DIR`.

    If the training is stopped, run the same command with --resume. With --resume you
    can change --epochs, --cooldown and --side until the learning rate begins to fall.
    If you do not know the number of epochs in advance, train with --cooldown 0, then resume with
    more epochs and a --cooldown.

    --init-from takes the name of a plugin or a folder that `colortk fit` wrote; use a lower --rate
    for trained weights. With --teacher PLUGIN=SHARE, each target is SHARE (0.5 by default)
    times the prediction of PLUGIN plus 1 - SHARE times the true color.

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
    command_text = canonical_command(
        plugin,
        data,
        [
            *(("--emphasis", text) for text in emphasis),
            *(("--option", without_folders(text)) for text in options),
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
    teacher_name, share = parse_teacher(teacher)
    factors = dict(parse_emphasis(text) for text in emphasis)
    folder = store_folder(store)
    target = output or folder / "models" / plugin
    if is_complete(plugin, target, command_text, resume, force):
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
        teacher=teacher_name,
        teacher_share=share,
        resume=resume,
        jobs=jobs,
        command=command_text,
        print_message=print_message,
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
    weights = shlex.quote(str(request.output))
    print_message(
        f"the weights are in '{request.output}'; use them with:"
        f" colortk run --plugin {plugin} --weights {weights} FILE"
    )
