"""Sides of crops, learning rate, and which weights of a training are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from colortk.errors import UsageError
from colortk.training.loop.fit import _cooldown_factor, _record_epoch
from colortk.training.loop.state import (
    EpochRecord,
    TrainingState,
    refuse_changed_plan,
    schedule_plan,
)
from training_recipes import RECIPE


def test_the_side_of_crops_follows_the_share_of_epochs() -> None:
    recipe = replace(RECIPE, sides=((128, 0.8), (192, 0.2)))
    assert [recipe.side_of(e, 10) for e in range(10)] == [128] * 8 + [192] * 2
    assert recipe.side_of(0, 1) == 128
    assert replace(RECIPE, sides=((64, 1.0),)).side_of(7, 8) == 64


def test_the_rate_cools_down_at_the_end() -> None:
    assert _cooldown_factor(0.5, 0.3) == 1
    assert _cooldown_factor(0.85, 0.3) == pytest.approx(0.5)
    assert _cooldown_factor(1.0, 0.3) == 0
    assert _cooldown_factor(1.0, 0.0) == 1


class Weighing:
    def __init__(self) -> None:
        self.number = 0.0

    def weights(self) -> list[np.ndarray]:
        self.number += 1
        return [np.array(self.number)]


def test_the_rate_falls_on_a_plateau_and_the_best_is_kept() -> None:
    recipe = replace(RECIPE, epochs=6, patience=2, factor=0.5)
    state, trainer = TrainingState(), Weighing()
    for number, loss in enumerate([3.0, 2.0, 2.5, 1.9999, 1.0, 1.5], start=1):
        _record_epoch(recipe, state, EpochRecord(number, 0, loss, 0, 0, 0), trainer)  # type: ignore[arg-type]
    # 1.9999 is hardly better than 2, so 2.5 and 1.9999 are two epochs without progress.
    assert state.factor == 0.5
    assert state.epochs_since_best == 1
    assert state.best_epoch(recipe).epoch == 5
    assert float(state.arrays["best"][0]) == trainer.number


def test_losses_of_larger_crops_are_compared_separately() -> None:
    recipe = replace(RECIPE, epochs=4, sides=((32, 0.5), (64, 0.5)))
    state, trainer = TrainingState(), Weighing()
    for number, loss in enumerate([1.0, 0.9, 5.0, 4.0], start=1):
        row = EpochRecord(number, 0, loss, 0, 0, 0, side=32 if number <= 2 else 64)
        _record_epoch(recipe, state, row, trainer)  # type: ignore[arg-type]
    assert float(state.arrays["best"][0]) == trainer.number
    assert state.best_epoch(recipe).epoch == 4


def test_the_last_weights_are_kept_and_the_rate_stays() -> None:
    recipe = replace(RECIPE, epochs=3, patience=0, keep="last")
    state, trainer = TrainingState(), Weighing()
    for number, loss in enumerate([1.0, 2.0, 3.0], start=1):
        _record_epoch(recipe, state, EpochRecord(number, 0, loss, 0, 0, 0), trainer)  # type: ignore[arg-type]
    assert state.factor == 1
    assert state.best_epoch(recipe).epoch == 3
    assert "best" not in state.arrays


def test_a_run_may_be_lengthened_until_its_rate_falls() -> None:
    short = replace(RECIPE, epochs=10, cooldown=0.2)
    curve = [EpochRecord(number, 1, 1, 0, 0, 0) for number in range(1, 9)]
    state = TrainingState(curve, plan=schedule_plan(short))
    refuse_changed_plan(state, replace(short, epochs=30, cooldown=0.5, sides=((160, 1.0),)))
    state.curve.append(EpochRecord(9, 1, 1, 0, 0, 0))
    refuse_changed_plan(state, short)
    with pytest.raises(UsageError, match="9 epochs its learning rate is falling"):
        refuse_changed_plan(state, replace(short, epochs=30))
