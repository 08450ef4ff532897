"""Recognize unsupported kinds of files, such as camera raw, by their content.

The error message names the kind and a command that converts the file. HEIC and JPEG XL are read if
the extra ``formats`` is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Pillow's name of a format, to the module that adds it to Pillow.
PLUGINS = {"HEIF": "pillow_heif", "JXL": "pillow_jxl"}
#: Endings of their files.
ENDINGS = {"HEIF": (".heic", ".heif", ".hif"), "JXL": (".jxl",)}
_INSTALL = "install colortk with its extra 'formats'"
_RAW = "convert it: darktable-cli {file} OUT.tif"
_FILM = "use colortk video {file} -o OUT.mp4"
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
#: Tags of camera raw: color filter array data, or a DNG.
_PHOTOMETRIC, _COMPRESSION, _DNG_VERSION = 262, 259, 50706
_RAW_PHOTOMETRIC, _RAW_COMPRESSION = {32803, 34892}, {32767, 34713, 65535}


@dataclass(frozen=True)
class FileKind:
    """A kind of file that is not read.

    Parameters
    ----------
    name : str
        Its name with the article, such as "a Photoshop document".
    hint : str
        A line that tells the user what to do; ``{file}`` stands for the name of the file.
    plugin : str
        Pillow's name of the format, if a plugin can add it.
    """

    name: str
    hint: str
    plugin: str = ""

    def advice(self, name: str) -> str:
        """Return the hint for the file ``name``."""
        import shlex  # not for pictures that are read

        return self.hint.format(file=shlex.quote(name))


_HEIC = FileKind(
    "a HEIC or HEIF picture", f"{_INSTALL}, or convert it: heif-convert {{file}} OUT.png", "HEIF"
)
_JXL = FileKind("a JPEG XL picture", f"{_INSTALL}, or convert it: djxl {{file}} OUT.png", "JXL")
_PSD = FileKind("a Photoshop document", "convert it: magick {file}[0] OUT.tif")
_SVG = FileKind("an SVG drawing", "convert it: rsvg-convert {file} -o OUT.png")
_PDF = FileKind(
    "a PDF document", "take its scans out: pdfimages -all {file} OUT, or draw its pages: "
    "pdftoppm -r 300 -png {file} OUT"
)  # fmt: skip
_EPS = FileKind(
    "a PostScript file", "convert it: gs -dSAFER -r300 -sDEVICE=png16m -o OUT.png {file}"
)
_XCF = FileKind("a GIMP document", "export it as PNG or TIFF in GIMP")
_ZIP = FileKind("a ZIP archive", "unpack it first")
_HTML = FileKind("a web page", "download the picture itself")
_OTHER = "convert it: magick {file} OUT.png"

#: First bytes of files whose kind these bytes tell.
_BEGINNINGS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\xff\x0a", _JXL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JXL),
    (b"8BPS", _PSD),
    (b"gimp xcf", _XCF),
    (b"%!PS", _EPS),
    (b"\xc5\xd0\xd3\xc6", _EPS),
    (b"IIU\0", FileKind("a camera raw file (Panasonic RW2)", _RAW)),
    (b"IIRO", FileKind("a camera raw file (Olympus ORF)", _RAW)),
    (b"IIRS", FileKind("a camera raw file (Olympus ORF)", _RAW)),
    (b"MMOR", FileKind("a camera raw file (Olympus ORF)", _RAW)),
    (b"FUJIFILMCCD-RAW", FileKind("a camera raw file (Fujifilm RAF)", _RAW)),
    (b"\0MRM", FileKind("a camera raw file (Minolta MRW)", _RAW)),
    (b"FOVb", FileKind("a camera raw file (Sigma X3F)", _RAW)),
    (b"II\x1a\0\0\0HEAPCCDR", FileKind("a camera raw file (Canon CRW)", _RAW)),
    (b"\x1aE\xdf\xa3", FileKind("a film (Matroska or WebM)", _FILM)),
    (b"FLV\1", FileKind("a film (Flash)", _FILM)),
    (b"OggS", FileKind("a film (Ogg)", _FILM)),
    (b"0&\xb2u\x8ef\xcf\x11", FileKind("a film (Windows Media)", _FILM)),
    (b"\0\0\1\xba", FileKind("a film (MPEG)", _FILM)),
    (b"\0\0\1\xb3", FileKind("a film (MPEG)", _FILM)),
    (
        b"II\xbc\x01",
        FileKind("a JPEG XR picture", "convert it: JxrDecApp -i {file} -o OUT.tif"),
    ),
    (b"v/1\x01", FileKind("an OpenEXR picture", _OTHER)),
    (b"#?RADIANCE", FileKind("a Radiance HDR picture", _OTHER)),
    (b"SIMPLE  =", FileKind("a FITS file", _OTHER)),
    (
        b"AT&TFORM",
        FileKind("a DjVu document", "convert it: ddjvu -format=tiff {file} OUT.tif"),
    ),
    (b"PK\3\4", _ZIP),
    (
        b"version https://git-lfs",
        FileKind("a pointer of Git LFS", "fetch the file: git lfs pull"),
    ),
)
_MARKUP = (
    rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE\s+svg[^>\[]*(?:\[[^\]]*\])?>|\s)*+<(?:\w+:)?svg[\s>]"
)


def unsupported_format(data: bytes) -> FileKind | None:
    """Return the unsupported kind of file that ``data`` is, recognized by its content.

    Parameters
    ----------
    data : bytes
        The whole file: the tags of camera raw can lie anywhere in it.

    Returns
    -------
    FileKind or None
        ``None`` for pictures, and for unknown content.
    """
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return FileKind("a film (AVI)", _FILM)
    return _of_tiff(data) if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else None


def likely_format(data: bytes) -> FileKind | None:
    """Return the likely kind of ``data``, which is known not to be a picture."""
    if data[:1] == b"G" and data[188:189] == b"G" and data[376:377] == b"G":
        return FileKind("a film (MPEG)", _FILM)
    if data[128:132] == b"DICM":
        return FileKind("a DICOM file", "convert it: dcm2img {file} OUT.png")
    if b"%PDF-" in data[:1024]:
        return _PDF
    return _of_text(data[:4096])


def _of_brands(data: bytes) -> FileKind | None:
    """Identify a file of the ISO base media format by its brands: HEIC, camera raw or film."""
    size = int.from_bytes(data[:4], "big")
    brands = {data[8:12], *(data[offset : offset + 4] for offset in range(16, min(size, 256), 4))}
    if data[8:12] == b"crx ":
        return FileKind("a camera raw file (Canon CR3)", _RAW)
    if data[8:12] == b"jxl ":
        return _JXL
    if brands & _AVIF_BRANDS:
        return None
    return _HEIC if brands & _HEIC_BRANDS else FileKind("a film (MP4 or QuickTime)", _FILM)


def _of_tiff(data: bytes) -> FileKind | None:
    """Identify camera raw in a TIFF. Its first picture is only a thumbnail."""
    from colortk.io import tiff_tags

    if data[8:10] == b"CR":
        return FileKind("a camera raw file (Canon CR2)", _RAW)
    directories = tiff_tags.read_directories(data, (_PHOTOMETRIC, _COMPRESSION, _DNG_VERSION))
    for values in directories:
        if _DNG_VERSION in values:
            return FileKind("a camera raw file (DNG)", _RAW)
        if _first(values, _PHOTOMETRIC) in _RAW_PHOTOMETRIC or (
            _first(values, _COMPRESSION) in _RAW_COMPRESSION
        ):
            return FileKind("a camera raw file", _RAW)
    return None


def _first(values: Mapping[int, Sequence[int]], tag: int) -> int | None:
    value = values.get(tag)
    return value[0] if value else None


def _of_text(head: bytes) -> FileKind | None:
    head = head.removeprefix(b"\xef\xbb\xbf")
    if re.match(_MARKUP, head, re.DOTALL):
        return _SVG
    if head[:2] == b"\x1f\x8b":
        return FileKind("a gzip file (an SVGZ drawing, perhaps)", "unpack it first: gunzip {file}")
    if re.match(rb"\s*<(?:!doctype\s+html|html)[\s>]", head, re.I):
        return _HTML
    return None


def add_plugin(kind: FileKind) -> bool:
    """Let Pillow read ``kind`` through its plugin; return whether it can."""
    module = PLUGINS.get(kind.plugin)
    if module is None or importlib.util.find_spec(module) is None:
        return False
    try:
        plugin = importlib.import_module(module)
    except ImportError:  # its library is missing or too old
        return False
    if kind.plugin == "HEIF":
        plugin.register_heif_opener(thumbnails=False)
    return True


def plugin_endings() -> set[str]:
    """Return the endings of files that the installed plugins read, each with its dot."""
    usable = (name for name, module in PLUGINS.items() if importlib.util.find_spec(module))
    return {ending for name in usable for ending in ENDINGS[name]}
