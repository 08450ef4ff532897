"""``colortk fit --plugin sift_mlp``: the four modules of Team 2's method.

Conversion and features (``views``), training of one network for A and one for B (here), and
refinement (``assess``). Every step can be stopped: records stay in the store, and each epoch
leaves a checkpoint.
"""

from __future__ import annotations

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from colortk.plugin import Float32, PickleStore, UsageError, find_pictures, write_atomic
from colortk.training.data.packed import is_packed
from colortk.training.data.split import Split, split_pictures
from colortk.training.manifest import describe_split, publish, staged_request
from colortk.training.request import TrainRequest
from colortk.training.workers import parallel_map

from .assess import assess
from .checkpoint import Checkpoint, discard, identity, load, save
from .network import absorb_standardization, from_centered, initial_network, to_bytes
from .optimize import Optimizer
from .samples import TARGET_SCALE, collect_points, fit_standardization, iterate_batches, prefetch
from .views import KIND, prepare_record

EPOCHS = 14
BATCH = 2048
RATE = 1.5e-3
DECAY = 1.0
WARM_UP = 200
#: Epochs without a better held-out error after which a network is done.
PATIENCE = 6
#: Held-out pictures that decide, at most.
HELD_OUT = 2500
#: Chroma that rounding gives a gray picture, at most.
COLOUR = 0.1


def train(request: TrainRequest) -> None:
    """Train both networks and write ``a.npz``, ``b.npz``, ``curve.csv``, scores and the manifest.

    The checkpoint goes when the manifest, the last of them, is there. Raises ``UsageError`` if there is too little to train on.
    """
    request.refuse(
        *("samples", "side", "rate", "cooldown", "init_from"),
        *("aging", "teacher", "device", "precision"),
    )
    if is_packed(request.data):
        raise UsageError(
            f"'{request.data}' is a packed dataset",
            "sift_mlp computes its features from picture files",
            "name the folder that was packed",
        )
    paths = find_pictures(request.data)
    split = split_pictures(paths, request.data, request.seed, request.emphasis)
    store = PickleStore(request.store)
    request.output.mkdir(parents=True, exist_ok=True)
    keys = _prepare(request, [*split.train, *split.held_out])
    learn = [keys[path] for path in split.train if path in keys]
    if not learn or not any(path in keys for path in split.held_out):
        raise UsageError(f"nothing to train on in '{request.data}'", "its pictures cannot be read")
    weights = np.array(
        [w for path, w in zip(split.train, split.weights, strict=True) if path in keys]
    )
    run = identity(request, learn)
    if not request.resume:
        discard(request.output)
    state = load(request.output, run, DECAY)
    if state is None:
        state = _start(store, learn, weights, request)
    held = _held_out(store, split, keys, state)
    _learn(request, run, store, state, learn, weights / weights.sum(), held)
    _finish(request, state, split)


def _prepare(request: TrainRequest, paths: list[Any]) -> dict[Any, str]:
    """Records of all pictures, by path; a picture that cannot be read is said and left out."""
    keys = {}
    with request.progress("SIFT features", len(paths)) as advance:
        work = partial(prepare_record, folder=request.store)
        with closing(parallel_map(work, paths, request.jobs)) as done:
            for item in done:
                advance(1)
                if item.error:
                    request.say(f"left out: {item.error}")
                else:
                    keys[item.path] = item.key
    request.say(f"features of {len(keys)} pictures are in the store")
    return keys


def _start(
    store: PickleStore, keys: list[str], weights: Float32, request: TrainRequest
) -> Checkpoint:
    """New networks, and the statistics that inputs and targets are standardized with."""
    rng = np.random.default_rng(request.seed)
    some = rng.choice(len(keys), min(len(keys), 1500), p=weights / weights.sum())
    records = [store.get(KIND, keys[i]) for i in some]
    if not any(np.abs(record[name]).max() > COLOUR for record in records for name in "ab"):
        raise UsageError(f"nothing to learn from in '{request.data}'", "all pictures are gray")
    statistics = fit_standardization(records)
    width = statistics.matrix().shape[1]
    return Checkpoint([Optimizer(initial_network(width, rng), DECAY) for _ in "ab"], statistics)


def _held_out(
    store: PickleStore, split: Split, keys: dict[Any, str], state: Checkpoint
) -> tuple[Float32, Float32, Float32]:
    """Standardized inputs and targets of held-out points (whole pictures only), and weights."""
    chosen = [
        (keys[path], weight)
        for path, weight in zip(split.held_out, split.held_out_weights, strict=True)
        if path in keys
    ]
    chosen = chosen[:: math.ceil(len(chosen) / HELD_OUT)]
    inputs, targets, shares = [], [], []
    for key, weight in chosen:
        record = {name: values[:1] for name, values in store.get(KIND, key).items()}
        points = collect_points([record])
        inputs.append(state.standard.inputs(points, np.arange(len(points.chroma))))
        targets.append(state.standard.targets(points.chroma))
        shares.append(np.full(len(points.chroma), weight / len(points.chroma), np.float32))
    share = np.concatenate(shares)
    return np.concatenate(inputs), np.concatenate(targets), share / share.sum()


