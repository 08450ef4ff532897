"""Training gives the same results on every Keras backend."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
OTHERS = [name for name in ("jax", "torch") if importlib.util.find_spec(name) is not None]


def _losses(backend: str, folder: Path) -> dict[str, list[float]]:
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    script = Path(__file__).with_name("training_step_losses.py")
    out = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
    )
    assert out.returncode == 0, out.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.stdout.splitlines()[-1])
    assert found["backend"] == backend
    losses: dict[str, list[float]] = found["losses"]
    return losses


def test_a_training_step_gives_the_same_losses_on_every_backend(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorflow") is None or not OTHERS:
        pytest.skip("needs TensorFlow and another backend")
    first = _losses("tensorflow", tmp_path)
    assert len(first) == 7
    for other in OTHERS:
        for plugin, losses in _losses(other, tmp_path).items():
            assert losses[0] == pytest.approx(first[plugin][0], rel=1e-4), (plugin, other)
            # The weights differ by rounding, depending on the processor.
            assert losses == pytest.approx(first[plugin], rel=1e-3), (plugin, other)
            assert losses[0] != losses[2], "a step changes something"


def test_the_fused_operators_compute_what_keras_does(tmp_path: Path) -> None:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs PyTorch")
    code = """if True:
        import keras, numpy as np, torch
        from keras import layers
        from colortk.training.torch.native import accelerate, _Fused

        inputs = keras.Input((None, None, 3))
        x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
        skip = x = layers.BatchNormalization(momentum=0.7)(x)
        x = layers.MaxPooling2D()(x)
        x = layers.ZeroPadding2D(1)(x)
        x = layers.Conv2D(8, (3, 5), padding="valid", use_bias=False)(x)
        x = layers.Conv2D(8, (2, 4), padding="same", activation="tanh")(x)
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU(max_value=1)(x)
        x = layers.DepthwiseConv2D((3, 5), strides=2, padding="same", depth_multiplier=2)(x)
        x = layers.DepthwiseConv2D(2, activation="tanh")(x)
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = layers.Conv2DTranspose(8, (1, 2), strides=(1, 1), padding="same")(x)
        x = layers.Conv2DTranspose(4, (1, 3), strides=(2, 2), padding="same")(x)
        x = layers.UpSampling2D((1, 2))(x)
        network = keras.Model(inputs, x)
        fused = accelerate(network)
        kinds = sum(isinstance(layer, _Fused) for layer in fused.layers)
        assert kinds == 14 - 2, kinds  # all but the padding and the ReLU
        rng = np.random.default_rng(0)
        network.set_weights([rng.uniform(0.1, 0.5, w.shape) for w in network.get_weights()])
        x = torch.tensor(rng.normal(size=(3, 24, 32, 3)).astype("float32"))
        for training in (False, True):
            found = []
            for model in (network, fused):
                start = [w.copy() for w in network.get_weights()]
                network.zero_grad()
                out = model(x, training=training)
                (out ** 2).mean().backward()
                found.append((
                    out.detach().numpy(),
                    [v.value.grad.numpy().copy() for v in network.trainable_variables],
                    [v.value.detach().numpy().copy() for v in network.non_trainable_variables],
                ))
                network.set_weights(start)
            for one, other in zip(*found):
                for a, b in zip([one] if isinstance(one, np.ndarray) else one,
                                [other] if isinstance(other, np.ndarray) else other):
                    assert a.shape == b.shape
                    assert np.abs(a - b).max() <= 2e-5 * max(1, np.abs(a).max()), np.abs(a - b).max()
        print("EQUAL")
    """
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert out.stdout.splitlines()[-1:] == ["EQUAL"], out.stderr[-3000:]


def test_fused_adam_equals_keras_adam() -> None:
    """Also with strided and small gradients, and with a rate for each layer."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs PyTorch")
    code = """if True:
        import keras, numpy as np, torch
        from colortk.training.torch.fused_adam import fused_adam as fused

        def trained(make):
            rng = np.random.default_rng(0)
            shapes = (3, 3, 8, 16), (16,), (5, 7)
            variables = [keras.Variable(rng.normal(size=s).astype("float32")) for s in shapes]
            adam = make(variables)
            adam.build(variables)
            for step in range(20):
                scale = 10.0 ** -(step % 8)
                gradients = [torch.tensor(scale * rng.normal(size=s)).float() for s in shapes]
                turned = gradients[0].permute(3, 2, 0, 1).contiguous()
                gradients[0] = turned.permute(2, 3, 1, 0)
                assert not gradients[0].is_contiguous()
                adam.learning_rate.assign(1e-3 * (step + 1) / 20)
                adam.apply(gradients, variables)
            return [keras.ops.convert_to_numpy(v).copy() for v in variables]

        start = trained(lambda some: keras.optimizers.Adam(0.0, epsilon=1e30))
        base = keras.optimizers.Adam
        wanted = trained(lambda some: base(1e-3))
        made = fused(base, {})
        assert issubclass(made, base)
        found = trained(lambda some: fused(base, {id(v): 1.0 for v in some})(1e-3))
        slow = trained(lambda some: fused(base, {id(some[0]): 0.25, id(some[1]): 1.0, id(some[2]): 1.0})(1e-3))
        for s, w, f in zip(start, wanted, found):
            assert np.abs(w - s).max() > 1e-3
            assert np.abs(w - f).max() < 2e-6, np.abs(w - f).max()
        assert np.abs(slow[0] - start[0] - 0.25 * (wanted[0] - start[0])).max() < 2e-6
        assert np.abs(slow[1] - wanted[1]).max() < 2e-6
        print("EQUAL")
    """
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert out.stdout.splitlines()[-1:] == ["EQUAL"], out.stderr[-3000:]


def test_cpu_weights_can_be_frozen_on_pytorch() -> None:
    """With the device "cpu:0", Keras makes copies that are not leaves, which cannot be frozen."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("needs PyTorch")
    code = """if True:
        from colortk.training import backend

        keras = backend.import_keras()
        with backend.device_scope("cpu"):
            layer = keras.layers.Dense(2)
            layer.build((None, 3))
        layer.trainable = False
        assert not layer.trainable_variables and len(layer.variables) == 2
        print("FROZEN")
    """
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert out.stdout.splitlines()[-1:] == ["FROZEN"], out.stderr[-3000:]
