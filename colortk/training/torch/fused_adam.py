"""Keras' Adam on PyTorch, in one pass over the weights.

The Adam of Keras takes a dozen passes, which was a third of a training step of ResNet-18 with small
pictures on a CPU. It uses the variables of Keras, so that checkpoints are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from colortk.training.torch.distributed import averaged

#: Number of steps that disables the bias correction of PyTorch; Keras' correction is in the rate.
_HUGE_STEP = 1e30


def fused_adam(base: Any, factors: Mapping[int, float]) -> Any:
    """Return a subclass of Keras' Adam.

    Parameters
    ----------
    base : type
        ``keras.optimizers.Adam``.
    factors : mapping
        Factor on the learning rate by the ``id`` of a variable.
    """

    class Fused(base):  # type: ignore[misc]
        """Adam (Kingma, Ba 2015) as in Keras: epsilon is added to the uncorrected root."""

        def _backend_update_step(self, grads: Any, variables: Any, rate: Any) -> None:
            step = int(self.iterations) + 1
            rate = float(rate) * (1 - self.beta_2**step) ** 0.5 / (1 - self.beta_1**step)
            groups: dict[float, list[tuple[Any, ...]]] = {}
            for gradient, variable in zip(averaged(list(grads)), variables, strict=True):
                index = self._get_variable_index(variable)
                groups.setdefault(factors[id(variable)], []).append(
                    (
                        variable.value,
                        # The fused operator ignores strides.
                        gradient.contiguous(),
                        self._momentums[index].value,
                        self._velocities[index].value,
                    )
                )
            for factor, group in groups.items():
                values, gradients, momenta, velocities = map(list, zip(*group, strict=True))
                steps = [torch.tensor(_HUGE_STEP, device=value.device) for value in values]
                with torch.no_grad():
                    torch._fused_adam_(
                        values,
                        gradients,
                        momenta,
                        velocities,
                        [],
                        steps,
                        lr=factor * rate,
                        beta1=self.beta_1,
                        beta2=self.beta_2,
                        weight_decay=0.0,
                        eps=self.epsilon,
                        amsgrad=False,
                        maximize=False,
                    )

    return Fused
