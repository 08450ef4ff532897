"""The picture that a file holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from colortk.io.metadata import Metadata

if TYPE_CHECKING:
    from colortk.io.missing_lines import Missing

Pixels = NDArray[Any]


@dataclass
class Picture:
    """An upright sRGB picture.

    Attributes
    ----------
    pixels : uint8 or uint16 array of shape (H, W) or (H, W, 3)
        Gray or RGB, sRGB.
    alpha : array of the same type of shape (H, W), or None
        Opacity.
    exif : bytes
        EXIF without the orientation.
    dpi : tuple of float or None
        Horizontal and vertical resolution, as the file states it.
    format : str
        Pillow's name of the file format.
    notes : list of str
        One line for each thing that was lost in reading.
    metadata : Metadata
        XMP, IPTC and comments.
    missing : Missing or None
        Lines that a damaged file does not have, if such files are allowed.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    exif: bytes = b""
    dpi: tuple[float, float] | None = None
    format: str = "PNG"
    notes: list[str] = field(default_factory=list)
    metadata: Metadata = field(default_factory=Metadata)
    missing: Missing | None = None
