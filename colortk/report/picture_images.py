"""The images that a report shows of one picture, or of one frame of a film."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PictureImages:
    """The images of one picture, JPEG, short side at most 144 pixels.

    Parameters
    ----------
    picture : str
        SHA-256 (hex) of the original.
    name : str
        File name, any characters.
    gray, truth : bytes
        Lightness of the original, and the original.
    near_gray : bool
        The original has (nearly) no color.
    results : dict of str to bytes
        Results by plugin.
    heats : dict of str to bytes
        By plugin, gray: 5 times ΔE94 at every pixel, 255 from ΔE94 51 on.
    """

    picture: str
    name: str
    gray: bytes = field(repr=False)
    truth: bytes = field(repr=False)
    near_gray: bool = False
    results: dict[str, bytes] = field(default_factory=dict, repr=False)
    heats: dict[str, bytes] = field(default_factory=dict, repr=False)
