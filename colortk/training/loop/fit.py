"""``colortk fit`` for Keras networks: read, train, keep the best epoch, publish."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from colortk.errors import PluginError, UsageError
from colortk.training import backend
from colortk.training.data.dataset import MAX_HELD_OUT, Dataset, load_dataset
from colortk.training.data.loader import Loader, validation_arrays
from colortk.training.data.source import picture_source
from colortk.training.data.split import split_pictures
from colortk.training.loop.state import (
    EpochRecord,
    TrainingState,
    discard_checkpoint,
    load_checkpoint,
    refuse_changed_plan,
    run_identity,
    save_checkpoint,
    schedule_plan,
)
from colortk.training.loop.trainer import Trainer
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.training.torch import distributed
from colortk.training.unfold import begin_as_predicted
from colortk.types import Float32

#: Share by which a validation loss must fall to count as better.
MIN_IMPROVEMENT = 1e-3
#: Distance between the seeds by which processes that train together draw their pictures.
_RANK_STRIDE = 1_000_003


def fit(request: TrainRequest, recipe: Recipe) -> None:
    """Train the network of ``recipe`` and publish it in ``request.output``.

    Parameters
    ----------
    request : TrainRequest
        Pictures, output, and values that replace values of the recipe.
    recipe : Recipe
        How the network is trained.

    Raises
    ------
    UsageError
        There are too few pictures, an option does not apply to the network, or the network has a
        layer that cannot be exported.
    PluginError
        Keras is missing.
    """
    backend.import_keras()
    from colortk.training.onnx.graph import to_onnx

    recipe = _apply_request(request, recipe)
    output = request.output.resolve()
    source = picture_source(request.data)
    paths = [path for path in source.paths if output not in Path(os.path.realpath(path)).parents]
    split = split_pictures(paths, request.data, request.seed, request.emphasis)
    if recipe.samples and not request.samples:  # few pictures make a short epoch
        recipe = replace(recipe, samples=min(recipe.samples, len(split.train)))
    run = run_identity(request, recipe, split)
    if not request.resume:
        discard_checkpoint(request.output)
    state = load_checkpoint(request.output, run) or TrainingState()
    refuse_changed_plan(state, recipe)
    state.plan = schedule_plan(recipe)
    distributed.begin()  # after the checkpoint is read, before the first process writes another
    with backend.device_scope(request.device):
        trainer = _start_trainer(request, recipe, state)
        if state.epoch < recipe.epochs or not state.curve:
            # Export the untrained network: an unsupported layer is an error now, not after hours.
            to_onnx(trainer.network, half=False)
            _make_folder(request.output)
            dataset = load_dataset(request, recipe, split, state)
            if recipe.epochs:
                _train_epochs(request, recipe, dataset, trainer, state, run)
            else:
                _keep_initial_weights(recipe, dataset, trainer, state)
        if distributed.rank():
            return
        if recipe.keep == "last":
            state.arrays["best"] = trainer.weights()
    from colortk.training.export import export_network

    export_network(
        request, recipe, split.without({request.data / name for name in state.left_out}), state
    )
    discard_checkpoint(request.output)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot create the folder --output '{folder}'", error.strerror or str(error)
        ) from error


def _apply_request(request: TrainRequest, recipe: Recipe) -> Recipe:
    """Return the recipe with the values of the request.

    Raises ``UsageError`` for values that the network cannot take, and ``PluginError`` for a recipe
    of another plugin.
    """
    if request.plugin not in ("", recipe.plugin):  # before the training, not after it
        raise PluginError(
            f"plugin '{request.plugin}' trains the recipe '{recipe.plugin}'",
            "scores and model card need a recipe with the name of the plugin",
            f"write Recipe('{request.plugin}', …) in its code",
        )
    side = request.side
    if side and recipe.fixed_side and side not in [fixed for fixed, _ in recipe.sides]:
        raise UsageError(
            f"--side {side} is not possible",
            f"{recipe.plugin} takes only pictures of {recipe.sides[0][0]} pixels",
            "leave it out",
        )
    if side and side % recipe.multiple:
        raise UsageError(
            f"--side {side} is not possible",
            f"{recipe.plugin} takes only multiples of {recipe.multiple}",
            f"use --side {max(1, round(side / recipe.multiple)) * recipe.multiple}",
        )
    if request.emphasis and recipe.examples == "augmented":
        raise UsageError(
            "this plugin does not support --emphasis",
            "its epochs contain every picture once, with twelve augmentations",
            "leave it out",
        )
    if request.teacher:
        if recipe.examples == "augmented":
            raise UsageError(
                "this plugin does not support --teacher",
                "it trains on twelve augmentations of each picture",
                "leave it out",
            )
        from colortk.training.loop.teacher import load_teacher

        model = load_teacher(request.teacher, request.teacher_share)
        facts = {"teacher": request.teacher, "teacher_digest": model.loaded.digest}
        recipe = replace(recipe, teacher=model, facts=recipe.facts | facts)
    if request.aging:
        if recipe.examples == "augmented":
            raise UsageError(
                "this plugin does not support --aging",
                "it trains on twelve augmentations of each picture",
                "leave it out",
            )
        from colortk.training.data.aging import aged_lightness
        from colortk.training.data.mount import add_mount

        recipe = replace(recipe, lightness=aged_lightness, change_crop=add_mount)
    sides = ((side, 1.0),) if side else recipe.sides
    if request.epochs == 0:
        if not request.init_from:
            raise UsageError(
                "--epochs 0 trains nothing",
                "it only exports existing weights",
                "name them with --init-from",
            )
        sides = ((sides[-1][0], 1.0),)
    return replace(
        recipe,
        epochs=recipe.epochs if request.epochs is None else request.epochs,
        batch_size=request.batch_size or recipe.batch_size,
        samples=request.samples or recipe.samples,
        rate=request.rate or recipe.rate,
        cooldown=recipe.cooldown if request.cooldown is None else request.cooldown,
        sides=sides,
    )


def _start_trainer(request: TrainRequest, recipe: Recipe, state: TrainingState) -> Trainer:
    """Return the network as the checkpoint has it, or as a new run starts."""
    library = backend.import_keras()
    library.utils.set_random_seed(request.seed)
    before = backend.set_precision(request.precision)
    try:
        network = recipe.network()
    finally:
        library.mixed_precision.set_global_policy(before)
    if state.epoch == 0:
        if recipe.prepare is not None:
            recipe.prepare(network)
        if request.init_from:
            from colortk.training.init_weights import initialize_network

            for line in initialize_network(network, recipe.plugin, request.init_from):
                request.print_message(line)
    trainer = Trainer(network, recipe)
    if state.epoch:
        trainer.restore(state.arrays)
    return trainer


def _keep_initial_weights(
    recipe: Recipe, dataset: Dataset, trainer: Trainer, state: TrainingState
) -> None:
    """Keep the initial weights of a run without epochs."""
    side, train = recipe.sides[-1][0], dataset.train
    sample = train.subset(list(range(0, len(train), -(-len(train) // MAX_HELD_OUT))))
    loss, validation = (
        trainer.loss(*validation_arrays(images, recipe, side), recipe.batch_size)
        for images in (sample, dataset.held_out)
    )
    _record_epoch(recipe, state, EpochRecord(0, loss, validation, 0.0, 0.0, 0.0), trainer)


def _train_epochs(
    request: TrainRequest,
    recipe: Recipe,
    dataset: Dataset,
    trainer: Trainer,
    state: TrainingState,
    run: str,
) -> None:
    """Train epoch after epoch, and write a checkpoint after each."""
    seed = request.seed + _RANK_STRIDE * distributed.rank()
    loader = Loader(dataset.train, dataset.weights, recipe, seed, request.jobs)
    size = loader.epoch_size()
    with request.progress("making pictures", None):
        loader.prepare(recipe.sides[0][0])
    begin_as_predicted(request, recipe, dataset, trainer.network, state.epoch)
    validation: tuple[int, Float32, Float32] | None = None
    while state.epoch < recipe.epochs:
        epoch = state.epoch
        side = recipe.side_of(epoch, recipe.epochs)
        if validation is None or validation[0] != side:
            validation = (side, *validation_arrays(dataset.held_out, recipe, side))
        row = _train_epoch(request, recipe, loader, trainer, state, (epoch, size, side))
        if distributed.rank():
            state.curve.append(row)
            continue
        row.validation = trainer.loss(validation[1], validation[2], recipe.batch_size)
        _require_finite(row.validation, f"on held-out pictures after epoch {epoch + 1}")
        _record_epoch(recipe, state, row, trainer)
        state.arrays |= trainer.arrays()
        save_checkpoint(request.output, state, run)
        request.print_message(
            f"epoch {row.epoch}/{recipe.epochs}: loss {row.loss:.6g}, validation"
            f" {row.validation:.6g}, rate {row.rate:.2g}, {row.speed:.1f} pictures/s,"
            f" {row.waited:.0%} waiting for data"
        )


def _train_epoch(
    request: TrainRequest,
    recipe: Recipe,
    loader: Loader,
    trainer: Trainer,
    state: TrainingState,
    plan: tuple[int, int, int],
) -> EpochRecord:
    epoch, size, side = plan
    batch = min(recipe.batch_size, size)
    steps = size // batch
    losses = []
    rate = recipe.rate
    started, waited = time.perf_counter(), loader.waiting.seconds
    with request.progress(f"epoch {epoch + 1}/{recipe.epochs}", steps * batch) as advance:
        for step, (inputs, targets) in enumerate(loader.epoch(epoch, size, batch, side)):
            progress = (epoch + step / steps) / recipe.epochs
            rate = recipe.rate * state.factor * _cooldown_factor(progress, recipe.cooldown)
            if trainer.steps < recipe.warmup:
                rate *= (trainer.steps + 1) / recipe.warmup
            losses.append(trainer.step(inputs, targets, rate))
            _require_finite(losses[-1], f"in step {step + 1} of epoch {epoch + 1}")
            advance(len(inputs))
    seconds = time.perf_counter() - started
    return EpochRecord(
        epoch + 1,
        float(np.mean(losses)),
        float("nan"),
        rate,
        steps * batch / seconds,
        (loader.waiting.seconds - waited) / seconds,
        side,
    )


def _require_finite(loss: float, position: str) -> None:
    if not np.isfinite(loss):
        raise UsageError(
            "the loss is no longer finite",
            position,
            "start again with --force and a smaller --rate, or without --precision",
        )


def _cooldown_factor(progress: float, cooldown: float) -> float:
    """Return the factor on the rate when the share ``progress`` of the training is done."""
    return 1.0 if progress <= 1 - cooldown else max(0.0, (1 - progress) / cooldown)


def _record_epoch(recipe: Recipe, state: TrainingState, row: EpochRecord, trainer: Trainer) -> None:
    """Keep the weights if they are the best; lower the rate after epochs without progress."""
    # Losses at different picture sizes cannot be compared: only epochs of this size count.
    comparable = (other for other in state.curve if other.side == row.side)
    best = min((other.validation for other in comparable), default=float("inf"))
    state.curve.append(row)
    if recipe.keep == "last":
        state.arrays.pop("best", None)  # the trainer's own weights, which are saved already
    elif row.validation < best or "best" not in state.arrays:
        state.arrays["best"] = trainer.weights()
    if row.validation < best * (1 - MIN_IMPROVEMENT):
        state.epochs_since_best = 0
        return
    state.epochs_since_best += 1
    if recipe.patience and state.epochs_since_best >= recipe.patience:
        state.factor *= recipe.factor
        state.epochs_since_best = 0
