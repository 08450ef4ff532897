"""Write loss curves as CSV and PNG."""

from __future__ import annotations

import csv
import importlib.util
import io
from dataclasses import asdict
from pathlib import Path

from colortk.io.files import write_atomic
from colortk.training.loop.state import EpochRecord


def write_curve(folder: Path, curve: list[EpochRecord]) -> None:
    """Write ``curve.csv``, one line per epoch, and ``curve.png`` if matplotlib is installed.

    Parameters
    ----------
    folder : Path
        Where the files go; existing files are replaced.
    curve : list of EpochRecord
        At least one epoch.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(asdict(curve[0]))
    writer.writerow(names)
    for row in curve:
        writer.writerow([f"{value:.6g}" for value in asdict(row).values()])
    write_atomic(folder / "curve.csv", text.getvalue().encode(), force=True)
    if importlib.util.find_spec("matplotlib") is not None:
        write_atomic(folder / "curve.png", _plot(curve), force=True)


def _plot(curve: list[EpochRecord]) -> bytes:
    """Return the plot as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    epochs = [row.epoch for row in curve]
    axes.plot(epochs, [row.loss for row in curve], label="training")
    axes.plot(epochs, [row.validation for row in curve], label="validation")
    losses = [loss for row in curve for loss in (row.loss, row.validation)]
    if min(losses) > 0 and max(losses) > 5 * min(losses):
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend()
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
