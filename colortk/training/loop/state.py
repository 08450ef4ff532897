"""A training between two epochs: weights, optimizer, curve; written whole, read back exactly."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from colortk.errors import ArtifactError
from colortk.io.files import write_atomic
from colortk.io.regular_files import open_regular
from colortk.training import backend
from colortk.training.data.split import Split
from colortk.training.identity import difference, training_identity
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.types import Array

NAME = "checkpoint.npz"


@dataclass
class Row:
    """One epoch: mean losses, the rate it ended with, pictures a second, share of time waited."""

    epoch: int
    loss: float
    validation: float
    rate: float
    speed: float
    waited: float


@dataclass
class State:
    """What a resumed run goes on from.

    ``left_out``: pictures that cannot be read. ``arrays``: named groups of arrays, see
    :mod:`.learner`.
    """

    curve: list[Row] = field(default_factory=list)
    factor: float = 1.0
    since: int = 0
    left_out: list[str] = field(default_factory=list)
    arrays: dict[str, list[Array]] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.curve)

    def kept(self, recipe: Recipe) -> Row:
        """The epoch whose weights are kept: the best at the last size of pictures."""
        side = recipe.side_of(self.epoch - 1, recipe.epochs)
        last = [row for row in self.curve if recipe.side_of(row.epoch - 1, recipe.epochs) == side]
        return min(last, key=lambda row: row.validation)


def identity(request: TrainRequest, recipe: Recipe, sides: Split) -> str:
    """What must not change between a run and its resumption: pictures, settings and code."""
    names = [
        [path.relative_to(request.data).as_posix() for path in side]
        for side in (sides.train, sides.held_out)
    ]
    settings = [
        recipe.epochs,
        recipe.batch_size,
        recipe.samples,
        recipe.sides,
        recipe.rate,
        request.seed,
        sorted(request.emphasis.items()),
        request.precision,
        request.aging,
        names,
    ]
    uses: list[Any] = [recipe.network, type(recipe.codec), recipe.loss, recipe.prepare, recipe.note]
    uses += [recipe.rates, recipe.lightness]
    modules = {str(use.__module__) for use in uses if hasattr(use, "__module__")}
    return training_identity(request, recipe.plugin, settings, modules, backend.libraries())


def save(folder: Path, state: State, run: str) -> None:
    """Write the checkpoint whole or not at all."""
    rows = [vars(row) for row in state.curve]
    told = {"run": run, "curve": rows, "factor": state.factor, "since": state.since}
    told["left_out"] = state.left_out
    arrays: dict[str, Any] = {
        f"{group}/{i}": array
        for group, some in state.arrays.items()
        for i, array in enumerate(some)
    }
    out = io.BytesIO()
    np.savez(out, told=np.array(json.dumps(told)), **arrays)
    write_atomic(folder / NAME, out.getvalue(), force=True)


def load(folder: Path, run: str) -> State | None:
    """The checkpoint in ``folder``, if there is one.

    Raises ``ArtifactError`` if it cannot be read or is of another run.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as stored:
            told = json.loads(str(stored["told"]))
            if why := difference(str(told["run"]), run):
                raise ValueError(why)
            groups: dict[str, dict[int, Array]] = {}
            for name in stored.files:
                group, _, index = name.rpartition("/")
                if group:
                    groups.setdefault(group, {})[int(index)] = stored[name]
        return State(
            [Row(**row) for row in told["curve"]],
            float(told["factor"]),
            int(told["since"]),
            [str(name) for name in told["left_out"]],
            {group: [some[i] for i in range(len(some))] for group, some in groups.items()},
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ArtifactError(
            f"the checkpoint '{path}' cannot be resumed", str(error), "--force starts anew"
        ) from error


def discard(folder: Path) -> None:
    """Remove the checkpoint, if there is one."""
    (folder / NAME).unlink(missing_ok=True)
