"""Limits on structures of picture files that are slow to decode.

Some structures need few bytes in the file but much time in a decoder: scans of a JPEG, comments,
chunks and small blocks. They are counted here, before any decoder gets the file. All other decoding
takes time in proportion to bytes and pixels, which are limited as well. The commands, the workers
and the web page use the same limits.
"""

from __future__ import annotations

import struct

#: Seconds that decoding one picture may take on the web page.
DECODE_SECONDS = 60.0
#: Markers of a JPEG, and bytes between them that belong to none. Each costs its readers some
#: microseconds.
MAX_JPEG_SEGMENTS, MAX_JPEG_FILLER_BYTES = 4096, 1 << 16
#: EXIF of a JPEG in several segments is put together by copying. Photoshop's data has many small
#: parts.
MAX_EXIF_BYTES, MAX_PHOTOSHOP_BYTES = 1 << 21, 1 << 22
#: Scans of a JPEG; decoding one visits all pixels. Cameras and programs write at most twenty.
MAX_JPEG_SCANS, MAX_USUAL_SCANS = 100, 20
#: Limit of scans × pixels for pictures with more than MAX_USUAL_SCANS scans: some seconds of work.
MAX_SCANNED_PIXELS = 1 << 31
#: Allowed chunks of a PNG: BASE_PNG_CHUNKS + bytes of the file / BYTES_PER_PNG_CHUNK.
BASE_PNG_CHUNKS, BYTES_PER_PNG_CHUNK = 4096, 512
#: Chunks with text. Limits on their bytes are in :mod:`colortk.io.metadata`.
MAX_PNG_TEXT_CHUNKS = 1024
#: Sub-blocks in extensions of a GIF, and bytes of its comments.
MAX_GIF_EXTENSION_BLOCKS, MAX_GIF_COMMENT_BYTES = 1 << 15, 1 << 19
#: Allowed sub-blocks with a GIF's pixels: BASE_GIF_BLOCKS + bytes of the file /
#: BYTES_PER_GIF_BLOCK.
BASE_GIF_BLOCKS, BYTES_PER_GIF_BLOCK = 4096, 64
#: Allowed boxes of JPEG 2000, and allowed code blocks: BASE_CODE_BLOCKS + samples /
#: SAMPLES_PER_CODE_BLOCK.
MAX_JPEG2000_BOXES, BASE_CODE_BLOCKS, SAMPLES_PER_CODE_BLOCK = 1024, 1 << 17, 200
#: Bytes of run lengths in a BMP, which Pillow reads one by one.
MAX_RUN_LENGTH_BYTES = 1 << 22
_RUN_LENGTH_KINDS = (b"\1\0\0\0", b"\2\0\0\0")


class OverLimit(ValueError):
    """The file has more of a structure than a picture needs. The message names the structure."""


# A cold run imports only what its picture needs: the modules of formats are imported by their
# checks.
def check_header(data: bytes) -> None:
    """Refuse a file that takes much longer to decode than its bytes and pixels justify.

    Parameters
    ----------
    data : bytes
        A picture file of any format; formats without such a weakness pass.

    Raises
    ------
    OverLimit
        It has more scans, segments, chunks, blocks or comments than a picture needs.
    """
    beginning = data[:4]
    if beginning[:3] == b"\xff\xd8\xff":
        _check_jpeg(data)
    elif beginning == b"\x89PNG":
        _check_png(data)
    elif beginning == b"GIF8":
        _check_gif(data)
    elif beginning in (b"\0\0\0\x0c", b"\xff\x4f\xff\x51"):
        _check_jpeg2000(data)
    elif beginning[:1] == b"P":
        _check_pnm(data)
    elif (
        data[:2] == b"BM" and len(data) > MAX_RUN_LENGTH_BYTES and data[30:34] in _RUN_LENGTH_KINDS
    ):
        raise OverLimit(f"it has over {MAX_RUN_LENGTH_BYTES:,} bytes of run lengths")


def _check_pnm(data: bytes) -> None:
    from colortk.io import pnm

    try:
        if pnm.is_pnm(data):
            pnm.header_of(data)
    except ValueError as error:
        raise OverLimit(str(error)) from None


def _check_jpeg(data: bytes) -> None:
    from colortk.io import jpeg_segments

    filler = scans = exif = photoshop = 0
    in_scan = False
    pixels = 0
    for count, segment in enumerate(jpeg_segments.segments(data), 1):
        filler += 0 if in_scan else segment.filler
        in_scan = segment.marker == jpeg_segments.SOS
        scans += in_scan
        if (
            segment.marker == jpeg_segments.APP1
            and data[segment.start : segment.start + 6] == b"Exif\0\0"
        ):
            exif += segment.stop - segment.start
        if segment.marker == jpeg_segments.APP13:
            photoshop += segment.stop - segment.start
        if segment.marker in jpeg_segments.FRAMES and segment.stop - segment.start >= 6:
            height, width = struct.unpack_from(">HH", data, segment.start + 1)
            pixels = height * width
        if count > MAX_JPEG_SEGMENTS or filler > MAX_JPEG_FILLER_BYTES:
            raise OverLimit("it has more segments than a picture needs")
        if scans > MAX_JPEG_SCANS or (
            scans > MAX_USUAL_SCANS and scans * pixels > MAX_SCANNED_PIXELS
        ):
            raise OverLimit("it has more scans than a picture needs")
        if exif > MAX_EXIF_BYTES:
            raise OverLimit(f"its EXIF has over {MAX_EXIF_BYTES:,} bytes")
        if photoshop > MAX_PHOTOSHOP_BYTES:
            raise OverLimit(f"its Photoshop data has over {MAX_PHOTOSHOP_BYTES:,} bytes")


def _check_png(data: bytes) -> None:
    from colortk.io import png

    texts = 0
    max_chunks = BASE_PNG_CHUNKS + len(data) // BYTES_PER_PNG_CHUNK
    for count, chunk in enumerate(png.chunks(data), 1):
        texts += chunk.kind in (b"tEXt", b"zTXt", b"iTXt")
        if count > max_chunks or texts > MAX_PNG_TEXT_CHUNKS:
            raise OverLimit("it has more chunks than a picture needs")


def _check_gif(data: bytes) -> None:
    from colortk.io import gif

    blocks = gif.blocks_of(data, MAX_GIF_EXTENSION_BLOCKS)
    if blocks.extensions > MAX_GIF_EXTENSION_BLOCKS or blocks.comment > MAX_GIF_COMMENT_BYTES:
        raise OverLimit("it has more extensions or comments than a picture needs")
    if blocks.pixels > BASE_GIF_BLOCKS + len(data) // BYTES_PER_GIF_BLOCK:
        raise OverLimit("it has more blocks than a picture needs")


def _check_jpeg2000(data: bytes) -> None:
    from colortk.io import jpeg2000

    for count, _ in enumerate(jpeg2000.boxes(data), 1):
        if count > MAX_JPEG2000_BOXES:
            raise OverLimit("it has more boxes than a picture needs")
    blocks, samples = jpeg2000.work_of(data)
    if blocks > BASE_CODE_BLOCKS + samples // SAMPLES_PER_CODE_BLOCK:
        raise OverLimit("its code blocks are smaller than a picture needs")
