"""``colortk fit --plugin sift_mlp``: the four modules of the paper.

Conversion and features (``views``), training of one network for A and one for B (``epochs``), and
refinement (``assess``). Every step can be stopped and resumed: records stay in the store, and each
epoch leaves a checkpoint.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import numpy as np

from colortk.plugin import Float32, PickleStore, UsageError, find_pictures, write_atomic
from colortk.training.data.packed import is_packed
from colortk.training.data.split import Split, split_pictures
from colortk.training.manifest import describe_split, publish, staged_request
from colortk.training.request import TrainRequest
from colortk.training.workers import parallel_map

from .assess import assess
from .checkpoint import Checkpoint, discard, identity, load
from .curve import save_curve
from .epochs import train_epochs
from .network import absorb_standardization, initial_network, to_bytes
from .regressor import AveragedRegressor
from .samples import TARGET_SCALE, fit_standardization
from .validation import load_validation
from .views import KIND, RecordTask, prepare_record

#: Weight decay of AdamW, as a factor on the learning rate.
DECAY = 0.25
#: Records that the standardization is fitted to.
STANDARDIZATION_RECORDS = 1500
#: Largest a* or b* that rounding gives a gray picture.
MAX_GRAY_CHROMA = 0.1


def train(request: TrainRequest) -> None:
    """Train both networks and write ``a.npz``, ``b.npz``, ``curve.csv``, scores and the manifest.

    The checkpoint is removed after the manifest, the last of these files, is written.

    Parameters
    ----------
    request : TrainRequest
        Pictures, store and output.

    Raises
    ------
    UsageError
        There are too few readable color pictures, or an option does not apply to this plugin.
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
    split = split_pictures(
        find_pictures(request.data), request.data, request.seed, request.emphasis
    )
    store = PickleStore(request.store)
    request.output.mkdir(parents=True, exist_ok=True)
    keys = _prepare_records(request, [*split.train, *split.held_out])
    train_keys = [keys[path] for path in split.train if path in keys]
    if not train_keys or not any(path in keys for path in split.held_out):
        raise UsageError(f"nothing to train on in '{request.data}'", "its pictures cannot be read")
    weights = np.array(
        [weight for path, weight in zip(split.train, split.weights, strict=True) if path in keys]
    )
    weights /= weights.sum()
    run = identity(request, train_keys)
    if not request.resume:
        discard(request.output)
    state = load(request.output, run, DECAY) or _begin(request, store, train_keys, weights)
    validation = load_validation(store, split, keys, state.standardization)
    train_epochs(request, run, store, state, train_keys, weights, validation)
    _publish_networks(request, state, split)


def _prepare_records(request: TrainRequest, paths: list[Path]) -> dict[Path, str]:
    """Return the keys of the records by path; a picture that cannot be read is reported."""
    keys = {}
    with request.progress("SIFT features", len(paths)) as advance:
        tasks = [RecordTask(path, request.store) for path in paths]
        with closing(parallel_map(prepare_record, tasks, request.jobs)) as records:
            for record in records:
                advance(1)
                if record.error:
                    request.print_message(f"left out: {record.error}")
                else:
                    keys[record.path] = record.key
    request.print_message(f"features of {len(keys)} pictures are in the store")
    return keys


def _begin(
    request: TrainRequest, store: PickleStore, keys: list[str], weights: Float32
) -> Checkpoint:
    """Return new networks, and the standardization of inputs and targets."""
    rng = np.random.default_rng(request.seed)
    chosen = rng.choice(len(keys), min(len(keys), STANDARDIZATION_RECORDS), p=weights)
    records = [store.get(KIND, keys[i]) for i in chosen]
    if not any(np.abs(record[name]).max() > MAX_GRAY_CHROMA for record in records for name in "ab"):
        raise UsageError(
            f"nothing to train on in '{request.data}'",
            "all pictures are gray",
            "add color pictures",
        )
    standardization = fit_standardization(records)
    width = standardization.matrix().shape[1]
    regressors = [AveragedRegressor.begin(initial_network(width, rng), DECAY) for _ in "ab"]
    return Checkpoint(regressors, standardization)


def _publish_networks(request: TrainRequest, state: Checkpoint, split: Split) -> None:
    """Write the best networks, for inputs that are not standardized, and their scores."""
    standardization = state.standardization
    files = {}
    for channel, best, offset in zip("ab", state.best, standardization.target, strict=True):
        network = absorb_standardization(
            best,
            standardization.mean,
            standardization.matrix(),
            float(offset),
            TARGET_SCALE,
        )
        files[f"{channel}.npz"] = to_bytes(network)
    errors = state.best_errors
    with staged_request(request) as stage:
        publish(
            stage,
            files,
            ["numpy", "opencv-contrib-python", "scikit-learn"],
            data=describe_split(split, request.data),
            inputs=int(standardization.mean.size),
            epochs=state.epoch,
            seed=request.seed,
            held_out_error={"a": errors[0], "b": errors[1], "unit": "share of the mean color's"},
            mean_ab=[float(value) for value in standardization.target],
        )
        save_curve(stage.output, state.curve)
        scores = assess(stage, split.held_out)
        text = json.dumps(scores).encode() + b"\n"
        write_atomic(stage.output / "refinement.json", text, force=True)
    discard(request.output)
    line = ", ".join(f"{refinement} {value:.2f} dB" for refinement, value in scores.items())
    request.print_message(f"PSNR on held-out pictures by refinement: {line}")
