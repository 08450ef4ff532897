"""The state of a training between two epochs, and its checkpoint file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colortk.plugin import ArtifactError, open_regular, write_atomic
from colortk.training.identity import explain_mismatch, training_identity
from colortk.training.request import TrainRequest

from .curve import EpochErrors
from .network import LAYERS, Network
from .regressor import AveragedRegressor
from .samples import Standardization

FILE_NAME = "checkpoint.npz"
_SCALER_ARRAYS = ("mean", "scale", "components", "target")


@dataclass
class Checkpoint:
    """State from which a resumed run continues.

    Parameters
    ----------
    regressors : list of AveragedRegressor
        The networks for A and B.
    standardization : Standardization
        Of inputs and targets.
    epoch : int
        Number of finished epochs.
    curve : list of EpochErrors
        Their errors.
    best : list of Network
        The networks with the smallest held-out errors.
    """

    regressors: list[AveragedRegressor]
    standardization: Standardization
    epoch: int = 0
    curve: list[EpochErrors] = field(default_factory=list)
    best: list[Network] = field(default_factory=list)

    @property
    def best_errors(self) -> list[float]:
        """Smallest held-out error of A and of B."""
        return [min(row[3 + k] for row in self.curve) for k in (0, 1)]

    @property
    def best_epochs(self) -> list[int]:
        """Epochs with the smallest held-out errors."""
        return [int(min(self.curve, key=lambda row: row[3 + k])[0]) for k in (0, 1)]

    def record(self, train: list[float], held_out: list[float]) -> None:
        """Add an epoch; keep a network whose held-out error is the smallest so far.

        Parameters
        ----------
        train : list of float
            Training error of A and B.
        held_out : list of float
            Held-out error of A and B, as a share of the mean color's.
        """
        self.epoch += 1
        if not self.best:
            self.best = [_copy(regressor.average) for regressor in self.regressors]
        for k in (0, 1):
            if all(held_out[k] < row[3 + k] for row in self.curve):
                self.best[k] = _copy(self.regressors[k].average)
        self.curve.append((self.epoch, *train, *held_out))  # type: ignore[arg-type]

    def finished(self, patience: int) -> bool:
        """Whether neither network has improved for ``patience`` epochs."""
        if not self.curve:
            return False
        return self.epoch - max(self.best_epochs) >= patience


def _copy(network: Network) -> Network:
    return Network([w.copy() for w in network.weights], [b.copy() for b in network.biases])


def identity(request: TrainRequest, keys: list[str]) -> str:
    """Return the identity of a run: its records, weights of folders, settings and code."""
    settings: list[object] = [request.seed, request.epochs, request.batch_size]
    settings += [sorted(request.emphasis.items()), keys]
    return training_identity(request, "sift_mlp", settings, (__package__ + ".train",))


def save(folder: Path, state: Checkpoint, run: str) -> None:
    """Write the checkpoint atomically."""
    arrays: dict[str, object] = {
        **{f"standard_{name}": getattr(state.standardization, name) for name in _SCALER_ARRAYS},
        "curve": np.array(state.curve),
        "identity": np.array(run),
    }
    for k, channel in enumerate("ab"):
        arrays |= {f"{channel}_{n}": v for n, v in state.regressors[k].state().items()}
        parts = [*state.best[k].weights, *state.best[k].biases]
        arrays |= {f"{channel}_best{i}": v for i, v in enumerate(parts)}
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    write_atomic(folder / FILE_NAME, out.getvalue(), force=True)


def discard(folder: Path) -> None:
    """Remove the checkpoint, if there is one."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def load(folder: Path, run: str, decay: float) -> Checkpoint | None:
    """Return the state in the checkpoint of ``folder``, or ``None`` if there is none.

    Parameters
    ----------
    folder : Path
        Output folder of the training.
    run : str
        Identity of the run.
    decay : float
        Weight decay of the regressors.

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
            arrays = {name: stored[name] for name in stored.files}
        if mismatch := explain_mismatch(str(arrays["identity"]), run):
            raise ValueError(mismatch)
        curve: list[EpochErrors] = [tuple(map(float, row)) for row in arrays["curve"]]  # type: ignore[misc]
        standardization = Standardization(
            **{name: arrays[f"standard_{name}"] for name in _SCALER_ARRAYS}
        )
        state = Checkpoint([], standardization, len(curve), curve)
        for channel in "ab":
            own_arrays = {
                name.removeprefix(f"{channel}_"): array
                for name, array in arrays.items()
                if name.startswith(f"{channel}_")
            }
            parts = [own_arrays[f"parameter{i}"].copy() for i in range(2 * (LAYERS + 1))]
            best = [own_arrays[f"best{i}"] for i in range(2 * (LAYERS + 1))]
            network = Network(parts[: LAYERS + 1], parts[LAYERS + 1 :])
            regressor = AveragedRegressor.begin(network, decay)
            regressor.restore(own_arrays)
            state.regressors.append(regressor)
            state.best.append(Network(best[: LAYERS + 1], best[LAYERS + 1 :]))
        return state
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError(
            f"the checkpoint '{path}' cannot be resumed",
            str(error),
            "use --force to start again",
        ) from error
