"""Valid files that the fuzzer mutates: a photograph in many formats, records and weights."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import zlib
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageCms, features

from colortk.io.samples import photographs
from colortk.store.pickles import dumps


@cache
def seeds() -> dict[str, bytes]:
    """Return content by name; the part before the colon names the reader."""
    found = {f"picture:{name}": data for name, data in _pictures().items()}
    found |= {f"pickle:{name}": data for name, data in _pickles().items()}
    found |= {"network:convolution": _network(), "weights:mean": _weights()}
    found |= {"manifest:artifacts": _manifest()}
    return found


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _pictures() -> dict[str, bytes]:
    with Image.open(photographs()["china.jpg"]) as image:
        rgb = image.convert("RGB").resize((72, 48))
    gray, alpha = rgb.convert("L"), rgb.copy()
    alpha.putalpha(gray)
    wide = np.asarray(rgb)[..., ::-1].astype(np.uint16) * 257
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x8825] = "Camera", 6, {1: "N", 2: (48.0, 8.0, 24.5)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    many = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    found = {
        "jpeg": _saved(rgb, "JPEG", exif=exif, icc_profile=profile, dpi=(300, 300)),
        "progressive": _saved(rgb, "JPEG", progressive=True, quality=60),
        "cmyk": _saved(rgb.convert("CMYK"), "JPEG", quality=60),
        "png": _saved(rgb, "PNG", exif=exif, icc_profile=profile, dpi=(72, 72)),
        "png alpha": _saved(alpha, "PNG"),
        "png palette": _saved(rgb.quantize(64), "PNG", transparency=3),
        "png 16": cv2.imencode(".png", wide)[1].tobytes(),
        "png gray 16": _saved(Image.fromarray(wide[..., 1]), "PNG", icc_profile=profile),
        "png interlaced": _interlaced(np.asarray(gray)),
        "tiff": _saved(rgb, "TIFF", exif=exif.tobytes(), icc_profile=profile),
        "tiff lzw": _saved(rgb, "TIFF", compression="tiff_lzw", **many),
        "tiff jpeg": _saved(rgb, "TIFF", compression="jpeg"),
        "tiff deflate": _saved(alpha, "TIFF", compression="tiff_adobe_deflate"),
        "tiff tiles": _saved(rgb, "TIFF", compression="raw", tiffinfo={322: 16, 323: 16}),
        "tiff 16": cv2.imencode(".tiff", wide)[1].tobytes(),
        "tiff gray 16": _saved(Image.fromarray(wide[..., 1]), "TIFF"),
        "webp": _saved(rgb, "WEBP", quality=70, exif=exif, icc_profile=profile),
        "webp lossless": _saved(alpha, "WEBP", lossless=True),
        "gif": _saved(rgb.quantize(32), "GIF", save_all=True, append_images=[rgb.quantize(16)]),
        "bmp": _saved(rgb, "BMP"),
        "ppm": _saved(rgb, "PPM"),
        "pgm": _saved(gray, "PPM"),
        "pgm 16": b"P5\n72 48\n1023\n" + (wide[..., 1] >> 6).astype(">u2").tobytes(),
        "ppm text": b"P2\n8 4\n255\n" + b" ".join(b"%d" % (7 * n) for n in range(32)) + b"\n",
        "tga": _saved(rgb, "TGA", compression="tga_rle"),
        "pcx": _saved(rgb, "PCX"),
        "sgi": _saved(rgb, "SGI"),
    }
    found |= _tiffs(np.asarray(alpha), wide)
    if features.check("jpg_2000"):
        found["jpeg2000"] = _saved(rgb, "JPEG2000", quality_mode="dB", quality_layers=[35])
    if features.check("avif"):
        found["avif"] = _saved(rgb, "AVIF", quality=50, exif=exif)
    return found


def _tiffs(rgba: np.ndarray, wide: np.ndarray) -> dict[str, bytes]:
    """Return layouts that Pillow does not write; empty without tifffile and its codecs."""
    try:
        import imagecodecs  # noqa: F401  by which tifffile compresses
        import tifffile
    except ImportError:
        return {}
    rgb, gray = np.ascontiguousarray(rgba[..., :3]), wide[..., 1]
    planes = np.ascontiguousarray(wide.transpose(2, 0, 1))
    bits = Image.fromarray(gray > 30000)
    kinds: dict[str, tuple[np.ndarray, dict[str, object]]] = {
        "planar 16": (planes, {"photometric": "rgb", "planarconfig": "separate"}),
        "planar lzw tiles": (
            planes,
            {"photometric": "rgb", "planarconfig": "separate", "compression": "lzw",
             "predictor": True, "tile": (16, 32), "byteorder": ">"},
        ),
        "big": (rgb, {"photometric": "rgb", "bigtiff": True, "compression": "deflate"}),
        "big tiles": (gray, {"bigtiff": True, "byteorder": ">", "tile": (16, 16)}),
        "premultiplied": (rgba, {"photometric": "rgb", "extrasamples": ["assocalpha"]}),
        "white is zero": (gray, {"photometric": "miniswhite", "byteorder": ">"}),
        "float": (
            (wide / 65535).astype(np.float32),
            {"photometric": "rgb", "compression": "deflate", "predictor": 3},
        ),
        "jpeg tiles": (rgb, {"photometric": "ycbcr", "compression": "jpeg", "tile": (16, 32)}),
        "packbits": (rgb, {"photometric": "rgb", "compression": "packbits", "rowsperstrip": 5}),
        "lzma": (rgb, {"photometric": "rgb", "compression": "lzma"}),
        "cmyk": (rgba, {"photometric": "separated", "rowsperstrip": 9}),
    }  # fmt: skip
    found = {"tiff fax": _saved(bits, "TIFF", compression="group4")}
    for name, (array, options) in kinds.items():
        out = io.BytesIO()
        tifffile.imwrite(out, array, metadata=None, **options)  # type: ignore[arg-type]
        found[f"tiff {name}"] = out.getvalue()
    return found


def _interlaced(gray: np.ndarray) -> bytes:
    """A gray PNG in Adam7's seven passes, which Pillow does not write."""
    lines = []
    for top, left, down, right in (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
    ):  # fmt: skip
        lines += [b"\0" + line.tobytes() for line in gray[top::down, left::right]]

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + check

    height, width = gray.shape
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 1])
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def _pickles() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    record = dumps(
        {
            "sift": rng.integers(0, 255, (9, 128), dtype=np.uint8),
            "a": rng.normal(size=(8, 12)).astype(np.float16),
            "b": rng.normal(size=(2, 2, 2, 2)),
        }
    )
    of_numpy = pickle.dumps({"a": np.ones((3, 2), np.float32)}, protocol=2)
    return {
        "record": record,
        "of numpy": of_numpy,
        "gzip": gzip.compress(record, mtime=0),
        "bz2": bz2.compress(record),
        "lzma": lzma.compress(record),
        "zlib": zlib.compress(of_numpy),
    }


