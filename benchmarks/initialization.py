"""What scikit-learn's default initialization of the same ten sigmoid layers learns: nothing.

    python benchmarks/initialization.py STORE [RECORDS] [PASSES]

STORE is the store of an earlier ``colortk fit --plugin sift_mlp``. Prints, pass by pass, the error of
``MLPRegressor(hidden_layer_sizes=(128,) * 10, activation="logistic")`` with its defaults, and of
the plugin's own networks with the same data, batches and rate, on held-out pictures, as shares of
the mean colour's error.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPRegressor

from colortk.store.pickles import PickleStore
from colortk_plugins.sift_mlp.network import LAYERS, NEURONS, from_centered, initial_network
from colortk_plugins.sift_mlp.optimize import Optimizer
from colortk_plugins.sift_mlp.samples import collect_points, fit_standardization
from colortk_plugins.sift_mlp.views import KIND

BATCH, RATE = 512, 1e-3


def data(place: Path, count: int) -> list[np.ndarray]:
    """Standardized inputs and A of training and of held-out pictures."""
    store = PickleStore(place)
    keys = sorted(path.stem for path in (place / KIND).rglob("*.pkl"))
    chosen = np.random.default_rng(0).permutation(len(keys))[: count + count // 8]
    records = [store.get(KIND, keys[i]) for i in chosen]
    statistics = fit_standardization(records[:count])
    out = []
    for part in (records[:count], records[count:]):
        points = collect_points(part)
        out.append(statistics.inputs(points, np.arange(len(points.chroma))))
        out.append(statistics.targets(points.chroma)[:, 0])
    return out


def main() -> None:
    place = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 800
    passes = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    inputs, targets, held, truth = data(place, count)
    floor = float((truth**2).mean())
    rng = np.random.default_rng(0)
    plain = MLPRegressor(
        hidden_layer_sizes=(NEURONS,) * LAYERS, activation="logistic", learning_rate_init=RATE,
        batch_size=BATCH, random_state=0,
    )  # fmt: skip
    ours = Optimizer(initial_network(inputs.shape[1], rng), 0.0)
    print(f"{len(inputs)} points of {count} pictures; error of A on {len(held)} held-out points")
    for number in range(passes):
        order = rng.permutation(len(inputs))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for start in range(0, len(order) - BATCH + 1, BATCH):
                part = order[start : start + BATCH]
                plain.partial_fit(inputs[part], targets[part])
                ours.step(inputs[part], targets[part], RATE)
        default = float(((plain.predict(held) - truth) ** 2).mean()) / floor
        network = from_centered(ours.average)
        mine = float(((network.predict(held) - truth) ** 2).mean()) / floor
        print(
            f"pass {number + 1}: default initialization {default:.4f}, ours {mine:.4f}", flush=True
        )


if __name__ == "__main__":
    main()
