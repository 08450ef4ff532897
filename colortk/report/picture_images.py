"""What a report shows of one picture, or of one frame of a film."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PictureImages:
    """One picture of the report. Images are JPEG, short side at most 144 pixels.

    ``picture``: SHA-256 (hex). ``name``: file name, any characters. ``near_gray``: the original
    has (nearly) no colour. ``results``: by plugin. ``heats``: by plugin, grey-scale, 5 times ΔE94
    at every pixel, 255 from ΔE94 51 on.
    """

    picture: str
    name: str
    grey: bytes = field(repr=False)
    truth: bytes = field(repr=False)
    near_gray: bool = False
    results: dict[str, bytes] = field(default_factory=dict, repr=False)
    heats: dict[str, bytes] = field(default_factory=dict, repr=False)
