"""The networks as scikit-learn's ``MLPRegressor``, with weight decay and averaged weights."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from sklearn.neural_network import MLPRegressor

from colortk.plugin import Artifacts, Float32

from .network import LAYERS, NEURONS, Network, from_bytes

#: One step of training: inputs (N, inputs), targets (N,), learning rate.
Step = tuple[Float32, Float32, float]


class AveragedRegressor(MLPRegressor):  # type: ignore[misc]
    """``MLPRegressor`` with decoupled weight decay, a rate for each step and averaged weights.

    :meth:`begin` starts it from given weights. The average of the weights over the steps
    generalizes better than the last weights.

    References
    ----------
    Loshchilov, Hutter (2019), "Decoupled Weight Decay Regularization", ICLR.
    Polyak, Juditsky (1992), "Acceleration of Stochastic Approximation by Averaging".
    """

    @classmethod
    def begin(cls, network: Network, decay: float = 0.0) -> AveragedRegressor:
        """Return a regressor with the weights of ``network``.

        Parameters
        ----------
        network : Network
            The initial weights; they are copied.
        decay : float
            Strength of the weight decay.

        Returns
        -------
        AveragedRegressor
            Ready for :meth:`step` and ``predict``.
        """
        regressor = cls(
            hidden_layer_sizes=(NEURONS,) * LAYERS,
            activation="logistic",
            alpha=0.0,
            batch_size=1,
            beta_2=0.99,
            shuffle=False,
        )
        # scikit-learn creates its attributes in the first step, which is undone here.
        inputs = len(network.weights[0])
        regressor.partial_fit(np.zeros((1, inputs), np.float32), np.zeros(1, np.float32))
        regressor.coefs_ = [weight.copy() for weight in network.weights]
        regressor.intercepts_ = [bias.copy() for bias in network.biases]
        regressor._optimizer.t = 0
        regressor._optimizer.ms = [np.zeros_like(array) for array in regressor.parameters]
        regressor._optimizer.vs = [np.zeros_like(array) for array in regressor.parameters]
        regressor.decay = decay
        regressor.mean = [array.copy() for array in regressor.parameters]
        return regressor

    @property
    def parameters(self) -> list[Float32]:
        """The weights of all layers, then the biases."""
        return [*self.coefs_, *self.intercepts_]

    @property
    def average(self) -> Network:
        """The averaged network."""
        return Network(self.mean[: LAYERS + 1], self.mean[LAYERS + 1 :])

    @property
    def step_count(self) -> int:
        """Number of steps."""
        return int(self._optimizer.t)

    def step(self, inputs: Float32, targets: Float32, rate: float) -> float:
        """Make one step of AdamW and return the mean squared error before it.

        Parameters
        ----------
        inputs : ndarray
            Standardized inputs, float32 (N, inputs).
        targets : ndarray
            float32 (N,).
        rate : float
            Learning rate.
        """
        self._decay_weights(np.float32(rate * self.decay))
        self.batch_size = len(inputs)
        self._optimizer.learning_rate_init = rate
        self.partial_fit(inputs, targets)
        keep = np.float32(min(0.999, 1 - 1 / (self.step_count + 1)))
        for mean, array in zip(self.mean, self.parameters, strict=True):
            mean += (1 - keep) * (array - mean)
        return 2 * float(self.loss_)  # the loss of scikit-learn is half the squared error

    def _decay_weights(self, share: np.float32) -> None:
        """Shrink the weights by ``share``; the output for inputs at their center stays the same.

        The inputs of the first layer are centered at 0, those of the other layers, the outputs of
        sigmoids, at 1/2.
        """
        for layer, (weight, bias) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            if layer > 0:
                bias += np.float32(0.5) * share * weight.sum(0)
            weight *= 1 - share

    def steps(self, batches: Iterable[Step]) -> list[float]:
        """Make a step on each of ``batches`` and return their errors."""
        return [self.step(inputs, targets, rate) for inputs, targets, rate in batches]

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs, as arrays."""
        groups = {
            "parameter": self.parameters,
            "first": self._optimizer.ms,
            "second": self._optimizer.vs,
            "mean": self.mean,
        }
        arrays = (
            (f"{name}{i}", array) for name, group in groups.items() for i, array in enumerate(group)
        )
        return dict(chain(arrays, [("step_count", np.array(self.step_count))]))

    def restore(self, state: Any) -> None:
        """Continue from the arrays that :meth:`state` returned."""
        count = len(self.parameters)

        def group(name: str) -> list[Float32]:
            return [np.array(state[f"{name}{i}"]) for i in range(count)]

        for array, stored in zip(self.parameters, group("parameter"), strict=True):
            array[...] = stored
        self._optimizer.ms, self._optimizer.vs = group("first"), group("second")
        self.mean = group("mean")
        self._optimizer.t = int(state["step_count"])


def published_regressors(artifacts: Artifacts) -> tuple[MLPRegressor, MLPRegressor]:
    """Return the published networks for a* and b* as scikit-learn's ``MLPRegressor``.

    Parameters
    ----------
    artifacts : Artifacts
        Folder with ``a.npz`` and ``b.npz``.

    Returns
    -------
    tuple of MLPRegressor
        They take the 1090 inputs of :func:`.features.join_inputs`.

    Examples
    --------
    >>> from colortk.plugin.registry import registry
    >>> from colortk.store.artifacts import artifacts_of
    >>> a, b = published_regressors(artifacts_of(registry().colorizer("sift_mlp")[1]))
    >>> a.n_layers_, a.activation
    (12, 'logistic')
    """
    a, b = (
        AveragedRegressor.begin(from_bytes(artifacts.read(f"{channel}.npz"))) for channel in "ab"
    )
    return a, b