def _learn(
    request: TrainRequest,
    run: str,
    store: PickleStore,
    state: Checkpoint,
    keys: list[str],
    weights: Float32,
    held: tuple[Float32, Float32, Float32],
) -> None:
    epochs, size = request.epochs or EPOCHS, request.batch_size or BATCH
    inputs, target, share = held
    floor = [float((share * target[:, k] ** 2).sum()) for k in (0, 1)]
    cores = os.cpu_count() or 1
    with threadpool_limits(max(1, cores // 2)), ThreadPoolExecutor(2) as pool:
        while state.epoch < epochs and not state.finished(PATIENCE):
            # Everything random in an epoch follows from its number: a resumed run repeats nothing
            # and differs in nothing.
            rng = np.random.default_rng([request.seed, state.epoch])
            drawn = [keys[i] for i in rng.choice(len(keys), len(keys), p=weights)]
            points = len(drawn) * held_points(store, keys)
            size = min(size, max(1, points // 4))
            steps = max(1, points // size)
            losses: list[list[float]] = [[], []]
            with request.progress(f"epoch {state.epoch + 1}/{epochs}", points) as advance:
                for number, (x, y) in enumerate(
                    prefetch(iterate_batches(store, drawn, size, state.standard, rng))
                ):
                    rate = _rate(state.epoch + min(1, number / steps), epochs, state.optimizers[0])

                    both = [pool.submit(state.optimizers[k].step, x, y[:, k], rate) for k in (0, 1)]
                    for k in (0, 1):
                        losses[k].append(both[k].result())
                    advance(len(x))
            errors = list(
                pool.map(lambda k: _error(state.optimizers[k], inputs, target[:, k], share), (0, 1))
            )
            row = [float(np.mean(loss)) if loss else float("nan") for loss in losses]
            state.record(row, [e / f for e, f in zip(errors, floor, strict=True)])
            save(request.output, state, run)
            request.say(
                f"epoch {state.epoch}/{epochs}: held-out error of A {state.curve[-1][3]:.4f},"
                f" of B {state.curve[-1][4]:.4f} of the mean color's"
            )
    if state.epoch < epochs:
        a, b = state.best_epochs
        request.say(f"stopped early, kept epoch {a}" + (f" of A, {b} of B" if a != b else ""))


def held_points(store: PickleStore, keys: list[str]) -> int:
    """Points that one record holds."""
    return int(store.get(KIND, keys[0])["a"].size)


def _rate(progress: float, epochs: int, optimizer: Optimizer) -> float:
    """Cosine decay (Loshchilov, Hutter 2017) after a short linear start."""
    start = min(1.0, (optimizer.step_count + 1) / WARM_UP)
    return float(RATE * start * 0.5 * (1 + np.cos(np.pi * min(1, progress / epochs))) + 1e-6)


def _error(optimizer: Optimizer, inputs: Float32, target: Float32, share: Float32) -> float:
    network = from_centered(optimizer.average)
    total = 0.0
    for start in range(0, len(inputs), 8192):
        part = slice(start, start + 8192)
        total += float((share[part] * (network.predict(inputs[part]) - target[part]) ** 2).sum())
    return total


def _finish(request: TrainRequest, state: Checkpoint, split: Split) -> None:
    files = {}
    mean_ab, matrix = state.standard.target, state.standard.matrix()
    for k, channel in enumerate("ab"):
        offset = float(mean_ab[k])
        network = absorb_standardization(
            from_centered(state.best[k]), state.standard.mean, matrix, offset, TARGET_SCALE
        )
        files[f"{channel}.npz"] = to_bytes(network)
    best = state.best_errors
    with staged_request(request) as stage:
        publish(
            stage,
            files,
            ["numpy", "opencv-contrib-python", "scikit-learn"],
            data=describe_split(split, request.data),
            inputs=int(state.standard.mean.size),
            epochs=state.epoch,
            seed=request.seed,
            held_out_error={"a": best[0], "b": best[1], "unit": "share of the mean color's"},
            mean_ab=[float(v) for v in mean_ab],
        )
        state.write_curve(stage.output)
        scores = assess(stage, split.held_out)
        text = json.dumps(scores).encode() + b"\n"
        write_atomic(stage.output / "refinement.json", text, force=True)
    discard(request.output)
    line = ", ".join(f"{way} {value:.2f} dB" for way, value in scores.items())
    request.say(f"PSNR on held-out pictures by refinement: {line}")
