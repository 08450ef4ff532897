"""The state of a training between two epochs, and its checkpoint file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from colortk.errors import ArtifactError, UsageError
from colortk.io.files import write_atomic
from colortk.io.regular_files import open_regular
from colortk.training import backend
from colortk.training.data.split import Split
from colortk.training.identity import explain_mismatch, training_identity
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.types import Array

FILE_NAME = "checkpoint.npz"


@dataclass
class EpochRecord:
    """Loss, rate and speed of one epoch.

    Parameters
    ----------
    epoch : int
        Counted from 1; 0 describes the initial weights.
    loss, validation : float
        Mean losses.
    rate : float
        Learning rate at the end.
    speed : float
        Pictures per second.
    waited : float
        Share of the time in which the network waited for data.
    side : int
        Side of the training pictures in pixels.
    """

    epoch: int
    loss: float
    validation: float
    rate: float
    speed: float
    waited: float
    side: int = 0


@dataclass
class TrainingState:
    """State from which a resumed run continues.

    Parameters
    ----------
    curve : list of EpochRecord
        The epochs so far.
    factor : float
        Factor on the learning rate.
    epochs_since_best : int
        Epochs without a better validation loss.
    left_out : list of str
        Pictures that cannot be read.
    arrays : dict
        Named groups of arrays, see :meth:`colortk.training.loop.trainer.Trainer.arrays`; "best"
        holds the best weights.
    plan : list
        The schedule of the run that wrote it, see :func:`schedule_plan`.
    """

    curve: list[EpochRecord] = field(default_factory=list)
    factor: float = 1.0
    epochs_since_best: int = 0
    left_out: list[str] = field(default_factory=list)
    arrays: dict[str, list[Array]] = field(default_factory=dict)
    plan: list[Any] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return len(self.curve)

    def best_epoch(self, recipe: Recipe) -> EpochRecord:
        """Return the epoch whose weights are published: the last, or the best at the last size."""
        if recipe.keep == "last":
            return self.curve[-1]
        last = [row for row in self.curve if row.side == self.curve[-1].side]
        return min(last, key=lambda row: row.validation)


def schedule_plan(recipe: Recipe) -> list[Any]:
    """Return the settings that a resumed run may change: epochs, cooldown and picture sides."""
    return [recipe.epochs, recipe.cooldown, [list(pair) for pair in recipe.sides]]


def refuse_changed_plan(state: TrainingState, recipe: Recipe) -> None:
    """Raise ``UsageError`` if the rate of ``state`` has begun to fall to zero by another plan."""
    if not state.plan or state.plan == schedule_plan(recipe):
        return
    epochs, cooldown, _ = state.plan
    if cooldown and state.epoch > (1 - cooldown) * epochs:
        raise UsageError(
            f"the run was started with {epochs} epochs and is in its cooldown",
            f"after {state.epoch} epochs its learning rate is falling to zero",
            "resume it with the same --epochs, --cooldown and --side, or start a new one"
            " from its weights with --init-from",
        )


def run_identity(request: TrainRequest, recipe: Recipe, split: Split) -> str:
    """Return the identity of a run: its pictures, settings and code."""
    names = [
        [path.relative_to(request.data).as_posix() for path in side]
        for side in (split.train, split.held_out)
    ]
    settings = [
        recipe.batch_size,
        recipe.samples,
        recipe.rate,
        request.seed,
        sorted(request.emphasis.items()),
        request.precision,
        request.aging,
        names,
    ]
    parts: list[Any] = [
        recipe.network,
        type(recipe.codec),
        recipe.loss,
        recipe.prepare,
        recipe.evaluate,
    ]
    parts += [recipe.layer_rates, recipe.lightness, recipe.change_crop]
    modules = {str(part.__module__) for part in parts if hasattr(part, "__module__")}
    return training_identity(request, recipe.plugin, settings, modules, backend.library_names())


def save_checkpoint(folder: Path, state: TrainingState, run: str) -> None:
    """Write the checkpoint atomically."""
    rows = [vars(row) for row in state.curve]
    metadata = {
        "run": run,
        "curve": rows,
        "factor": state.factor,
        "epochs_since_best": state.epochs_since_best,
    }
    metadata["left_out"] = state.left_out
    metadata["plan"] = state.plan
    arrays: dict[str, Any] = {
        f"{group}/{i}": array
        for group, members in state.arrays.items()
        for i, array in enumerate(members)
    }
    out = io.BytesIO()
    np.savez(out, metadata=np.array(json.dumps(metadata)), **arrays)
    write_atomic(folder / FILE_NAME, out.getvalue(), force=True)


def load_checkpoint(folder: Path, run: str) -> TrainingState | None:
    """Return the state in the checkpoint of ``folder``, or ``None`` if there is none.

    Parameters
    ----------
    folder : Path
        Output folder of the training.
    run : str
        Identity of the run, see :func:`run_identity`.

    Raises
    ------
    ArtifactError
        The checkpoint cannot be read, or belongs to another run.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as stored:
            metadata = json.loads(str(stored["metadata"]))
            if reason := explain_mismatch(str(metadata["run"]), run):
                raise ValueError(reason)
            groups: dict[str, dict[int, Array]] = {}
            for name in stored.files:
                group, _, index = name.rpartition("/")
                if group:
                    groups.setdefault(group, {})[int(index)] = stored[name]
        return TrainingState(
            [EpochRecord(**row) for row in metadata["curve"]],
            float(metadata["factor"]),
            int(metadata["epochs_since_best"]),
            [str(name) for name in metadata["left_out"]],
            {group: [members[i] for i in range(len(members))] for group, members in groups.items()},
            list(metadata["plan"]),
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ArtifactError(
            f"the checkpoint '{path}' cannot be resumed", str(error), "use --force to start again"
        ) from error


def discard_checkpoint(folder: Path) -> None:
    """Remove the checkpoint, if there is one."""
    (folder / FILE_NAME).unlink(missing_ok=True)
