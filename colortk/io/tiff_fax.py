"""CCITT strips of a TIFF, proved complete by encoding the result again.

No decoder at hand reports a strip that ends early: the rest would be white. Coders of this kind
have no choice, so that whole code comes out again bit by bit.
"""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import TiffImagePlugin

from colortk.io.tiff_libtiff import strips_image

_RLE, _GROUP_3, _GROUP_4 = 2, 3, 4
_KINDS = {_RLE: "tiff_ccitt", _GROUP_3: "group3", _GROUP_4: "group4"}
#: End markers of a strip's code. They may be missing: they stand for no pixels (ITU-T T.4, T.6).
_END = {
    _RLE: re.compile("$"),
    _GROUP_3: re.compile("(?:(?:0{11}1){2,6}|(?:0{11}11){2,6})?0*$"),
    _GROUP_4: re.compile("(?:0{11}1){2}0*$"),
}


def decode_fax(segment: bytes, rows: int, width: int, compression: int, options: int) -> bytes:
    """Decode a strip of black and white.

    Parameters
    ----------
    segment : bytes
        Its code, the most significant bit first.
    rows, width : int
        Size in pixels.
    compression : int
        2, 3 or 4, as TIFF numbers them.
    options : int
        The tag T4Options, of Group 3.

    Returns
    -------
    bytes
        Rows of bits, each of whole bytes.

    Raises
    ------
    ValueError
        The code is damaged, ends early, or is of an encoder that codes in another way.
    """
    image = strips_image(compression, [segment], width, rows, rows, bits=1, options=options)
    out = io.BytesIO()
    tags = {278: rows, 292: options}
    image.save(out, "TIFF", compression=_KINDS[compression], tiffinfo=tags)
    reencoded = TiffImagePlugin.TiffImageFile(io.BytesIO(out.getvalue()))
    (offset,), (size,) = reencoded.tag_v2[273], reencoded.tag_v2[279]
    encoded = out.getvalue()[offset : offset + size]
    bits = _bits(encoded[-32:])
    end = _END[compression].search(bits)
    count = 8 * (len(encoded) - len(encoded[-32:])) + (end.start() if end else len(bits))
    full_bytes, last_bits = divmod(count, 8)
    if (
        segment[:full_bytes] != encoded[:full_bytes]
        or _bits(segment[full_bytes:][:1])[:last_bits]
        != _bits(encoded[full_bytes:][:1])[:last_bits]
    ):
        raise ValueError("its CCITT data is damaged, ends early, or comes from an unusual encoder")
    return np.packbits(np.asarray(image), axis=1).tobytes()


def _bits(data: bytes) -> str:
    return "".join(f"{value:08b}" for value in data)
