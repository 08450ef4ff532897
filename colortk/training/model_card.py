"""Write the model card of a training: its data, its course and its scores."""

from __future__ import annotations

from typing import Any

from colortk.harness.protocol import load_protocol
from colortk.io.files import write_atomic
from colortk.plugin.registry import registry
from colortk.training.loop.state import TrainingState
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

FILE_NAME = "MODEL_CARD.md"


def write_model_card(
    request: TrainRequest,
    recipe: Recipe,
    facts: dict[str, Any],
    scores: dict[str, Any],
    state: TrainingState,
) -> None:
    """Write ``MODEL_CARD.md`` into the output folder.

    Parameters
    ----------
    request : TrainRequest
        The training; ``output`` is the folder.
    recipe : Recipe
        How the network was trained.
    facts : dict
        Values of the manifest: ``data``, ``parameters``, ``epochs``, ``backend``, ``precision``.
    scores : dict
        Mean score by plugin and metric; an entry ``note`` is left out.
    state : TrainingState
        The curve of losses.
    """
    spec = registry().colorizer(recipe.plugin)[1]
    data = facts["data"]
    best = state.best_epoch(recipe)
    lines = [
        f"# {recipe.plugin}",
        "",
        f"{spec.summary}. Source: {spec.paper or 'none given'}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| parameters | {facts['parameters']:,}, {facts['trainable_parameters']:,} trainable |",
        f"| command | `{request.command}` |",
        f"| pictures | {data['train']:,} to learn from, {data['held_out']:,} held out |",
        f"| epochs | {facts['epochs']}, the one kept is {best.epoch} |",
        f"| loss | {best.loss:.6g} in training, {best.validation:.6g} held out |",
        f"| computed with | Keras on {facts['backend']}, {facts['precision']} |",
        "",
        "Folders of pictures: "
        + ", ".join(f"{name} ({row['train']:,})" for name, row in data["folders"].items())
        + ".",
        "",
        "![Loss by epoch](curve.png)" if (request.output / "curve.png").exists() else "",
        "",
        f"Held-out pictures (protocol {load_protocol().name}, means):",
        "",
    ]
    rows = {name: row for name, row in scores.items() if name != "note"}
    metrics = list(next(iter(rows.values()), {}))
    headings = [registry().metric(name).heading for name in metrics]
    lines += ["| | " + " | ".join(headings) + " |", "| --- |" + " --- |" * len(metrics)]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[m]:.4g}" for m in metrics) + " |")
    text = "\n".join(lines) + "\n"
    write_atomic(request.output / FILE_NAME, text.replace("\n\n\n", "\n\n").encode(), force=True)
