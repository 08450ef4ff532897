"""Write the errors of a training by epoch as CSV and PNG."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

from colortk.plugin import write_atomic

#: Epoch, training error of A and B, held-out error of A and B as a share of the mean color's.
EpochErrors = tuple[float, float, float, float, float]


def save_curve(folder: Path, curve: list[EpochErrors]) -> None:
    """Write ``curve.csv``, and ``curve.png`` if matplotlib is installed.

    Parameters
    ----------
    folder : Path
        Where the files go; existing files are replaced.
    curve : list of EpochErrors
        The epochs.
    """
    lines = ["epoch,train_a,train_b,held_out_a,held_out_b"]
    lines += [f"{row[0]:.0f}," + ",".join(f"{value:.5f}" for value in row[1:]) for row in curve]
    write_atomic(folder / "curve.csv", ("\n".join(lines) + "\n").encode(), force=True)
    if importlib.util.find_spec("matplotlib") is not None:
        write_atomic(folder / "curve.png", _plot(curve), force=True)


def _plot(curve: list[EpochErrors]) -> bytes:
    """Return the plot of the held-out errors as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for index, channel in enumerate("AB"):
        axes.plot([row[0] for row in curve], [row[3 + index] for row in curve], label=channel)
    axes.axhline(1, color="gray", linewidth=0.8, label="mean color")
    axes.set_xlabel("epoch")
    axes.set_ylabel("held-out error, share of the mean color's")
    axes.legend()
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
