"""One network's training step: squared error, back-propagation, AdamW, and an average of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.plugin import Float32

from .network import LAYERS, Network

BETA1, BETA2, TINY = 0.9, 0.99, 1e-8


class Optimizer:
    """AdamW (Loshchilov, Hutter 2019) on a network in centerd coordinates.

    ``average`` holds an exponential moving average of the weights, which is what is used
    afterwards: it generalizes better than any single step (Polyak, Juditsky 1992).
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network, self.decay, self.step_count = network, decay, 0
        self.parameters = [*network.weights, *network.biases]
        self.first = [np.zeros_like(p) for p in self.parameters]
        self.second = [np.zeros_like(p) for p in self.parameters]
        self.mean = [p.copy() for p in self.parameters]

    @property
    def average(self) -> Network:
        """The averaged network, in centerd coordinates."""
        return Network(self.mean[: LAYERS + 1], self.mean[LAYERS + 1 :])

    def step(self, inputs: Float32, targets: Float32, rate: float) -> float:
        """One step on standardized float32 (N, inputs) and (N,); returns the mean squared error."""
        loss, gradients = gradient(self.network, inputs, targets)
        self.step_count += 1
        correct1 = 1 - BETA1**self.step_count
        correct2 = 1 - BETA2**self.step_count
        keep = min(0.999, 1 - 1 / (self.step_count + 1))
        for p, g, m, v, mean in zip(
            self.parameters, gradients, self.first, self.second, self.mean, strict=True
        ):
            m += (1 - BETA1) * (g - m)
            v += (1 - BETA2) * (g * g - v)
            if p.ndim == 2:
                p *= 1 - rate * self.decay
            p -= (rate / correct1) * m / (np.sqrt(v / correct2) + TINY)
            mean += (1 - keep) * (p - mean)
        return loss

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs, as arrays."""
        groups = {"parameter": self.parameters, "first": self.first, "second": self.second}
        groups["mean"] = self.mean
        out: dict[str, Any] = {f"{k}{i}": a for k, g in groups.items() for i, a in enumerate(g)}
        return out | {"step_count": np.array(self.step_count)}

    def restore(self, state: Any) -> None:
        """Take up :meth:`state` again."""
        for key, group in (
            ("parameter", self.parameters),
            ("first", self.first),
            ("second", self.second),
            ("mean", self.mean),
        ):
            for index, array in enumerate(group):
                array[...] = state[f"{key}{index}"]
        self.step_count = int(state["step_count"])


def gradient(network: Network, inputs: Float32, targets: Float32) -> tuple[float, list[Float32]]:
    """Mean squared error and its gradient by weights, then biases, in centerd coordinates."""
    signals = [inputs]
    for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        signal = signals[-1] @ weight
        signal += bias
        np.tanh(signal, out=signal)
        signals.append(signal)
    error = (signals[-1] @ network.weights[-1] + network.biases[-1])[:, 0] - targets
    flow = (2 / len(error)) * error[:, None]
    by_weight: list[Float32] = [flow] * (LAYERS + 1)
    by_bias: list[Float32] = [flow] * (LAYERS + 1)
    for layer in range(LAYERS, -1, -1):
        by_weight[layer] = signals[layer].T @ flow
        by_bias[layer] = flow.sum(0)
        if layer:
            flow = flow @ network.weights[layer].T
            slope = np.square(signals[layer])
            np.subtract(np.float32(1), slope, out=slope)
            flow *= slope
    return float(np.mean(error**2)), [*by_weight, *by_bias]
