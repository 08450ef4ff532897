"""PBM, PGM and PPM files brought into the binary form with 8 or 16 bits a sample.

Pillow reads headers byte by byte, and text and unusual ranges sample by sample, in Python: a
comment of 20 MB took half a minute. Here the header is parsed within a limit, and NumPy converts
the samples. Pillow then reads a short header and binary samples.

References
----------
https://netpbm.sourceforge.net/doc/ppm.html
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bytes of a header with its comments. Programs write some hundred at most.
HEADER = 1 << 16
_SPACE = rb"[ \t\n\v\f\r]"
_COMMENT = re.compile(rb"#[^\r\n]*")
#: Possessive: text that is no header is refused after one look.
_GAP = rb"(?:" + _SPACE + rb"++|#[^\r\n]*+[\r\n])*+"
_NUMBER = re.compile(_GAP + rb"([0-9]{1,10})")
_GAP_TO_END = re.compile(_GAP + rb"(?:#[^\r\n]*+)?\Z")


@dataclass(frozen=True)
class Header:
    """A header. ``start``: offset of the samples; ``comments``: its comments, one per line."""

    kind: int
    width: int
    height: int
    maximum: int
    start: int
    comments: str

    @property
    def samples(self) -> int:
        """Number of samples in the picture."""
        return self.width * self.height * (3 if self.kind in (3, 6) else 1)


def is_pnm(data: bytes) -> bool:
    """Return whether ``data`` begins as a PBM, PGM or PPM does."""
    return (
        data[:1] == b"P"
        and data[1:3].strip(b" \t\n\v\f\r#").isdigit()
        and b"1" <= data[1:2] <= b"6"
    )


def header_of(data: bytes) -> Header | None:
    """Return the header, or ``None`` if ``data`` has none.

    Raises ``ValueError`` if the header is too long.
    """
    kind = data[1] - 48
    head = data[:HEADER]
    values: list[int] = []
    offset = 2
    for _ in range(2 if kind in (1, 4) else 3):
        match = _NUMBER.match(head, offset)
        if match is None:
            if len(data) > HEADER and _GAP_TO_END.match(head, offset):
                raise ValueError(f"its header has over {HEADER:,} bytes, most of them a comment")
            return None
        values.append(int(match[1]))
        offset = match.end()
    lines = (line[1:].strip() for line in _COMMENT.findall(head[:offset]))
    comments = "\n".join(line.decode("utf-8", "replace") for line in lines if line)
    width, height, maximum = [*values, 1][:3]
    return Header(kind, width, height, maximum, offset + 1, comments)


def to_binary(data: bytes, header: Header) -> bytes:
    """Return the same picture as a binary file with a short header and a maximum of 255 or more.

    Raises ``ValueError`` if the samples are no picture.
    """
    kind, maximum = header.kind, header.maximum
    if not 0 < maximum < 65536:
        return data  # Pillow refuses it
    if kind == 4 or (kind > 4 and maximum >= 255):
        if header.start < 1000:
            return data
        top = b"" if kind == 4 else b" %d" % maximum
        head = b"P%d %d %d%s\n" % (kind, header.width, header.height, top)
        return head + data[header.start :]
    if kind > 4:
        values: NDArray[Any] = np.frombuffer(data[header.start :], np.uint8)
    else:
        text = _COMMENT.sub(b" ", data[header.start - 1 :])
        values = _bits(text) if kind == 1 else _numbers(text)
    if values.size < header.samples:
        raise ValueError(f"it has {values.size:,} of {header.samples:,} samples")
    values = values[: header.samples]
    if values.size and int(values.max()) > maximum:
        raise ValueError(f"a sample is larger than the maximum of {maximum}")
    top_value = 255 if maximum < 256 else 65535
    scaled = np.rint(values / maximum * top_value)
    head = b"P%d %d %d %d\n" % (6 if kind in (3, 6) else 5, header.width, header.height, top_value)
    return head + scaled.astype(np.uint8 if top_value == 255 else ">u2").tobytes()


def _bits(text: bytes) -> NDArray[Any]:
    """Return the samples of a plain PBM: 1 is black, and digits need no spaces between them."""
    digits = np.frombuffer(b"".join(text.split()), np.uint8)
    if digits.size and not (int(digits.min()) >= 48 and int(digits.max()) <= 49):
        raise ValueError("a sample is neither 0 nor 1")
    return (49 - digits).astype(np.uint8)


def _numbers(text: bytes) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            values: NDArray[Any] = np.fromstring(text, np.int64, sep=" ")
        except (DeprecationWarning, ValueError):
            raise ValueError("a sample is not a number") from None
    if values.size and int(values.min()) < 0:
        raise ValueError("a sample is negative")
    return values
