"""Train the networks for A and B epoch by epoch, in parallel, with a checkpoint after each."""

from __future__ import annotations

import os
from itertools import islice

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from colortk.plugin import Float32, PickleStore, prefetch
from colortk.training.request import TrainRequest

from .checkpoint import Checkpoint, save
from .samples import iterate_batches
from .validation import Validation
from .views import KIND

EPOCHS = 14
BATCH = 2048
#: Learning rate at the end of the warm-up, and steps of the warm-up.
RATE, WARM_UP = 6e-3, 200
#: Epochs without a smaller held-out error after which a training ends.
PATIENCE = 6
#: Steps that each network makes before it waits for the other.
STEPS_AT_ONCE = 8


def train_epochs(
    request: TrainRequest,
    run: str,
    store: PickleStore,
    state: Checkpoint,
    keys: list[str],
    weights: Float32,
    validation: Validation,
) -> None:
    """Train until the last epoch, or until neither network improves for `PATIENCE` epochs.

    Parameters
    ----------
    request : TrainRequest
        Epochs, batch size, seed, and the output folder of the checkpoint.
    run : str
        Identity of the run, for the checkpoint.
    store : PickleStore
        Holds the records.
    state : Checkpoint
        Where the training continues; updated in place.
    keys : list of str
        Records of the training pictures.
    weights : ndarray
        Probability that a record is drawn, (N,); sums to 1.
    validation : Validation
        Held-out points.
    """
    epochs = EPOCHS if request.epochs is None else request.epochs
    cores = os.cpu_count() or 1
    with threadpool_limits(max(1, cores // 2)), Parallel(n_jobs=2, prefer="threads") as parallel:
        while state.epoch < epochs and not state.finished(PATIENCE):
            losses = _train_epoch(request, store, state, keys, weights, epochs, parallel)
            errors = parallel(
                delayed(validation.error)(regressor.average, channel)
                for channel, regressor in enumerate(state.regressors)
            )
            state.record(
                [float(np.mean(loss)) if loss else float("nan") for loss in losses], errors
            )
            save(request.output, state, run)
            request.print_message(
                f"epoch {state.epoch}/{epochs}: held-out error of A {errors[0]:.4f},"
                f" of B {errors[1]:.4f} of the error of the mean color"
            )
    if state.epoch < epochs:
        a, b = state.best_epochs
        request.print_message(
            f"stopped early, kept epoch {a}" + (f" of A, {b} of B" if a != b else "")
        )


def _train_epoch(
    request: TrainRequest,
    store: PickleStore,
    state: Checkpoint,
    keys: list[str],
    weights: Float32,
    epochs: int,
    parallel: Parallel,
) -> list[list[float]]:
    """Train both networks on the same batches; return the errors of their steps."""
    # Everything random in an epoch depends on its number, so that a resumed run repeats nothing
    # and differs in nothing.
    rng = np.random.default_rng([request.seed, state.epoch])
    drawn = [keys[i] for i in rng.choice(len(keys), len(keys), p=weights)]
    points = len(drawn) * int(store.get(KIND, keys[0])["a"].size)
    size = min(request.batch_size or BATCH, max(1, points // 4))
    steps = max(1, points // size)
    losses: list[list[float]] = [[], []]
    stream = prefetch(
        iterate_batches(store, drawn, size, state.standardization, rng), STEPS_AT_ONCE
    )
    with request.progress(f"epoch {state.epoch + 1}/{epochs}", points) as advance:
        while batches := list(islice(stream, STEPS_AT_ONCE)):
            rates = []
            for number in range(len(batches)):
                progress = state.epoch + min(1, (len(losses[0]) + number) / steps)
                rates.append(_rate(progress / epochs, state.regressors[0].step_count + number))
            results = parallel(
                delayed(regressor.steps)(
                    [(x, y[:, channel], rate) for (x, y), rate in zip(batches, rates, strict=True)]
                )
                for channel, regressor in enumerate(state.regressors)
            )
            for channel, errors in enumerate(results):
                losses[channel] += errors
            advance(sum(len(inputs) for inputs, _ in batches))
    return losses


def _rate(progress: float, step: int) -> float:
    """Return the learning rate: cosine decay (Loshchilov, Hutter 2017) after a linear warm-up.

    ``progress`` is the share of the training that is done, ``step`` the number of steps.
    """
    warm_up = min(1.0, (step + 1) / WARM_UP)
    return float(RATE * warm_up * 0.5 * (1 + np.cos(np.pi * min(1, progress))) + 1e-6)
