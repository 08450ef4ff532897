"""Processes that train together: their gradients are averaged."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from colortk.errors import UsageError
from colortk.training.torch import distributed

PROGRAM = """
import json, torch
from colortk.training.torch import distributed
distributed.begin()
number = distributed.rank() + 1
gradients = [torch.full((2, 3), float(number)).t(), torch.arange(4.0) * number]
print(json.dumps([mean.tolist() for mean in distributed.averaged(gradients)]))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_gradients_are_averaged_over_processes() -> None:
    pytest.importorskip("torch.distributed")
    together = {
        **os.environ,
        **{"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2"},
        **{"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())},
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**together, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    for process in processes:
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        assert json.loads(printed) == [[[1.5, 1.5]] * 3, [0.0, 1.5, 3.0, 4.5]]


def test_one_process_trains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "3")
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    gradients = [object()]
    assert distributed.averaged(gradients) is gradients
    distributed.begin()


def test_other_backends_refuse_to_train_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(UsageError, match="WORLD_SIZE=2.*PyTorch only.*KERAS_BACKEND=torch"):
        distributed.begin()
