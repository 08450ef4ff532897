"""Decoded bytes of a TIFF's strips and tiles to one array of samples, (height, width, channels)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from colortk.io import tiff_codecs
from colortk.io.tiff_layout import CodecUnavailable, Layout
from colortk.types import Array

#: Bytes of samples that are decoded at once.
_AT_ONCE = 1 << 26


#: Attempts to find the segments of a damaged file that can be decoded.
_TRIES = 500


class Damaged(Exception):
    """Segments are damaged or incomplete; the message says which."""


def read_samples(data: bytes, layout: Layout, partial: bool = False) -> tuple[Array, Array]:
    """Decode all samples of the first page.

    Parameters
    ----------
    data : bytes
        The file.
    layout : Layout
        Layout of the page.
    partial : bool
        Leave damaged or missing samples at zero instead of raising.

    Returns
    -------
    samples : ndarray, (height, width, channels)
        Unsigned integers of 8 or 16 bits, or floating-point numbers, as the file has them: bits are
        not scaled, colors are not converted, nothing is turned.
    present : ndarray of bool, (height, width)
        Pixels of which all samples were decoded. All, unless ``partial``.

    Raises
    ------
    Damaged
        A segment cannot be decoded completely.
    CodecUnavailable
        There is no decoder for the compression.
    """
    kind = np.dtype(f"{layout.kind}{max(8, layout.bits + -layout.bits % 8) // 8}")
    samples = np.zeros((layout.height, layout.width, layout.samples), kind)
    count = np.zeros((layout.height, layout.width), np.uint16)
    per_plane = layout.across * layout.down
    for number, segment in _segments(data, layout, partial):
        plane, index = divmod(number, per_plane)
        top, left = index // layout.across * layout.rows, index % layout.across * layout.columns
        block = samples[top : top + layout.rows, left : left + layout.columns]
        if layout.planes > 1:
            block = block[..., plane : plane + 1]
        encoded = segment[: block.shape[0], : block.shape[1]]
        block[: len(encoded)] = encoded
        count[top : top + len(encoded), left : left + block.shape[1]] += 1
    present = count == layout.planes
    if not partial and not present.all():
        raise Damaged("a part of the picture was not decoded")
    return samples, present


def _segments(data: bytes, layout: Layout, partial: bool) -> Iterator[tuple[int, Array]]:
    """Yield number and samples of each segment; for a damaged one, its first whole rows."""
    size = tiff_codecs.row_bytes(layout) * layout.rows
    step = max(1, _AT_ONCE // max(1, size))
    for start in range(0, len(layout.segments), step):
        numbers = range(start, min(start + step, len(layout.segments)))
        encoded_parts = [
            data[offset : offset + size] for offset, size in layout.segments[start : start + step]
        ]
        rows = [layout.rows_of(number) for number in numbers]
        try:
            decoded = tiff_codecs.decode_segments(layout, encoded_parts, rows)
        except (CodecUnavailable, MemoryError):
            raise
        except Exception as error:  # decoders raise nearly anything on damaged data
            if not partial:
                raise _damage(layout, encoded_parts, rows, start, error) from error
            sizes = [size for _, size in layout.segments[start : start + step]]
            decoded = _salvaged_of_cut(layout, encoded_parts, rows, sizes)
        for number, segment in zip(numbers, decoded, strict=True):
            if not len(segment):
                continue  # not one row of a damaged segment
            if isinstance(segment, bytes):
                segment = _unpacked(segment, layout)
            yield number, segment


def _damage(
    layout: Layout, encoded_parts: list[bytes], rows: list[int], start: int, error: Exception
) -> Damaged:
    """Find a segment that fails by itself, for the message: halves that fail are halved again.

    Segments of libtiff are not tried again, since it prints to stderr for each failure.
    """
    low, high = 0, len(encoded_parts)
    if layout.compression in tiff_codecs.LIBTIFF and high > 1:
        return Damaged(" ".join(str(error).split()))
    while high - low > 1:
        middle = (low + high) // 2
        try:
            tiff_codecs.decode_segments(layout, encoded_parts[low:middle], rows[low:middle])
        except Exception as caught:
            high, error = middle, caught
        else:
            low = middle
    try:
        tiff_codecs.decode_segments(layout, encoded_parts[low:high], rows[low:high])
    except Exception as caught:
        error = caught
    reason = " ".join(str(error).split()) or type(error).__name__
    where = f"{'tile' if layout.tiled else 'strip'} {start + low + 1:,} of {len(layout.segments):,}"
    return Damaged(f"{where} cannot be decoded: {reason}")


def _salvaged_of_cut(
    layout: Layout, encoded_parts: list[bytes], rows: list[int], sizes: list[int]
) -> list[bytes | Array]:
    """Decode complete segments; of segments that the end of the file cuts off, the whole rows."""
    decoded: list[bytes | Array] = [b""] * len(encoded_parts)
    complete = [
        number
        for number, encoded in enumerate(encoded_parts)
        if encoded and len(encoded) == sizes[number]
    ]
    decoded_segments = _salvaged(
        layout,
        [encoded_parts[number] for number in complete],
        [rows[number] for number in complete],
        [_TRIES],
    )
    for number, segment in zip(complete, decoded_segments, strict=True):
        decoded[number] = segment
    for number in {*range(len(encoded_parts))}.difference(complete):
        decoded[number] = _start_of(layout, encoded_parts[number], rows[number])
    return decoded


def _salvaged(
    layout: Layout, encoded_parts: list[bytes], rows: list[int], tries: list[int]
) -> list[bytes | Array]:
    """Decode all segments that can be decoded: halves that fail are halved again.

    ``tries``: a list with the number of attempts left; each takes about a millisecond.
    """
    tries[0] -= 1
    if not encoded_parts:
        return []
    try:
        return tiff_codecs.decode_segments(layout, encoded_parts, rows)
    except MemoryError:
        raise
    except Exception:
        if tries[0] < 0:
            return [b""] * len(encoded_parts)
        if len(encoded_parts) == 1:
            return [_start_of(layout, encoded_parts[0], rows[0])]
    middle = len(encoded_parts) // 2
    first = _salvaged(layout, encoded_parts[:middle], rows[:middle], tries)
    return first + _salvaged(layout, encoded_parts[middle:], rows[middle:], tries)


def _start_of(layout: Layout, encoded: bytes, rows: int) -> bytes:
    """Return the bytes of the complete first rows of a damaged segment."""
    width = tiff_codecs.row_bytes(layout)
    content = b""
    if layout.compression in tiff_codecs.NONE:
        content = encoded
    elif layout.compression in tiff_codecs.DEFLATE:
        content = tiff_codecs.inflate_start(encoded, rows * width)
    return content[: min(len(content) // width, rows) * width]


def _unpacked(content: bytes, layout: Layout) -> Array:
    """Return the samples (rows, columns, channels) of the bytes of whole rows."""
    rows = len(content) // tiff_codecs.row_bytes(layout)
    width = layout.columns * layout.channels
    shape = (rows, layout.columns, layout.channels)
    raw = np.frombuffer(content, np.uint8).reshape(rows, tiff_codecs.row_bytes(layout))
    if layout.predictor == 3:
        return _floating(raw, layout).reshape(shape)
    if layout.bits % 8:
        samples = _bits(raw, layout.bits)[:, :width]
    else:
        order = ">" if layout.order == ">" else "<"
        samples = raw.view(f"{order}{layout.kind}{layout.bits // 8}")
    samples = samples.reshape(shape)
    if layout.predictor == 2:
        as_integers = samples.view(samples.dtype.str.replace("f", "u"))
        native = np.dtype(f"u{as_integers.dtype.itemsize}")
        summed = np.cumsum(as_integers, axis=1, dtype=native)
        if layout.bits % 8:
            summed &= (1 << layout.bits) - 1
        return summed.view(f"{layout.kind}{native.itemsize}")
    return samples


def _bits(raw: Array, bits: int) -> Array:
    """Unsigned integers of 1 to 15 bits that are packed, the most significant bit first."""
    if bits in (1, 2, 4):
        values = np.stack([raw >> shift for shift in range(8 - bits, -1, -bits)], -1)
        return (values & ((1 << bits) - 1)).reshape(len(raw), -1)
    each = np.unpackbits(raw, axis=1)
    each = each[:, : each.shape[1] // bits * bits].reshape(len(raw), -1, bits)
    values = np.zeros(each.shape[:2], np.uint8 if bits < 8 else np.uint16)
    for offset in range(bits):
        values = (values << 1) | each[..., offset]
    return values


def _floating(raw: Array, layout: Layout) -> Array:
    """Undo the floating-point predictor: differences of bytes, the most significant ones first."""
    size = layout.bits // 8
    values = raw.reshape(len(raw), -1, layout.channels)
    values = np.cumsum(values, axis=1, dtype=np.uint8).reshape(len(raw), size, -1)
    return np.ascontiguousarray(values.swapaxes(1, 2)).view(f">f{size}")[..., 0]
