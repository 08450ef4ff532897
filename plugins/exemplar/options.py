"""Options of ``exemplar``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..effnet_bins.options import Options as AutomaticOptions


@dataclass(frozen=True)
class Options(AutomaticOptions):
    """The picture whose colors are taken, and the options of the automatic colors elsewhere.

    Parameters
    ----------
    vividness : float
        0 to 1: 0 is most accurate by mean error, 1 is about as colorful as photographs.
    temperature : float
        0.01 to 10; toward 0 the likeliest color replaces the expected one.
    vivid : float, optional
        1 to 4, older name of ``vividness``: 1 + 2 × vividness.
    reference : path
        A color picture of the same or a similar scene. With none, all colors are automatic.
    """

    reference: Path | None = None
