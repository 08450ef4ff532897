"""PSNR of ``acharya_tanh`` if pictures are enlarged before they are split (Acharya 2022).

    KERAS_BACKEND=tensorflow python benchmarks/enlarged_before_split.py FACES [--epochs 50]

The document describes both orders: for mean chrominance it enlarges 750 faces to 9,750 pictures and
then splits these, and for the colorizers it splits first. Enlarged first, nearly each test picture
has versions of itself among the training pictures. This trains the network of the document with its
batches and augmentations in that order, and prints mean PSNR and SSIM of the test pictures at
128 × 128, and of those among them that are not augmented. Nothing is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.harness.metrics.pair import Truth
from colortk.harness.scoring import Scorer
from colortk.io.decode import decode
from colortk.io.discovery import find_pictures
from colortk.pipeline import join, refiner
from colortk.training.data.augment import AUGMENTATIONS, REPEATS, augment
from colortk.types import Array
from colortk_plugins.acharya.codec import TANH
from colortk_plugins.acharya.networks import SIDE, colorizer_tanh
from colortk_plugins.acharya.train import TANH_FACES

METRICS = ("psnr", "ssim")


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--epochs", type=int, default=TANH_FACES.epochs)
    arguments = parser.parse_args()
    pictures, original = enlarged(arguments.faces)
    order = np.random.default_rng(0).permutation(len(pictures))
    test, train = np.split(order, [len(order) // 10])
    print(f"{len(pictures)} pictures: {len(train)} for training, {len(test)} for the test")
    network = trained(pictures[train], arguments.epochs)
    scores = np.array([score(network, pictures[number]) for number in test])
    for name, rows in (("all", slice(None)), ("not augmented", original[test])):
        psnr, ssim = scores[rows].mean(0)
        print(f"{name:14} {len(scores[rows]):5} pictures: PSNR {psnr:.2f} dB, SSIM {ssim:.3f}")


def enlarged(folder: Path) -> tuple[Array, Array]:
    """Return each picture and its augmentations, uint8 (N, 128, 128, 3), and which are originals."""
    rng = np.random.default_rng(0)
    pictures, original = [], []
    for path in find_pictures(folder):
        pixels = decode(path.read_bytes(), path.name).pixels
        face = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        changed = [augment(face, number, rng) for number in range(REPEATS * len(AUGMENTATIONS))]
        pictures += [face, *changed]
        original += [True, *[False] * len(changed)]
    return np.stack(pictures), np.array(original)


def trained(pictures: Array, epochs: int) -> Any:
    """Return the network, trained on pictures, uint8 (N, 128, 128, 3)."""
    import keras

    keras.utils.set_random_seed(0)
    network = colorizer_tanh()
    assert TANH_FACES.prepare is not None
    TANH_FACES.prepare(network)
    network.compile(keras.optimizers.Adam(TANH_FACES.rate), "mse")
    lab = np.concatenate([rgb_to_lab(picture)[None] for picture in pictures])
    slower = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=3, verbose=1)
    network.fit(
        TANH.inputs(lab[..., 0]), TANH.targets(lab[..., 1:], lab[..., 0]),
        batch_size=TANH_FACES.batch_size, epochs=epochs, validation_split=0.1,
        callbacks=[slower], verbose=2,
    )  # fmt: skip
    return network


def score(network: Any, picture: Array) -> list[float]:
    """Return the metrics of one picture."""
    lightness = np.ascontiguousarray(rgb_to_lab(picture)[..., 0])
    outputs = network.predict_on_batch(TANH.inputs(lightness[None]))
    ab = TANH.chroma(np.asarray(outputs, np.float32), SIDE, SIDE)[0]
    values = Scorer(METRICS)(Truth(picture), join(lightness, ab, refiner("ratio"))).values
    return [values[name] for name in METRICS]


if __name__ == "__main__":
    main()
