"""TIFFs in every layout, each with the pixels that it holds by plain arithmetic.

As a program: decode all of them, and print what differs. Run it with a poisoned allocator::

    MALLOC_PERTURB_=85 MALLOC_MMAP_THRESHOLD_=2000000000 python tests/tiffs.py
"""

from __future__ import annotations

import io
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile

Array = np.ndarray[Any, Any]
HEIGHT, WIDTH = 40, 53
FULL = {"u1": 255, "u2": 65535, "f4": 1, "f2": 1}


@dataclass
class Case:
    """A file and its true pixels and alpha; ``None``: the file may be refused."""

    name: str
    data: bytes
    pixels: Array
    alpha: Array | None
    tolerance: int = 0


def scene(channels: int, dtype: str) -> Array:
    """Return smooth and noisy parts with black and white corners, in steps of the bit depth."""
    rng = np.random.default_rng(channels)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(x / (5 + c) + c) * np.cos(y / (7 - c % 3)) / 2 + 0.5 for c in range(channels)]
    values = np.stack(waves, -1) * 0.9 + rng.random((HEIGHT, WIDTH, channels)) * 0.1
    values[:9, :9], values[-9:, :9] = 1, 0
    if dtype[0] == "f":
        return values.astype(dtype)
    return np.rint(values * FULL[dtype]).astype(dtype)


