"""Compare initializations of the ten sigmoid layers of ``sift_mlp``.

    python benchmarks/initialization.py STORE [RECORDS] [PASSES]

STORE is the store of an earlier ``colortk fit --plugin sift_mlp``. After each pass it prints the
error of A on held-out pictures, relative to the mean color, of two trainings of
``MLPRegressor(hidden_layer_sizes=(128,) * 10, activation="logistic")`` on the same batches: with
the initialization and the rate of scikit-learn, and with those of the plugin.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPRegressor

from colortk.store.pickles import PickleStore
from colortk_plugins.sift_mlp.epochs import RATE
from colortk_plugins.sift_mlp.network import LAYERS, NEURONS, initial_network
from colortk_plugins.sift_mlp.regressor import AveragedRegressor
from colortk_plugins.sift_mlp.samples import collect_points, fit_standardization
from colortk_plugins.sift_mlp.views import KIND

BATCH, DEFAULT_RATE = 512, 1e-3


def data(folder: Path, count: int) -> list[np.ndarray]:
    """Return standardized inputs and A of training and of held-out pictures."""
    store = PickleStore(folder)
    keys = sorted(path.stem for path in (folder / KIND).rglob("*.pkl"))
    chosen = np.random.default_rng(0).permutation(len(keys))[: count + count // 8]
    records = [store.get(KIND, keys[i]) for i in chosen]
    standardization = fit_standardization(records[:count])
    arrays = []
    for part in (records[:count], records[count:]):
        points = collect_points(part)
        arrays.append(standardization.inputs(points, np.arange(len(points.chroma))))
        arrays.append(standardization.targets(points.chroma)[:, 0])
    return arrays


def main() -> None:
    folder = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 800
    passes = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    inputs, targets, held_out, truth = data(folder, count)
    floor = float((truth**2).mean())
    rng = np.random.default_rng(0)
    default = MLPRegressor(
        hidden_layer_sizes=(NEURONS,) * LAYERS, activation="logistic", learning_rate_init=DEFAULT_RATE,
        batch_size=BATCH, random_state=0,
    )  # fmt: skip
    plugin = AveragedRegressor.begin(initial_network(inputs.shape[1], rng))
    print(
        f"{len(inputs)} points of {count} pictures; error of A on {len(held_out)} held-out points"
    )
    for number in range(passes):
        order = rng.permutation(len(inputs))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for start in range(0, len(order) - BATCH + 1, BATCH):
                part = order[start : start + BATCH]
                default.partial_fit(inputs[part], targets[part])
                plugin.step(inputs[part], targets[part], RATE)
        predictions = {
            "default": default.predict(held_out),
            "plugin": plugin.average.predict(held_out),
        }
        errors = (
            f"{name} {float(((values - truth) ** 2).mean()) / floor:.4f}"
            for name, values in predictions.items()
        )
        print(f"pass {number + 1}: {', '.join(errors)}", flush=True)


if __name__ == "__main__":
    main()
