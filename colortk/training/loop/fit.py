"""``colortk fit`` of a network: read, learn, keep the best, publish."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from colortk.errors import PluginError, UsageError
from colortk.training import backend
from colortk.training.data.dataset import HELD_OUT, Material, read
from colortk.training.data.loader import Loader, fixed
from colortk.training.data.source import picture_source
from colortk.training.data.split import split
from colortk.training.loop.state import Row, State, discard, identity, load, save
from colortk.training.loop.trainer import Learner
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.types import Float32

#: A validation loss counts as better if it is by this share.
BETTER = 1e-3


def fit(request: TrainRequest, recipe: Recipe) -> None:
    """Train ``recipe``'s network on ``request.data`` and publish it in ``request.output``.

    Raises ``UsageError`` if there is too little to train on, ``PluginError`` without Keras.
    """
    backend.keras()
    recipe = _asked(request, recipe)
    output = request.output.resolve()
    source = picture_source(request.data)
    paths = [path for path in source.paths if output not in Path(os.path.realpath(path)).parents]
    sides = split(paths, request.data, request.seed, request.emphasis)
    if recipe.samples and not request.samples:  # a pass over a few pictures is short
        recipe = replace(recipe, samples=min(recipe.samples, len(sides.train)))
    run = identity(request, recipe, sides)
    if not request.resume:
        discard(request.output)
    state = load(request.output, run) or State()
    with backend.device(request.device):
        learner = _start(request, recipe, state)
        if state.epoch < recipe.epochs or not state.curve:
            _make(request.output)
            material = read(request, recipe, sides, state)
            if recipe.epochs:
                _learn(request, recipe, material, learner, state, run)
            else:
                _as_begun(recipe, material, learner, state)
    from colortk.training.export import finish

    finish(request, recipe, sides.without({request.data / name for name in state.left_out}), state)
    discard(request.output)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output '{folder}'", error.strerror or str(error)) from error


def _asked(request: TrainRequest, recipe: Recipe) -> Recipe:
    """The recipe with what the request has instead of its defaults.

    Raises ``UsageError`` for what the network cannot do, ``PluginError`` for a recipe that is not the
    plugin's.
    """
    if request.plugin not in ("", recipe.plugin):  # found out at the end, it would all be lost
        raise PluginError(
            f"plugin '{request.plugin}' trains the recipe '{recipe.plugin}'",
            "scores and model card need a recipe of the plugin's own name",
            f"write Recipe('{request.plugin}', …) in its code",
        )
    side = request.side
    if side and recipe.fixed and side not in [one for one, _ in recipe.sides]:
        raise UsageError(
            f"--side {side}", f"{recipe.plugin} takes pictures of {recipe.sides[0][0]} pixels only"
        )
    if side and side % recipe.multiple:
        raise UsageError(
            f"--side {side}", f"{recipe.plugin} takes multiples of {recipe.multiple} only"
        )
    if request.emphasis and recipe.examples == "twelve":
        raise UsageError(
            "--emphasis means nothing to this plugin",
            "an epoch has every picture once, and the twelve made of it",
            "leave it out",
        )
    if request.teacher:
        if recipe.examples == "twelve":
            raise UsageError(
                "--teacher means nothing to this plugin", "it learns from its twelve new pictures"
            )
        from colortk.training.loop.teacher import teacher

        who = teacher(request.teacher, request.teacher_share)
        facts = {"teacher": request.teacher, "teacher_digest": who.loaded.digest}
        recipe = replace(recipe, teacher=who, facts=recipe.facts | facts)
    if request.aging:
        if recipe.examples == "twelve":
            raise UsageError(
                "--aging means nothing to this plugin", "its twelve new pictures are all it gets"
            )
        from colortk.training.data.aging import aged

        recipe = replace(recipe, lightness=aged)
    sides = ((side, 1.0),) if side else recipe.sides
    if request.epochs == 0:
        if not request.init_from:
            raise UsageError(
                "--epochs 0", "nothing would be learnt", "name weights with --init-from"
            )
        sides = ((sides[-1][0], 1.0),)
    return replace(
        recipe,
        epochs=recipe.epochs if request.epochs is None else request.epochs,
        batch_size=request.batch_size or recipe.batch_size,
        samples=request.samples or recipe.samples,
        rate=request.rate or recipe.rate,
        sides=sides,
    )


def _start(request: TrainRequest, recipe: Recipe, state: State) -> Learner:
    """The network, as the checkpoint has it or as a new run begins."""
    library = backend.keras()
    library.utils.set_random_seed(request.seed)
    before = backend.policy(request.precision)
    try:
        network = recipe.network()
    finally:
        library.mixed_precision.set_global_policy(before)
    if state.epoch == 0:
        if recipe.prepare is not None:
            recipe.prepare(network)
        if request.init_from:
            from colortk.training.init_weights import initialize

            for line in initialize(network, recipe.plugin, request.init_from):
                request.say(line)
    learner = Learner(network, recipe)
    if state.epoch:
        learner.restore(state.arrays)
    return learner


def _as_begun(recipe: Recipe, material: Material, learner: Learner, state: State) -> None:
    """No epoch: the weights that it begins with are kept."""
    side, train = recipe.sides[-1][0], material.train
    some = train.only(list(range(0, len(train), -(-len(train) // HELD_OUT))))
    loss, validation = (
        learner.loss(*fixed(album, recipe, side), recipe.batch_size)
        for album in (some, material.held_out)
    )
    _judge(recipe, state, Row(0, loss, validation, 0.0, 0.0, 0.0), learner)


def _learn(
    request: TrainRequest,
    recipe: Recipe,
    material: Material,
    learner: Learner,
    state: State,
    run: str,
) -> None:
    """Epoch after epoch, each with a checkpoint at its end."""
    loader = Loader(material.train, material.weights, recipe, request.seed, request.jobs)
    size = loader.epoch_size()
    with request.progress("making pictures", None):
        loader.prepare(recipe.sides[0][0])
    held: tuple[int, Float32, Float32] | None = None
    while state.epoch < recipe.epochs:
        number = state.epoch
        side = recipe.side_of(number, recipe.epochs)
        if held is None or held[0] != side:
            held = (side, *fixed(material.held_out, recipe, side))
        row = _epoch(request, recipe, loader, learner, state, (number, size, side))
        row.validation = learner.loss(held[1], held[2], recipe.batch_size)
        _finite(row.validation, f"on held-out pictures after epoch {number + 1}")
        _judge(recipe, state, row, learner)
        state.arrays |= learner.arrays()
        save(request.output, state, run)
        request.say(
            f"epoch {row.epoch}/{recipe.epochs}: loss {row.loss:.6g}, validation"
            f" {row.validation:.6g}, rate {row.rate:.2g}, {row.speed:.1f} pictures/s,"
            f" {row.waited:.0%} waiting for data"
        )


def _epoch(
    request: TrainRequest,
    recipe: Recipe,
    loader: Loader,
    learner: Learner,
    state: State,
    place: tuple[int, int, int],
) -> Row:
    number, size, side = place
    batch = min(recipe.batch_size, size)
    steps = size // batch
    losses = []
    rate = recipe.rate
    started, waited = time.perf_counter(), loader.waiting.seconds
    with request.progress(f"epoch {number + 1}/{recipe.epochs}", steps * batch) as advance:
        for step, (inputs, targets) in enumerate(loader.epoch(number, size, batch, side)):
            done = (number + step / steps) / recipe.epochs
            rate = recipe.rate * state.factor * _cooled(done, recipe.cooldown)
            losses.append(learner.step(inputs, targets, rate))
            _finite(losses[-1], f"in step {step + 1} of epoch {number + 1}")
            advance(len(inputs))
    seconds = time.perf_counter() - started
    return Row(
        number + 1,
        float(np.mean(losses)),
        float("nan"),
        rate,
        steps * batch / seconds,
        (loader.waiting.seconds - waited) / seconds,
    )


def _finite(loss: float, where: str) -> None:
    if not np.isfinite(loss):
        raise UsageError(
            "the loss is no longer finite",
            where,
            "start anew with --force and a larger --batch-size, or without --precision",
        )


def _cooled(done: float, cooldown: float) -> float:
    """Factor on the rate after the share ``done`` of the training."""
    return 1.0 if done <= 1 - cooldown else max(0.0, (1 - done) / cooldown)


def _judge(recipe: Recipe, state: State, row: Row, learner: Learner) -> None:
    """Keep the weights if they are the best; lower the rate if none were for a while."""
    # A loss at another size of pictures is another loss: the best of the last size counts.
    side = recipe.side_of(row.epoch - 1, recipe.epochs)
    alike = (r for r in state.curve if recipe.side_of(r.epoch - 1, recipe.epochs) == side)
    best = min((r.validation for r in alike), default=float("inf"))
    state.curve.append(row)
    if row.validation < best or "best" not in state.arrays:
        state.arrays["best"] = learner.weights()
    if row.validation < best * (1 - BETTER):
        state.since = 0
        return
    state.since += 1
    if state.since >= recipe.patience:
        state.factor *= recipe.factor
        state.since = 0