def opacity(dtype: str) -> Array:
    """Return alpha: opaque left, half transparent right, fully transparent in one corner."""
    alpha = np.full((HEIGHT, WIDTH, 1), FULL[dtype], dtype)
    alpha[:, WIDTH // 2 :] = FULL[dtype] / 2 if dtype[0] == "f" else FULL[dtype] // 2 + 1
    alpha[-5:, -5:] = 0
    return alpha


def levels(values: Array) -> Array:
    """Return the 8-bit or 16-bit levels of samples."""
    if values.dtype.kind == "f":
        return np.rint(values.astype(np.float64) * 65535).astype(np.uint16)
    return values


def written(array: Array, **options: Any) -> bytes:
    """Write a TIFF with tifffile."""
    out = io.BytesIO()
    tifffile.imwrite(out, array, metadata=None, **options)
    return out.getvalue()


def products(step: int = 1) -> Iterator[Case]:
    """Yield all combinations of planes, tiles, depth, compression, byte order, photometric and alpha.

    ``step``: only every so many of them.
    """
    number = 0
    for photometric, dtype, extra, compression, tiled, planar, order in itertools.product(
        ("minisblack", "miniswhite", "rgb"),
        ("u1", "u2", "f4"),
        ("", "assocalpha", "unassalpha", "unspecified"),
        ("none", "lzw", "deflate", "deflate+", "packbits"),
        (False, True),
        (False, True),
        "<>",
    ):
        colors = 3 if photometric == "rgb" else 1
        if planar and colors == 1 and not extra:
            continue
        if compression == "packbits" and (order == ">" or photometric == "miniswhite"):
            continue
        number += 1
        if number % step:
            continue
        name = f"{photometric} {dtype} {extra} {compression} {tiled=} {planar=} {order}"
        color, alpha = scene(colors, dtype), opacity(dtype)
        stored = color
        if extra == "assocalpha":
            stored = color * (alpha.astype(np.float64) / FULL[dtype])
            stored = (stored if dtype[0] == "f" else np.rint(stored)).astype(dtype)
            color = _divided(stored, alpha, dtype)
        if extra:
            stored = np.concatenate([stored, alpha], -1)
        options: dict[str, Any] = {
            "photometric": photometric,
            "byteorder": order,
            "planarconfig": "separate" if planar else "contig",
            "bigtiff": tiled and order == ">",
            "extrasamples": [extra] if extra else None,
            "compression": None if compression == "none" else compression.rstrip("+"),
        }
        if compression.endswith("+"):
            options["predictor"] = 3 if dtype[0] == "f" else 2
        if tiled:
            options["tile"] = (16, 32)
        else:
            options["rowsperstrip"] = 7
        if planar:
            stored = stored.transpose(2, 0, 1)
        elif stored.shape[2] == 1:
            stored = stored[..., 0]
        yield _case(name, written(np.ascontiguousarray(stored), **options), color,
                    alpha if extra and extra != "unspecified" else None, photometric)  # fmt: skip


def _divided(stored: Array, alpha: Array, dtype: str) -> Array:
    """Return the color of premultiplied samples, in floating-point arithmetic."""
    opaque = np.where(alpha > 0, alpha, 1).astype(np.float64)
    color = np.where(alpha > 0, stored.astype(np.float64) * FULL[dtype] / opaque, 0)
    color = np.clip(color, 0, FULL[dtype])
    return (color if dtype[0] == "f" else np.floor(color + 0.5)).astype(dtype)


def _case(
    name: str, data: bytes, color: Array, alpha: Array | None, photometric: str, tolerance: int = 0
) -> Case:
    pixels = levels(color)
    if photometric == "miniswhite":
        pixels = np.iinfo(pixels.dtype).max - pixels
    pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    if color.dtype.kind == "f" and "assocalpha" in name:
        tolerance = 2  # it is rounded to 16 bits before it is divided
    return Case(name, data, pixels, None if alpha is None else levels(alpha)[..., 0], tolerance)


def others() -> Iterator[Case]:
    """Yield bit depths, palettes, CMYK, JPEG, half floats, rare compressions and orientations."""
    for photometric, bits, order in itertools.product(
        ("minisblack", "miniswhite"), (1, 2, 4, 6, 8, 10, 12, 14, 16), "<>"
    ):
        most = (1 << bits) - 1
        values = np.rint(scene(1, "f4")[..., 0] * most).astype(np.uint8 if bits <= 8 else np.uint16)
        data = packed(values, bits, photometric == "miniswhite", order)
        full = 255 if bits <= 8 else 65535
        right = np.rint(values.astype(np.float64) * full / most).astype(values.dtype)
        yield _case(f"{photometric} {bits} bits {order}", data, right[..., None], None, photometric)
    rgb8, rgb16 = scene(3, "u1"), scene(3, "u2")
    for bits in (1, 2, 4, 8):
        indexes = (scene(1, "u1")[..., 0] >> (8 - bits)).astype(np.uint8)
        table = np.random.default_rng(1).integers(0, 256, (3, 1 << bits)).astype(np.uint16)
        table[0, 0] = 255
        data = packed(indexes, bits, False, "<", [(320, tuple((table * 257).ravel()))], 3)
        yield Case(f"palette {bits} bits", data, table.T.astype(np.uint8)[indexes], None)
    for order, dtype, planar in itertools.product("<>", ("u1", "u2"), (False, True)):
        cmyk = scene(4, dtype)
        light = FULL[dtype] - cmyk.astype(np.float64)
        right = (light[..., :3] * light[..., 3:] / FULL[dtype]).round().astype(dtype)
        stored = np.ascontiguousarray(cmyk.transpose(2, 0, 1)) if planar else cmyk
        how = "separate" if planar else "contig"
        data = written(stored, photometric="separated", byteorder=order, planarconfig=how)
        yield Case(f"cmyk {dtype} {planar=} {order}", data, right, None, 1)
    for half, order in itertools.product((scene(1, "f2"), scene(3, "f2")), "<>"):
        data = written(
            half.squeeze(), byteorder=order, photometric="rgb" if half.shape[2] == 3 else None
        )
        yield Case(f"half {half.shape[2]} {order}", data, levels(half).squeeze(), None)
    for tiled, planar in itertools.product((None, (16, 32)), (False, True)):
        stored = np.ascontiguousarray(rgb8.transpose(2, 0, 1)) if planar else rgb8
        how = "separate" if planar else "contig"
        for compression in ("lzma", "zstd", "png", "jpeg2000", "webp", "jpegxl"):
            if compression == "webp" and planar:
                continue
            arguments = {"level": 0} if compression == "jpeg2000" else {"lossless": True}
            data = written(
                stored, photometric="rgb", compression=compression, tile=tiled, planarconfig=how,
                compressionargs=arguments if compression in ("jpeg2000", "webp", "jpegxl") else {},
            )  # fmt: skip
            yield Case(f"{compression} {tiled=} {planar=}", data, rgb8, None)
        for photometric, color in (("rgb", rgb8), ("ycbcr", rgb8), ("minisblack", rgb8[..., 0])):
            if planar and photometric == "ycbcr":
                continue
            one = color if not planar or color.ndim == 2 else stored
            data = written(
                one, photometric=photometric, compression="jpeg", tile=tiled, planarconfig=how,
                compressionargs={"level": 100},
            )  # fmt: skip
            yield Case(
                f"jpeg {photometric} {tiled=} {planar=}", data, tifffile_reads(data), None, 3
            )
    for turn, color in itertools.product(range(1, 9), (rgb8, rgb16, rgb8[..., 0], rgb16[..., 0])):
        data = written(color, extratags=[(274, "H", 1, turn, True)])
        yield Case(
            f"orientation {turn} {color.dtype} {color.ndim}", data, turned(color, turn), None
        )


def tifffile_reads(data: bytes) -> Array:
    """Pixels of the first page, by tifffile; planes last."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        array = page.asarray()
        return array.transpose(1, 2, 0) if page.axes == "SYX" else array


def turned(pixels: Array, turn: int) -> Array:
    """Return the picture with orientation ``turn`` applied, by its definition (TIFF 6.0, page 36).

    The tag says which side of the picture row 0 and column 0 of the file are.
    """
    row, column = {
        1: "TL", 2: "TR", 3: "BR", 4: "BL", 5: "LT", 6: "RT", 7: "RB", 8: "LB",
    }[turn]  # fmt: skip
    height, width = pixels.shape[:2]
    side = turn >= 5
    out = np.zeros((width, height, *pixels.shape[2:]) if side else pixels.shape, pixels.dtype)
    for y in range(height):
        for x in range(width):
            place = {}
            for value, where in ((y, row), (x, column)):
                axis = 0 if where in "TB" else 1
                place[axis] = value if where in "TL" else out.shape[axis] - 1 - value
            out[place[0], place[1]] = pixels[y, x]
    return out


def packed(
    values: Array,
    bits: int,
    white_is_zero: bool,
    order: str,
    tags: list[tuple[int, Any]] | None = None,
    photometric: int | None = None,
) -> bytes:
    """Return a gray or palette TIFF of one strip, with integers of any number of bits.

    Written here, number by number, as tifffile packs no such integers.
    """
    if bits == 16:
        rows = [row.astype(f"{order}u2").tobytes() for row in values]
    else:
        texts = ["".join(f"{int(value):0{bits}b}" for value in row) for row in values]
        texts = [text + "0" * (-len(text) % 8) for text in texts]
        rows = [int(text, 2).to_bytes(len(text) // 8, "big") for text in texts]
    strip = b"".join(rows)
    height, width = values.shape
    photometric = (not white_is_zero) if photometric is None else photometric
    entries: dict[int, Any] = {
        256: width, 257: height, 258: bits, 259: 1, 262: int(photometric), 273: 8, 277: 1,
        278: height, 279: len(strip), **dict(tags or []),
    }  # fmt: skip
    return classic(entries, strip, order)


def classic(entries: dict[int, Any], strip: bytes, order: str = "<") -> bytes:
    """Return a TIFF with one strip at byte 8 and integer tags of 16 or 32 bits."""
    name = "little" if order == "<" else "big"
    body = (b"II*\0" if order == "<" else b"MM\0*") + bytes(4) + strip
    body += bytes(len(body) % 2)
    directory, after = len(entries).to_bytes(2, name), b""
    end = len(body) + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        values = entries[tag] if isinstance(entries[tag], tuple) else (entries[tag],)
        size = 2 if tag == 320 else 4
        content = b"".join(int(value).to_bytes(size, name) for value in values)
        if len(content) > 4:
            place, after = end + len(after), after + content
            content = place.to_bytes(4, name)
        head = tag.to_bytes(2, name) + (3 if size == 2 else 4).to_bytes(2, name)
        directory += head + len(values).to_bytes(4, name) + content.ljust(4, b"\0")
    data = body + directory + bytes(4) + after
    return data[:4] + len(body).to_bytes(4, name) + data[8:]


def difference(case: Case) -> str:
    """Return the difference between our decoder and the truth: empty if equal, or "refused: …"."""
    from colortk.errors import PictureError
    from colortk.io.decode import decode

    try:
        picture = decode(case.data, "test")
    except PictureError as error:
        return f"refused: {error}"
    for what, ours, right in (
        ("pixels", picture.pixels, case.pixels),
        ("alpha", picture.alpha, case.alpha),
    ):
        if (ours is None) != (right is None):
            return f"{what} are {'missing' if ours is None else 'invented'}"
        if ours is None or right is None:
            continue
        if ours.shape != right.shape or ours.dtype != right.dtype:
            return f"{what} are {ours.shape} {ours.dtype}, not {right.shape} {right.dtype}"
        apart = np.abs(ours.astype(int) - right.astype(int))
        if apart.max() > case.tolerance:
            return f"{what} differ by up to {apart.max()}, {(apart > case.tolerance).mean():.1%}"
    return ""


def main() -> int:
    """Decode all files; print the number of each outcome, and every difference."""
    outcomes: Counter[str] = Counter()
    for case in itertools.chain(products(), others()):
        found = difference(case)
        kind = "equal" if not found else "refused" if found.startswith("refused") else "different"
        outcomes[kind] += 1
        if found:
            print(f"{case.name}: {found}")
    print(dict(outcomes))
    return int(outcomes["different"] > 0)


if __name__ == "__main__":
    sys.exit(main())
