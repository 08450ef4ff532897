"""Fit the weights of the metric ``naturalness`` to HECD, and print how well they predict it.

``python -m colortk.harness.naturalness_fit HECD`` prints a table with one row for each scene: the
rank correlation with the raters of a fit to the other 19 scenes, and that of LPIPS. HECD is a clone
of https://github.com/seanmullery/HECD. ``--terms FILE`` keeps the values of the terms, so that the
command continues where it was stopped. The weights of a fit to all scenes follow the table.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from PIL import Image
from scipy.stats import norm, rankdata, spearmanr

from colortk._opencv import cv2
from colortk.errors import ColortkError
from colortk.harness.metrics.lpips import lpips
from colortk.harness.metrics.naturalness import TERMS, terms
from colortk.harness.metrics.pair import Pair, Truth
from colortk.io.files import write_atomic
from colortk.types import Array

#: Short side at which pictures are compared.
SHORT_SIDE = 256
#: Penalty of the ridge regression on standardized terms.
RIDGE = 20.0
#: Standard deviation of the ratings within a scene, to which ranks are scaled.
RATING_SPREAD = 0.6
COLORIZERS = ("DeOldify", "PhotoShop", "Iizuka", "Larsson", "Zhang1", "Zhang2")


@dataclass(frozen=True)
class Recoloring:
    """A row of HECD: scene and picture (file names), mean z-score, and the colorizer or ""."""

    scene: str
    picture: str
    rating: float
    colorizer: str


@dataclass(frozen=True)
class Fold:
    """Rank correlations with the raters in a scene: a fit to the other scenes, and LPIPS."""

    scene: str
    fitted: float
    lpips: float


def recolorings(folder: Path) -> list[Recoloring]:
    """Return the rows of HECD without the originals, whose rating is the same in every scene."""
    kinds = {}
    with (folder / "Data" / "recolour_mod_details.csv").open(encoding="utf-8") as file:
        for row in csv.reader(file):
            if len(row) > 2:
                kinds[row[1]] = row[2].strip()
    with (folder / "Data" / "mean_zscores.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    prefix = "Colourised by "
    return [
        Recoloring(
            scene, picture, float(rating),
            kinds[picture].removeprefix(prefix) if kinds[picture].startswith(prefix) else "",
        )
        for scene, picture, rating in rows
        if scene != picture
    ]  # fmt: skip


def _read(folder: Path, name: str) -> Array:
    with Image.open(folder / "HECDImages" / name) as image:
        pixels = np.asarray(image.convert("RGB"))
    scale = SHORT_SIDE / min(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small: Array = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return small


def measured(folder: Path, rows: list[Recoloring], kept: Path | None) -> Array:
    """Return the terms and LPIPS of all rows, float64 (n, 9); ``kept`` stores what is done."""
    known = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {}
    try:
        for name, values in _missing(folder, [row for row in rows if row.picture not in known]):
            known[name] = values
            if kept and len(known) % 50 == 0:
                write_atomic(kept, json.dumps(known).encode(), force=True)
    finally:
        if kept:
            write_atomic(kept, json.dumps(known).encode(), force=True)
    return np.array([known[row.picture] for row in rows])


def _missing(folder: Path, rows: list[Recoloring]) -> Iterator[tuple[str, list[float]]]:
    truths: dict[str, Truth] = {}
    with click.progressbar(rows, label="measuring", file=sys.stderr) as bar:
        for row in bar:
            if row.scene not in truths:
                truths = {row.scene: Truth(_read(folder, row.scene))}
            pair = Pair(truths[row.scene], _read(folder, row.picture))
            yield row.picture, [*map(float, terms(pair)), lpips(pair)]


def fit(values: Array, ratings: Array, scenes: Array) -> Array:
    """Return the weights of the terms.

    Ridge regression within scenes: the terms and the normal scores of the ratings are centered by
    scene, so that only the order of the versions of a scene is predicted.

    Parameters
    ----------
    values : ndarray
        Terms, (n, 8).
    ratings : ndarray
        Mean z-scores, (n,).
    scenes : ndarray
        Scene of each row, (n,).
    """
    spread = values.std(0)
    spread[spread == 0] = 1
    x, y = values / spread, np.empty(len(ratings))
    for scene in np.unique(scenes):
        rows = scenes == scene
        x[rows] -= x[rows].mean(0)
        scores = norm.ppf((rankdata(ratings[rows]) - 0.5) / rows.sum())
        y[rows] = RATING_SPREAD * (scores - scores.mean())
    weights: Array = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y) / spread
    return weights


def folds(
    values: Array, distances: Array, ratings: Array, scenes: Array
) -> tuple[list[Fold], Array]:
    """Return each scene's correlations under a fit to the others, and the predictions, (n,)."""
    rows, predictions = [], np.empty(len(ratings))
    for scene in np.unique(scenes):
        here = scenes == scene
        predicted = values[here] @ fit(values[~here], ratings[~here], scenes[~here])
        predictions[here] = predicted - predicted.mean()
        rows.append(
            Fold(
                str(scene),
                float(spearmanr(predicted, ratings[here])[0]),
                float(spearmanr(-distances[here], ratings[here])[0]),
            )
        )
    return rows, predictions


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--terms", "kept", type=click.Path(path_type=Path), help="Keep the terms here.")
def main(folder: Path, kept: Path | None) -> None:
    """Print the table of folds of the HECD clone in FOLDER."""
    try:
        rows = recolorings(folder)
        table = measured(folder, rows, kept)
    except (ColortkError, OSError, KeyError, ValueError) as error:
        raise click.ClickException(f"cannot read HECD in '{folder}': {error}") from None
    values, distances = table[:, : len(TERMS)], table[:, -1]
    ratings = np.array([row.rating for row in rows])
    scenes = np.array([row.scene for row in rows])
    result, predictions = folds(values, distances, ratings, scenes)
    print("scene            naturalness  LPIPS")
    for fold in result:
        print(f"{fold.scene:16} {fold.fitted:11.3f}  {fold.lpips:.3f}")
    print(
        f"{'mean':16} {np.mean([fold.fitted for fold in result]):11.3f}"
        f"  {np.mean([fold.lpips for fold in result]):.3f}"
    )
    behind = sum(fold.lpips - fold.fitted > 0.05 for fold in result)
    print(f"behind LPIPS by more than 0.05 in {behind} of {len(result)} scenes")
    print("\ncolorizer  people  predicted (both relative to the mean of each scene)")
    centered = ratings - np.array([ratings[scenes == scene].mean() for scene in scenes])
    means = {
        name: [float(part[[row.colorizer == name for row in rows]].mean()) for part in parts]
        for parts in [(centered, predictions)]
        for name in COLORIZERS
    }
    for name, (people, predicted) in sorted(means.items(), key=lambda item: -item[1][1]):
        print(f"{name:9} {people:+7.3f}  {predicted:+.3f}")
    print("\nweight      term")
    for (name, meaning), weight in zip(TERMS.items(), fit(values, ratings, scenes), strict=True):
        print(f"{weight:+.6f}  {name}: {meaning}")


if __name__ == "__main__":
    main()
