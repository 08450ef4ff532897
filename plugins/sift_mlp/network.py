"""Ten fully connected layers of 128 sigmoid neurons and one linear output.

With the usual initialization such a network learns nothing: each sigmoid reduces the variance of
its input by a factor of 16 and more, and shifts its mean to 1/2. After ten layers neither signal
nor gradient is left. The weights are therefore initialized in *centered coordinates*. With
sigma(z) = (1 + tanh(z / 2)) / 2, the network of sigmoids

    s_k = sigma(W_k s_(k-1) + b_k)

equals the network t_k = tanh(V_k t_(k-1) + c_k) with t = 2s - 1 and

    W_1 = 2 V_1,  b_1 = 2 c_1;     W_k = 4 V_k,  b_k = 2 c_k - 2 V_k 1    (hidden)
    w = 2 v,      b = c - v 1                                             (output)

``V`` starts orthogonal with a gain slightly over 1, so that the variance survives ten layers.

References
----------
LeCun, Bottou, Orr, Müller (1998), "Efficient BackProp", section 4.4 (centered activations).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from colortk.plugin import Float32, read_npz

LAYERS = 10
NEURONS = 128
#: Keeps the variance of signal and gradient over ten tanh layers, each of which reduces both.
GAIN = 1.15


@dataclass
class Network:
    """Weights of ten hidden layers and the output layer.

    Parameters
    ----------
    weights : list of ndarray
        float32 (inputs, outputs) each.
    biases : list of ndarray
        float32 (outputs,) each.
    """

    weights: list[Float32]
    biases: list[Float32]

    def predict(self, inputs: Float32, common: Float32 | None = None) -> Float32:
        """Return the outputs of the network.

        Parameters
        ----------
        inputs : ndarray
            float32 (N, inputs), or their first columns if ``common`` is given.
        common : ndarray, optional
            The last inputs, shared by all N rows. Their part of the first layer is computed once.

        Returns
        -------
        ndarray
            float32 (N,).
        """
        weights, biases = list(self.weights), list(self.biases)
        if common is not None:
            width = inputs.shape[1]
            biases[0] = common @ weights[0][width:] + biases[0]
            weights[0] = weights[0][:width]
        signal = inputs
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            signal = signal @ weight
            signal += bias
            # sigma(z) = (1 + tanh(z/2)) / 2 cannot overflow, and NumPy's tanh is vectorized.
            signal *= np.float32(0.5)
            np.tanh(signal, out=signal)
            signal *= np.float32(0.5)
            signal += np.float32(0.5)
        output: Float32 = (signal @ self.weights[-1] + self.biases[-1])[:, 0]
        return output


def initial_network(inputs: int, rng: np.random.Generator) -> Network:
    """Return a new network that keeps the variance of its input.

    Parameters
    ----------
    inputs : int
        Number of inputs.
    rng : numpy.random.Generator
        Draws the weights.
    """
    widths = [inputs, *[NEURONS] * LAYERS, 1]
    weights, biases = [], []
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        values = rng.standard_normal((fan_in, fan_out))
        if 0 < layer < LAYERS:
            q, r = np.linalg.qr(values)
            values = q * np.sign(np.diag(r)) * GAIN
        else:
            values *= 0.7 / np.sqrt(fan_in)
        weights.append(values.astype(np.float32))
        biases.append(np.zeros(fan_out, np.float32))
    return from_centered(Network(weights, biases))


def from_centered(centered: Network) -> Network:
    """Return the network of sigmoids that equals the network of tanh ``centered``."""
    weights = [w.astype(np.float64) for w in centered.weights]
    biases = [b.astype(np.float64) for b in centered.biases]
    for layer in range(LAYERS + 1):
        if layer > 0:  # its input was t = 2s - 1
            biases[layer] = biases[layer] - weights[layer].sum(0)
            weights[layer] = 2 * weights[layer]
        if layer < LAYERS:  # tanh(u) is 2 sigma(2u) - 1
            biases[layer], weights[layer] = 2 * biases[layer], 2 * weights[layer]
    return _network(weights, biases)


def absorb_standardization(
    network: Network, mean: Float32, matrix: Float32, offset: float, factor: float
) -> Network:
    """Return a network that standardizes its inputs and scales its output itself.

    Parameters
    ----------
    network : Network
        Takes ``(x - mean) @ matrix``.
    mean : ndarray
        float32 (inputs,).
    matrix : ndarray
        float32 (inputs, standardized inputs).
    offset, factor : float
        The new output is the old one times ``factor`` plus ``offset``.

    Returns
    -------
    Network
        Takes ``x``, float32 (N, inputs).
    """
    weights = [w.astype(np.float64) for w in network.weights]
    biases = [b.astype(np.float64) for b in network.biases]
    weights[0] = matrix.astype(np.float64) @ weights[0]
    biases[0] = biases[0] - mean @ weights[0]
    weights[-1] = weights[-1] * factor
    biases[-1] = biases[-1] * factor + offset
    return _network(weights, biases)


def _network(weights: list[Any], biases: list[Any]) -> Network:
    return Network([w.astype(np.float32) for w in weights], [b.astype(np.float32) for b in biases])


def to_bytes(network: Network) -> bytes:
    """Return the network as ``.npz``: ``weight0`` to ``weight10``, ``bias0`` to ``bias10``."""
    arrays = {f"weight{i}": w for i, w in enumerate(network.weights)}
    arrays |= {f"bias{i}": b for i, b in enumerate(network.biases)}
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def from_bytes(data: bytes) -> Network:
    """Read the output of :func:`to_bytes` without unpickling anything."""
    stored = read_npz(data, "sift_mlp")
    count = LAYERS + 1
    return Network(
        [stored[f"weight{i}"] for i in range(count)], [stored[f"bias{i}"] for i in range(count)]
    )
