"""Several processes that train one network together: each step's gradients are averaged.

On a shared machine two processes with one thread are faster than one process with two threads,
because each operation waits for the slower thread. All processes are started in the same way, with
the environment of ``torchrun``: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT. Only the PyTorch
backend can do this.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from colortk.errors import UsageError

#: How long a process waits for the others, which may be stopped for a while.
_TIMEOUT = timedelta(hours=6)


def rank() -> int:
    """Return this process's number; 0 alone writes checkpoints and results."""
    return int(os.environ.get("RANK", "0")) if world_size() > 1 else 0


def world_size() -> int:
    """Return how many processes train together, 1 without ``torchrun``'s environment."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def begin() -> None:
    """Meet the other processes. Raises ``UsageError`` on another backend than PyTorch."""
    if world_size() == 1:
        return
    if os.environ.get("KERAS_BACKEND") != "torch":
        raise UsageError(
            f"WORLD_SIZE={world_size()}: several processes train on PyTorch only",
            hint="set KERAS_BACKEND=torch",
        )
    import torch.distributed

    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo", timeout=_TIMEOUT)


def averaged(gradients: list[Any]) -> list[Any]:
    """Return the means of each gradient, a PyTorch tensor, over all processes."""
    if world_size() == 1:
        return gradients
    import torch

    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= world_size()
    parts = flat.split([gradient.numel() for gradient in gradients])
    return [part.view(original.shape) for part, original in zip(parts, gradients, strict=True)]
