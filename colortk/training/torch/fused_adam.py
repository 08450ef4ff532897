"""Keras' Adam on PyTorch in one pass over the weights.

Keras' own takes a dozen passes, and of a step of ResNet-18 with small pictures on a CPU that was
a third. The variables are Keras', so that checkpoints are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

#: So many steps that PyTorch's correction of the young averages is none: Keras' is in the rate.
_HUGE_STEP = 1e30


def fused_adam(base: Any, factors: Mapping[int, float]) -> Any:
    """Subclass of Keras' Adam ``base``. ``factors``: on the rate, by the variable's ``id``."""

    class Fused(base):  # type: ignore[misc]
        """Adam (Kingma, Ba 2015) as Keras has it: epsilon is added to the uncorrected root."""

        def _backend_update_step(self, grads: Any, variables: Any, rate: Any) -> None:
            step = int(self.iterations) + 1
            rate = float(rate) * (1 - self.beta_2**step) ** 0.5 / (1 - self.beta_1**step)
            groups: dict[float, list[tuple[Any, ...]]] = {}
            for gradient, variable in zip(grads, variables, strict=True):
                place = self._get_variable_index(variable)
                groups.setdefault(factors[id(variable)], []).append(
                    (
                        variable.value,
                        # The kernel goes through memory as it lies, whatever the strides.
                        gradient.contiguous(),
                        self._momentums[place].value,
                        self._velocities[place].value,
                    )
                )
            for factor, group in groups.items():
                values, gradients, momenta, velocities = map(list, zip(*group, strict=True))
                old = [torch.tensor(_HUGE_STEP, device=value.device) for value in values]
                with torch.no_grad():
                    torch._fused_adam_(
                        values,
                        gradients,
                        momenta,
                        velocities,
                        [],
                        old,
                        lr=factor * rate,
                        beta1=self.beta_1,
                        beta2=self.beta_2,
                        weight_decay=0.0,
                        eps=self.epsilon,
                        amsgrad=False,
                        maximize=False,
                    )

    return Fused
