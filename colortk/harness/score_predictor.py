"""Score a predictor in this process, without the store; ``fit`` scores trained networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from colortk.color.cielab import lightness
from colortk.errors import PictureError
from colortk.harness.metrics.pair import Truth
from colortk.harness.protocol import Protocol, reference_picture
from colortk.harness.scoring import Scorer
from colortk.io.decode import read_bytes
from colortk.pipeline import colorize, refiner
from colortk.runtime.predictors import Predictor


def score_predictor(
    paths: Sequence[Path],
    predictor: Predictor,
    metrics: Sequence[str],
    protocol: Protocol,
    read: Callable[[Path], bytes] = read_bytes,
) -> Iterator[dict[str, float]]:
    """Yield the scores of every picture by metric; empty if the picture or the plugin fails.

    Parameters
    ----------
    paths : sequence of Path
        The pictures.
    predictor : Predictor
        The plugin.
    metrics : sequence of str
        Names of metrics.
    protocol : Protocol
        How pictures are prepared.
    read : callable
        Returns the content of a file.
    """
    scorer, refine = Scorer(metrics), refiner(protocol.refine)
    for path in paths:
        try:
            truth = reference_picture(read(path), str(path), protocol).pixels
            result = colorize(lightness(truth), predictor, refine).rgb
        except PictureError:
            yield {}
            continue
        yield scorer(Truth(truth), result).values
