"""Assess freshly trained weights on held-out pictures, as ``colortk compare`` scores plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from colortk.harness import score_predictor
from colortk.harness.metrics.pair import Truth
from colortk.harness.protocol import load_protocol, reference_picture
from colortk.harness.scoring import Scorer
from colortk.io.decode import read_bytes
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import PluginRequest, load
from colortk.types import Array, Lightness


class TrainedWeights:
    """A plugin with the weights that a trainer has just written.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    folder : Path
        Folder with the weights and their manifest.

    Raises
    ------
    PluginError, ArtifactError
        If the plugin cannot be loaded, or its weights cannot be read.
    """

    def __init__(self, plugin: str, folder: Path) -> None:
        self._predictor = load(PluginRequest(plugin, weights=folder))
        self._protocol = load_protocol()
        self._refine = refiner(self._protocol.refine)
        self._scorers: dict[tuple[str, ...], Scorer] = {}

    def reference(self, path: Path, read: Callable[[Path], bytes] = read_bytes) -> Array:
        """Return a picture prepared for scoring: sRGB, uint8 (H, W, 3), at the protocol's size.

        Parameters
        ----------
        path : Path
            Name of the picture.
        read : callable, optional
            Returns the bytes of the file with that name.

        Raises
        ------
        PictureError
            If the picture cannot be read.
        """
        return reference_picture(read(path), str(path), self._protocol).pixels

    def colorize(self, gray: Lightness) -> Array:
        """Return the colorized picture, sRGB, uint8 (H, W, 3), of CIE L*, float32 (H, W).

        Raises
        ------
        PredictionError
            If the plugin fails.
        """
        return colorize(gray, self._predictor, self._refine).rgb

    def score(self, truth: Truth, result: Array, metrics: Sequence[str]) -> dict[str, float]:
        """Return the scores of ``result``, sRGB, uint8 (H, W, 3), by metric.

        A metric that fails has no score.
        """
        names = tuple(metrics)
        if names not in self._scorers:
            self._scorers[names] = Scorer(names)
        return self._scorers[names](truth, result).values

    def scores(
        self, paths: Sequence[Path], metrics: Sequence[str], refine: str
    ) -> Iterator[dict[str, float]]:
        """Yield the scores of each picture by metric; none where the picture or the plugin fails.

        Parameters
        ----------
        paths : sequence of Path
            Picture files.
        metrics : sequence of str
            Names of metrics.
        refine : str
            Name of the refinement, such as "ratio".
        """
        varied = self._protocol.varied(refine=refine)
        return score_predictor.score_predictor(paths, self._predictor, metrics, varied)