def _field(number: int, content: bytes | int) -> bytes:
    """Return a protobuf field of fewer than 128 bytes."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    assert len(content) < 16384
    return bytes([number << 3 | 2, len(content) & 127 | 128, len(content) >> 7]) + content


def _network() -> bytes:
    """ONNX of one convolution of 1 × 1 from one channel to two, written without ONNX."""

    def value(name: bytes, channels: int) -> bytes:
        sides = (_field(2, b"N"), _field(1, channels), _field(2, b"H"), _field(2, b"W"))
        shape = b"".join(_field(1, side) for side in sides)
        return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))

    raw = np.array([0.25, 0.5], np.float32).tobytes()
    sizes = b"".join(_field(1, size) for size in (2, 1, 1, 1))
    kernel = sizes + _field(2, 1) + _field(8, b"kernel") + _field(9, raw)
    node = _field(1, b"input") + _field(1, b"kernel") + _field(2, b"output") + _field(4, b"Conv")
    graph = _field(1, node) + _field(2, b"tiny") + _field(5, kernel)
    graph += _field(11, value(b"input", 1)) + _field(12, value(b"output", 2))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 17))


def _weights() -> bytes:
    out = io.BytesIO()
    np.savez(out, ab=np.array([1.5, 2.5], np.float32))
    return out.getvalue()


def _manifest() -> bytes:
    rows = {f"{name}.npz": {"sha256": 64 * "0", "bytes": 12} for name in "ab"}
    return json.dumps({"artifacts": rows, "parameters": 3, "command": "colortk fit"}).encode()
