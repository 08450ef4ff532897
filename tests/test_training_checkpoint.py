"""A checkpoint restores the state of a training, and belongs to one run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.training.data.split import Split
from colortk.training.loop.state import (
    EpochRecord,
    TrainingState,
    load_checkpoint,
    run_identity,
    save_checkpoint,
)
from colortk.training.request import TrainRequest
from training_recipes import RECIPE


def test_a_checkpoint_restores_the_exact_state(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    state = TrainingState([EpochRecord(1, 0.5, 0.4, 1e-3, 10.5, 0.01)], 0.25, 1, ["a/broken.png"])
    state.arrays = {"weights": [rng.random((3, 2)), rng.random(11)], "steps": [np.array(7)]}
    assert load_checkpoint(tmp_path, "run") is None
    save_checkpoint(tmp_path, state, "run")
    found = load_checkpoint(tmp_path, "run")
    assert found is not None
    assert (found.curve, found.factor, found.epochs_since_best) == (state.curve, 0.25, 1)
    assert found.left_out == ["a/broken.png"]
    for group, arrays in state.arrays.items():
        for one, other in zip(arrays, found.arrays[group], strict=True):
            assert (one == other).all()
    with pytest.raises(ArtifactError, match="other pictures or settings"):
        load_checkpoint(tmp_path, "another")
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ArtifactError, match="cannot be resumed"):
        load_checkpoint(tmp_path, "run")


def test_a_changed_setting_is_another_run(tmp_path: Path) -> None:
    request = TrainRequest(tmp_path, tmp_path / "out", tmp_path / "store")
    sides = Split([tmp_path / "a" / "b.png"], [tmp_path / "c.png"], [1.0], [1.0])
    other = replace(sides, held_out=[tmp_path / "d.png"])
    names = {run_identity(request, RECIPE, sides), run_identity(request, RECIPE, other)}
    for change in (
        {"seed": 1},
        {"init_from": ("gray",)},
        {"precision": "bfloat16"},
        {"aging": True},
        {"teacher": "gray"},
    ):
        names.add(run_identity(replace(request, **change), RECIPE, sides))
    for change in ({"batch_size": 3}, {"rate": 0.5}, {"plugin": "another"}):
        names.add(run_identity(request, replace(RECIPE, **change), sides))
    assert len(names) == 10
    for change in ({"epochs": 3}, {"sides": ((64, 1.0),)}, {"cooldown": 0.5}):
        assert run_identity(request, replace(RECIPE, **change), sides) in names, "a plan may change"
    assert run_identity(replace(request, jobs=7, resume=True), RECIPE, sides) in names
    here = run_identity(replace(request, init_from=("some/weights",)), RECIPE, sides)
    assert here == run_identity(replace(request, init_from=("/else/weights/",)), RECIPE, sides)
