"""``colortk fit``: train a plugin."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from colortk.cli.common import progress
from colortk.cli.main import say


@click.command("fit", short_help="Train a plugin.")
@click.option("--plugin", "-p", required=True, help="Plugin to train.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of colour pictures; searched through.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where weights and manifest go. [default: in the store]",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where pickled intermediates are kept.",
)
@click.option(
    "--epochs", type=click.IntRange(1), help="Passes over the pictures. [default: the plugin's]"
)
@click.option(
    "--batch-size", type=click.IntRange(1), help="Samples of a step. [default: the plugin's]"
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Decides split and order."
)
@click.option(
    "--emphasis",
    multiple=True,
    metavar="FOLDER=FACTOR",
    help="Weight of a folder under DIR; repeatable. [default: 1]",
)
@click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default=True,
    type=click.IntRange(1),
    help="Processes for features.",
)
@click.option("--force", is_flag=True, help="Replace weights that are in the output already.")
@click.option(
    "--resume", is_flag=True, help="Go on where an earlier run in the same output stopped."
)
def command(
    plugin: str,
    data: Path,
    output: Path | None,
    store: Path | None,
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    emphasis: tuple[str, ...],
    jobs: int,
    force: bool,
    resume: bool,
) -> None:
    """Train a plugin on the colour pictures under DIR.

    Some pictures are held out to know when to stop. The weights are used with
    `colortk run --plugin NAME --weights DIR`.

    \b
    colortk fit --plugin sift_mlp --data photographs/ --output my-weights/
    colortk fit --plugin sift_mlp --data photographs/ --output my-weights/ --resume
    """
    from colortk.errors import UsageError
    from colortk.host import registry
    from colortk.spec import load_callable
    from colortk.store.artifacts import MANIFEST
    from colortk.store.location import store_folder
    from colortk.training.request import TrainRequest

    _, spec = registry().colorizer(plugin)
    if not spec.trainer:
        raise UsageError(f"plugin '{plugin}' has nothing to train")
    folder = store_folder(store)
    target = output or folder / "models" / plugin
    if (target / MANIFEST).exists() and not force:
        raise UsageError(
            f"'{target}' holds weights already", do="choose another --output, or use --force"
        )
    request = TrainRequest(
        data=data,
        output=target,
        store=folder,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        emphasis=dict(_factor(text) for text in emphasis),
        resume=resume,
        jobs=jobs,
        command=_canonical(plugin, data, epochs, batch_size, seed, emphasis),
        say=say,
        progress=progress,
    )
    load_callable(spec.trainer)(request)
    say(
        f"weights are in '{request.output}': colortk run --plugin {plugin} --weights {shlex.quote(str(request.output))} FILE"
    )


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


def _canonical(
    plugin: str,
    data: Path,
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    emphasis: tuple[str, ...],
) -> str:
    """What decides the result, for the manifest; where things lay on this machine does not."""
    words = ["colortk", "fit", "--plugin", plugin, "--data", data.resolve().name]
    for text in emphasis:
        words += ["--emphasis", text]
    for name, value in (("--epochs", epochs), ("--batch-size", batch_size), ("--seed", seed)):
        words += [name, str(value)] if value else []
    return shlex.join(words)
