"""Pictures, results and maps of their errors."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from colortk.harness.comparison import Comparison
from colortk.report.figures.canvas import WIDTH, label_text, new_figure
from colortk.report.picture_images import PictureImages

#: Rows and columns of a figure; further plugins are in further figures.
MAX_PICTURES, MAX_PLUGINS = 4, 5
#: ΔE94 of the level 255 of a map, and levels per unit.
MAX_ERROR, LEVELS = 51, 5


def example_pictures(comparison: Comparison) -> list[int]:
    """Return the places of some pictures: evenly from the best mean score to the worst.

    Parameters
    ----------
    comparison : Comparison
        Its metric that ranks decides; pictures that some plugin lacks are not chosen.
    """
    scores = comparison.values(comparison.lead).mean(1)
    order = [int(k) for k in np.argsort(scores) if not np.isnan(scores[k])]
    if comparison.metrics[comparison.lead].higher_is_better:
        order.reverse()
    chosen = np.linspace(0, len(order) - 1, min(MAX_PICTURES, len(order))).round()
    return [order[int(k)] for k in chosen]


def error_maps(pictures: Sequence[PictureImages], plugins: Sequence[str]) -> Any:
    """Return a figure of originals, results, and under each result its ΔE94 at every pixel.

    Parameters
    ----------
    pictures : sequence of PictureImages
        The pictures, from the best to the worst.
    plugins : sequence of str
        Labels of at most :data:`MAX_PLUGINS` plugins.
    """
    columns = 1 + len(plugins)
    size = WIDTH / (MAX_PLUGINS + 1)
    figure = new_figure(0.5 + 2 * size * len(pictures), max(3.0, size * columns + 0.7))
    grid = figure.subplots(2 * len(pictures), columns, squeeze=False)
    drawn = None
    for axes in grid.flat:
        axes.set_axis_off()
    for row, picture in enumerate(pictures):
        grid[2 * row, 0].imshow(_decoded(picture.truth))
        grid[2 * row + 1, 0].imshow(_decoded(picture.gray))
        grid[2 * row, 0].set_title(label_text(picture.name, 16), fontsize=6)
        for column, plugin in enumerate(plugins, 1):
            if plugin in picture.results:
                grid[2 * row, column].imshow(_decoded(picture.results[plugin]))
            if plugin in picture.heats:
                errors = np.asarray(_decoded(picture.heats[plugin]).convert("L")) / LEVELS
                drawn = grid[2 * row + 1, column].imshow(
                    errors, cmap="magma", vmin=0, vmax=MAX_ERROR
                )
            if row == 0:
                grid[0, column].set_title(label_text(plugin, 16), fontsize=6)
    if drawn is not None:
        figure.colorbar(drawn, ax=grid, label="\u0394E94", shrink=0.5, aspect=30)
    return figure


def _decoded(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))
