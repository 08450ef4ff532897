"""Pictures per second of a training step by backend and precision, and of the loader alone.

    python benchmarks/training.py [NETWORK ...]

Ratios are to TensorFlow in float32 of the same run. Each measurement has a process of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDE, BATCH, STEPS = 128, 16, 8
NETWORKS = ("autoencoder", "resnet18", "vgg16_residual")


def child(name: str) -> None:
    """Time one network on the backend of the environment; print pictures per second as JSON."""
    import numpy as np

    from colortk.training import backend
    from colortk.training.data.crops import to_lab
    from colortk.training.data.loader import encode
    from colortk.training.loop.trainer import Trainer

    module = __import__(f"colortk_plugins.{name}.train", fromlist=["RECIPE"])
    recipe = module.RECIPE
    backend.set_precision(os.environ["PRECISION"])
    trainer = Trainer(recipe.network(), recipe)
    rng = np.random.default_rng(0)
    views = rng.integers(0, 256, (BATCH, SIDE, SIDE, 3)).astype(np.uint8)
    inputs, targets = encode(to_lab(views), recipe.codec)
    for _ in range(2):
        trainer.step(inputs, targets, 1e-4)
    started = time.perf_counter()
    for _ in range(STEPS):
        trainer.step(inputs, targets, 1e-4)
    print(json.dumps(STEPS * BATCH / (time.perf_counter() - started)))


def loading() -> float:
    """Return pictures per second of the loader with two threads: crop, scale, CIELAB."""
    import cv2
    import numpy as np

    from colortk.training.data.image_cache import ImageCache
    from colortk.training.data.loader import Loader
    from colortk.training.data.source import FolderSource
    from colortk_plugins.autoencoder.train import RECIPE

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.jpg" for i in range(64)]
        for path in paths:
            noise = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
            cv2.imwrite(str(path), cv2.resize(noise, (240, 180), interpolation=cv2.INTER_CUBIC))
        loader = Loader(
            ImageCache(FolderSource(Path(folder)), paths), [1 / 64] * 64, RECIPE, seed=0, jobs=2
        )
        for _ in loader.epoch(0, 64, BATCH, SIDE):
            pass
        started = time.perf_counter()
        for _ in loader.epoch(1, 640, BATCH, SIDE):
            pass
        return 640 / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    print(f"loader alone: {loading():.0f} pictures/s")
    backends = [b for b in ("tensorflow", "torch", "jax") if importlib.util.find_spec(b)]
    for name in arguments.networks:
        base = 0.0
        for backend in backends:
            for precision in ("float32", "bfloat16"):
                environment = {
                    **os.environ,
                    "KERAS_BACKEND": backend,
                    "PRECISION": precision,
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                }
                out = subprocess.run(
                    [sys.executable, __file__, "--child", name],
                    capture_output=True,
                    text=True,
                    env=environment,
                )
                if out.returncode:
                    print(f"{name} {backend} {precision}: {out.stderr.splitlines()[-1:]}")
                    continue
                speed = json.loads(out.stdout.splitlines()[-1])
                base = base or speed
                print(
                    f"{name} {backend} {precision}: {speed:.1f} pictures/s, {speed / base:.2f} times"
                )


if __name__ == "__main__":
    main()
