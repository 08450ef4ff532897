"""What a comparison found on films: that of pictures, beside what the films themselves are."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.films.film_variants import FACTS, ORIGINAL
from colortk.harness.sources import Source
from colortk.plugin.spec import MetricSpec


class FilmComparison(Comparison):
    """Plugins scored on the same films: a row for frames alone, one for steadied colour.

    Scores of a film are means over its scored frames, and measures of films over all of them.
    Films without color are left out of every measure (under v1 of all that needs an original).
    """

    kind = "films"

    def _may_lead(self, spec: MetricSpec) -> bool:
        # Nothing flickers less than no colour: it is read beside the others, unless it is alone.
        others = any(other.takes != "film" for other in self.metrics.values())
        return super()._may_lead(spec) and not (spec.takes == "film" and others)

    def _means_color(self, spec: MetricSpec) -> bool:
        return spec.chroma or spec.needs_reference

    def own(self, film: str) -> dict[str, float]:
        """What is kept of a film itself, by SHA-256: scores without reference, and facts."""
        row = self.row(ORIGINAL, film)
        return row.values if row is not None else {}

    def beside(self, place: int) -> dict[str, float]:
        """Mean of the originals' own scores over the films that an variant has the same score of."""
        found: dict[str, float] = {}
        for name, spec in self.metrics.items():
            if spec.needs_reference or spec.takes != "film":
                continue
            there = ~np.isnan(self._tables[name][:, place])
            own = [
                self.own(s.picture).get(name) for s, t in zip(self.used, there, strict=True) if t
            ]
            values = [value for value in own if value is not None]
            if values:
                found[name] = float(np.mean(values))
        return found

    @property
    def incomplete(self) -> list[str]:
        """Films of which some frames could not be read, in lines."""
        lost = [(s.name, int(self.own(s.picture).get(FACTS[1], 0))) for s in self.readable]
        return [
            f"{count} frame{'s' if count > 1 else ''} of '{name}' could not be read: what is left"
            " was compared"
            for name, count in lost
            if count
        ]

    def as_dict(self, per_image: bool = False) -> dict[str, Any]:
        """As :meth:`Comparison.as_dict`; the films themselves are under ``originals``."""
        report = super().as_dict(per_image)
        report["originals"] = [self._film(source) for source in self.readable]
        return report

    def _film(self, source: Source) -> dict[str, Any]:
        picture, own = self.outcome.pictures[source.picture], self.own(source.picture)
        return {
            "name": source.name,
            "picture": source.picture,
            "width": picture.width,
            "height": picture.height,
            "near_gray": source.picture in self.near_gray,
            "scored": source in self.used,
            "frames": int(own.get(FACTS[0], 0)),
            "lost_frames": int(own.get(FACTS[1], 0)),
            "metrics": {name: value for name, value in own.items() if name not in FACTS},
        }

    def _plugin(self, k: int) -> dict[str, Any]:
        return super()._plugin(k) | {"beside": self.beside(k)}
