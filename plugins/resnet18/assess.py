"""Mean ΔE94, a heat map and a histogram, as in Kazerooni and Mehmetoglu (Figures 4 and 5)."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from colortk.plugin import Array, Pair, PictureError, Truth, lightness, read_bytes, write_atomic
from colortk.training.assessment import TrainedWeights

#: Held-out pictures in the mean and the histogram; pictures in the plot.
MAX_PICTURES, PREVIEW_ROWS = 200, 4
#: Edges of table 1 of Kazerooni and Mehmetoglu, and of the histogram.
PERCEPTION = (1.0, 2.0, 10.0, 49.0)
EDGES = np.arange(0, 61, 1)


def assess(
    folder: Path, held_out: list[Path], read: Callable[[Path], bytes] = read_bytes
) -> dict[str, Any]:
    """Score weights on up to 200 held-out pictures.

    ``delta_e94.csv`` (pixels by ΔE94 in steps of 1) and, with matplotlib, ``delta_e94.png`` are
    written into ``folder``.

    Parameters
    ----------
    folder : Path
        The weights.
    held_out : list of Path
        Pictures.
    read : callable
        Returns the picture file at a path.

    Returns
    -------
    dict
        ``mean_delta_e94``, ``pictures``, and ``share_of_pixels`` up to each limit of table 1.
    """
    weights = TrainedWeights("resnet18", folder)
    counts = np.zeros(len(EDGES), np.int64)
    means: list[float] = []
    views: list[tuple[Array, Array, Array]] = []
    for path in held_out[:: max(1, -(-len(held_out) // MAX_PICTURES))]:
        try:
            truth = weights.reference(path, read)
            result = weights.colorize(lightness(truth))
        except PictureError:
            continue
        difference = Pair(Truth(truth), result).delta_e94
        means.append(float(difference.mean()))
        counts += np.bincount(
            np.minimum(difference.ravel().astype(int), len(EDGES) - 1), minlength=len(EDGES)
        )
        if len(views) < PREVIEW_ROWS:
            views.append((truth, result, difference))
    rows = [f"{edge},{count}" for edge, count in zip(EDGES, counts, strict=True)]
    write_atomic(
        folder / "delta_e94.csv", "\n".join(["from,pixels", *rows, ""]).encode(), force=True
    )
    if views and importlib.util.find_spec("matplotlib") is not None:
        write_atomic(folder / "delta_e94.png", _plot(views, counts), force=True)
    total = max(1, int(counts.sum()))
    shares = {f"up_to_{limit:g}": int(counts[: int(limit)].sum()) / total for limit in PERCEPTION}
    return {
        "mean_delta_e94": float(np.mean(means)) if means else None,
        "pictures": len(means),
        "share_of_pixels": {name: round(share, 4) for name, share in shares.items()},
    }


def _plot(views: list[tuple[Array, Array, Array]], counts: Array) -> bytes:
    """Return truth, prediction and heat map by rows, and the histogram below, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.2 * len(views) + 2.2), dpi=100, layout="constrained")
    grid = figure.add_gridspec(len(views) + 1, 3)
    drawn: Any = None
    for row, (truth, result, difference) in enumerate(views):
        for column, picture in enumerate((truth, result)):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(picture)
            axes.set_axis_off()
            if row == 0:
                axes.set_title(("ground truth", "prediction")[column], fontsize=9)
        axes = figure.add_subplot(grid[row, 2])
        drawn = axes.imshow(difference, vmin=0, vmax=50, cmap="inferno")
        axes.set_axis_off()
        if row == 0:
            axes.set_title("ΔE94", fontsize=9)
    figure.colorbar(drawn, ax=figure.axes, shrink=0.4)
    axes = figure.add_subplot(grid[len(views), :])
    axes.bar(EDGES, counts / max(1, counts.sum()), width=1, align="edge")
    axes.set_xlabel("ΔE94")
    axes.set_ylabel("share of pixels")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
