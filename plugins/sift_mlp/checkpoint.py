"""The state of a training run between two epochs."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colortk.plugin import ArtifactError, open_regular, write_atomic
from colortk.training.identity import explain_mismatch, training_identity
from colortk.training.request import TrainRequest

from .network import LAYERS, Network
from .optimize import Optimizer
from .samples import Standardization

NAME = "checkpoint.npz"
_STANDARD = ("mean", "scale", "components", "target")
#: Epoch, training error of A and B, held-out error of A and B as a share of the mean color's.
Row = tuple[float, float, float, float, float]


@dataclass
class Checkpoint:
    """Two optimizers, how inputs are standardized, the curve, and the best networks."""

    optimizers: list[Optimizer]
    standard: Standardization
    epoch: int = 0
    curve: list[Row] = field(default_factory=list)
    best: list[Network] = field(default_factory=list)

    @property
    def best_errors(self) -> list[float]:
        """Smallest held-out error of A and of B."""
        return [min(row[3 + k] for row in self.curve) for k in (0, 1)]

    @property
    def best_epochs(self) -> list[int]:
        """The epochs of those errors."""
        return [int(min(self.curve, key=lambda row: row[3 + k])[0]) for k in (0, 1)]

    def record(self, train: list[float], held_out: list[float]) -> None:
        """Note an epoch; keep a network whose held-out error is the smallest so far."""
        self.epoch += 1
        if not self.best:
            self.best = [_copy(o.average) for o in self.optimizers]
        for k in (0, 1):
            if all(held_out[k] < row[3 + k] for row in self.curve):
                self.best[k] = _copy(self.optimizers[k].average)
        self.curve.append((self.epoch, *train, *held_out))  # type: ignore[arg-type]

    def finished(self, patience: int) -> bool:
        """Whether neither network has got better for ``patience`` epochs."""
        if not self.curve:
            return False
        return self.epoch - max(self.best_epochs) >= patience

    def write_curve(self, folder: Path) -> None:
        """``curve.csv``: errors by epoch; ``curve.png`` too where matplotlib is installed."""
        lines = ["epoch,train_a,train_b,held_out_a,held_out_b"]
        lines += [f"{row[0]:.0f}," + ",".join(f"{v:.5f}" for v in row[1:]) for row in self.curve]
        write_atomic(folder / "curve.csv", ("\n".join(lines) + "\n").encode(), force=True)
        if importlib.util.find_spec("matplotlib") is not None:
            write_atomic(folder / "curve.png", self._drawn(), force=True)

    def _drawn(self) -> bytes:
        """The held-out errors as a PNG."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3.5), dpi=100, layout="constrained")
        axes = figure.add_subplot()
        for k, channel in enumerate("AB"):
            axes.plot([r[0] for r in self.curve], [r[3 + k] for r in self.curve], label=channel)
        axes.axhline(1, color="gray", linewidth=0.8, label="mean color")
        axes.set_xlabel("epoch")
        axes.set_ylabel("held-out error, share of the mean color's")
        axes.legend()
        out = io.BytesIO()
        figure.savefig(out, format="png")
        return out.getvalue()


def _copy(network: Network) -> Network:
    return Network([w.copy() for w in network.weights], [b.copy() for b in network.biases])


def identity(request: TrainRequest, keys: list[str]) -> str:
    """What must not change between a run and its resumption: records, weights, rates, code."""
    settings: list[object] = [request.seed, request.epochs, request.batch_size]
    settings += [sorted(request.emphasis.items()), keys]
    return training_identity(request, "sift_mlp", settings, (__package__ + ".train",))


def save(folder: Path, state: Checkpoint, run: str) -> None:
    """Write the checkpoint whole or not at all."""
    arrays: dict[str, object] = {
        **{f"standard_{name}": getattr(state.standard, name) for name in _STANDARD},
        "curve": np.array(state.curve),
        "identity": np.array(run),
    }
    for k, channel in enumerate("ab"):
        arrays |= {f"{channel}_{n}": v for n, v in state.optimizers[k].state().items()}
        parts = [*state.best[k].weights, *state.best[k].biases]
        arrays |= {f"{channel}_best{i}": v for i, v in enumerate(parts)}
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    write_atomic(folder / NAME, out.getvalue(), force=True)


def discard(folder: Path) -> None:
    """Remove the checkpoint, if there is one."""
    (folder / NAME).unlink(missing_ok=True)


def load(folder: Path, run: str, decay: float) -> Checkpoint | None:
    """The checkpoint in ``folder``, if there is one.

    Raises ``ArtifactError`` if it cannot be read or is of another run.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if why := explain_mismatch(str(arrays["identity"]), run):
            raise ValueError(why)
        curve: list[Row] = [tuple(map(float, row)) for row in arrays["curve"]]  # type: ignore[misc]
        standard = Standardization(**{name: arrays[f"standard_{name}"] for name in _STANDARD})
        state = Checkpoint([], standard, len(curve), curve)
        for channel in "ab":
            mine = {
                n.removeprefix(f"{channel}_"): v
                for n, v in arrays.items()
                if n[:2] == f"{channel}_"
            }
            parts = [mine[f"parameter{i}"].copy() for i in range(2 * (LAYERS + 1))]
            best = [mine[f"best{i}"] for i in range(2 * (LAYERS + 1))]
            optimizer = Optimizer(Network(parts[: LAYERS + 1], parts[LAYERS + 1 :]), decay)
            optimizer.restore(mine)
            state.optimizers.append(optimizer)
            state.best.append(Network(best[: LAYERS + 1], best[LAYERS + 1 :]))
        return state
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError(
            f"the checkpoint '{path}' cannot be resumed",
            str(error),
            "--force starts anew",
        ) from error
