"""A comparison of plugins on films."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.films.film_variants import FRAME_FACTS, ORIGINAL
from colortk.harness.sources import Source
from colortk.harness.summary_rows import (
    FilmInfo,
    PluginRow,
)
from colortk.plugin.spec import MetricSpec


@dataclass(repr=False)
class FilmComparison(Comparison):
    """Plugins scored on the same films, frame by frame and with steadied colors.

    The score of a film is the mean over its scored frames; metrics of films use all frames. Films
    without color are left out (with protocol v1, of the metrics that need an original).
    """

    kind: ClassVar[str] = "films"

    def _may_lead(self, spec: MetricSpec) -> bool:
        # A gray film flickers least. Flicker ranks only if there is no other metric.
        has_picture_metrics = any(other.takes != "film" for other in self.metrics.values())
        return super()._may_lead(spec) and not (spec.takes == "film" and has_picture_metrics)

    def _means_color(self, spec: MetricSpec) -> bool:
        return spec.chroma or spec.needs_reference

    def original_values(self, film: str) -> dict[str, float]:
        """Return the stored values of a film: scores without reference, numbers of frames.

        Parameters
        ----------
        film : str
            SHA-256 (hex) of the film.
        """
        row = self.row(ORIGINAL, film)
        return row.values if row is not None else {}

    def original_scores(self, index: int) -> dict[str, float]:
        """Return the originals' mean scores, each over the films with this score of the plugin."""
        means: dict[str, float] = {}
        for name, spec in self.metrics.items():
            if spec.needs_reference or spec.takes != "film":
                continue
            scored = ~np.isnan(self._tables[name][:, index])
            scores = [
                self.original_values(s.picture).get(name)
                for s, t in zip(self.used, scored, strict=True)
                if t
            ]
            values = [value for value in scores if value is not None]
            if values:
                means[name] = float(np.mean(values))
        return means

    @property
    def incomplete(self) -> list[str]:
        """A message for each film of which some frames could not be read."""
        lost_frames = [
            (s.name, int(self.original_values(s.picture).get(FRAME_FACTS[1], 0)))
            for s in self.readable
        ]
        return [
            f"{count} frame{'s' if count > 1 else ''} of '{name}' could not be read: the others"
            " were compared"
            for name, count in lost_frames
            if count
        ]

    def _film_infos(self) -> list[FilmInfo]:
        return [self._film_info(source) for source in self.readable]

    def _film_info(self, source: Source) -> FilmInfo:
        picture = self.outcome.pictures[source.picture]
        values = self.original_values(source.picture)
        return FilmInfo(
            name=source.name,
            picture=source.picture,
            width=picture.width,
            height=picture.height,
            near_gray=source.picture in self.near_gray,
            scored=source in self.used,
            frames=int(values.get(FRAME_FACTS[0], 0)),
            lost_frames=int(values.get(FRAME_FACTS[1], 0)),
            metrics={name: value for name, value in values.items() if name not in FRAME_FACTS},
        )

    def _plugin_row(self, index: int) -> PluginRow:
        return replace(super()._plugin_row(index), beside=self.original_scores(index))
