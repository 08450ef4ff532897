"""Remove properties that are wrong for the result from XMP packets; copy the rest unchanged.

A result is upright, has sRGB colors and its own size and preview. Properties that describe the
original and not the result, above all the orientation, are removed: a reader would rotate the
result again.

References
----------
ISO 16684-1 (XMP), parts 1 and 3: packets, properties, and extended XMP in JPEG.
"""

from __future__ import annotations

from collections.abc import Sequence

from colortk.io.jpeg_segments import MAX_SEGMENT_BYTES

#: Limits of a packet: bytes, elements and depth of nesting. A packet above them is dropped.
MAX_PACKET_BYTES, MAX_ELEMENTS, MAX_DEPTH = 4 << 20, 50_000, 64
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
_XMP, _PHOTOSHOP = "http://ns.adobe.com/xap/1.0/", "http://ns.adobe.com/photoshop/1.0/"
_NOTE, _DC = "http://ns.adobe.com/xmp/note/", "http://purl.org/dc/elements/1.1/"
_REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/"
#: Properties that describe the original's pixels, not the photograph.
_DROPPED = {
    (_TIFF, name)
    for name in (
        "Orientation", "ImageWidth", "ImageLength", "BitsPerSample", "Compression",
        "PhotometricInterpretation", "SamplesPerPixel", "PlanarConfiguration", "YCbCrSubSampling",
        "YCbCrPositioning", "YCbCrCoefficients", "TransferFunction", "WhitePoint",
        "PrimaryChromaticities", "ReferenceBlackWhite", "NativeDigest",
    )
} | {
    (_EXIF, "PixelXDimension"), (_EXIF, "PixelYDimension"), (_EXIF, "ColorSpace"),
    (_EXIF, "NativeDigest"), (_PHOTOSHOP, "ColorMode"), (_PHOTOSHOP, "ICCProfile"),
    (_XMP, "Thumbnails"), (_NOTE, "HasExtendedXMP"), (_DC, "format"),
}  # fmt: skip
#: Namespaces of second pictures behind the first (gain maps, depth, moving photographs).
_DROPPED_NAMESPACES = (
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.google.com/photos/",
    "http://ns.google.com/videos/",
)
#: Properties that a note quotes when a packet is lost.
_QUOTED = {
    (_DC, "title"): "title", (_DC, "description"): "description", (_DC, "creator"): "creator",
    (_DC, "rights"): "copyright", (_XMP, "CreateDate"): "date", (_PHOTOSHOP, "DateCreated"): "date",
    (_PHOTOSHOP, "Headline"): "headline", (_EXIF, "DateTimeOriginal"): "date",
}  # fmt: skip
_XMP_SIGNATURE = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"


_ESCAPES = {ord(c): f"&#{ord(c)};" for c in "&<>\r"}
#: White space in an attribute would be read as spaces.
_ATTRIBUTE_ESCAPES = _ESCAPES | {ord(c): f"&#{ord(c)};" for c in '"\t\n'}


class Unusable(ValueError):
    """A packet that cannot be kept. The message says why."""


def _qualified(name: str, scope: dict[str, str], attribute: bool) -> tuple[str, str]:
    prefix, colon, local = name.rpartition(":")
    if not colon and attribute:
        return "", local
    return scope.get(prefix, ""), local


class _Filter:
    """Copy a packet without properties that are wrong for the result.

    ``inner``: copy only the content of rdf:RDF, with the namespaces that it needs.
    ``insert``: text to put at the end of rdf:RDF.
    """

    def __init__(self, inner: bool, insert: str, turned: bool) -> None:
        self._inner, self._insert, self._turned = inner, insert, turned
        self._scopes: list[dict[str, str]] = [{"xml": "http://www.w3.org/XML/1998/namespace"}]
        self._names: list[tuple[str, str]] = []
        self._out: list[str] = []
        self._skipping = 0
        self._elements = 0
        self._text: list[tuple[str, int, list[str]]] = []
        self.quoted: dict[str, str] = {}
        self.has_rdf = False

    def run(self, packet: bytes) -> str:
        from xml.parsers import expat  # not for pictures without XMP

        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(packet, True)
        except expat.ExpatError as error:
            raise Unusable(f"it is no XML: {error}") from None
        return "".join(self._out)

    def _doctype(self, *_: object) -> None:
        raise Unusable("it declares a document type")

    def _dropped(self, name: tuple[str, str]) -> bool:
        return (
            name in _DROPPED
            or name[0].startswith(_DROPPED_NAMESPACES)
            or (self._turned and name == (_REGIONS, "Regions"))
        )

    @property
    def _copying(self) -> bool:
        return not self._skipping and (not self._inner or (_RDF, "RDF") in self._names)

    def _start(self, name: str, attributes: list[str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._scopes) > MAX_DEPTH:
            raise Unusable("it has more elements, or deeper ones, than a description needs")
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        declared = {
            key.partition(":")[2]: value
            for key, value in pairs
            if key == "xmlns" or key.startswith("xmlns:")
        }
        scope = self._scopes[-1] | declared
        qualified = _qualified(name, scope, False)
        copying = self._copying
        top = copying and self._inner and self._names[-1] == (_RDF, "RDF")
        self._scopes.append(scope)
        self._names.append(qualified)
        self.has_rdf |= qualified == (_RDF, "RDF")
        if self._skipping or self._dropped(qualified):
            self._skipping += 1
            return
        if qualified in _QUOTED:
            self._text.append((_QUOTED[qualified], len(self._names), []))
        if not copying:
            return
        attributes_kept = []
        for key, value in pairs:
            if key == "xmlns" or key.startswith("xmlns:"):
                attributes_kept.append((key, value))
                continue
            attribute = _qualified(key, scope, True)
            if attribute in _QUOTED:
                self.quoted.setdefault(_QUOTED[attribute], value)
            if not self._dropped(attribute):
                attributes_kept.append((key, value))
        if top:
            missing = {k: v for k, v in scope.items() if k not in declared and k != "xml"}
            attributes_kept += [
                (f"xmlns:{key}" if key else "xmlns", value) for key, value in missing.items()
            ]
        self._out.append(f"<{name}")
        self._out += [
            f' {key}="{value.translate(_ATTRIBUTE_ESCAPES)}"' for key, value in attributes_kept
        ]
        self._out.append(">")

    def _end(self, name: str) -> None:
        if self._text and self._text[-1][1] == len(self._names):
            kind, _, parts = self._text.pop()
            if text := " ".join("".join(parts).split()):
                self.quoted.setdefault(kind, text)
        qualified = self._names.pop()
        self._scopes.pop()
        if self._skipping:
            self._skipping -= 1
        elif self._copying:
            if qualified == (_RDF, "RDF"):
                self._out.append(self._insert)
            self._out.append(f"</{name}>")

    def _characters(self, text: str) -> None:
        for _, _, parts in self._text:
            parts.append(text)
        if self._copying and self._names:
            self._out.append(text.translate(_ESCAPES))


def clean(
    packet: bytes, extension: bytes = b"", turned: bool = False
) -> tuple[bytes, dict[str, str]]:
    """Return a packet that is valid for the result, and the values to quote when it is lost.

    Parameters
    ----------
    packet : bytes
        XMP in UTF-8 or UTF-16, with or without its wrapper.
    extension : bytes
        Extended XMP of a JPEG, which is merged into the packet.
    turned : bool
        The result was rotated or mirrored: regions (faces) of the original are removed.

    Returns
    -------
    bytes
        The packet in UTF-8, without padding.
    dict of str to str
        Title, date, creator and the like.

    Raises
    ------
    Unusable
        It is too large, or no XMP, or declares entities.
    """
    if len(packet) + len(extension) > MAX_PACKET_BYTES:
        raise Unusable(f"it has over {MAX_PACKET_BYTES:,} bytes")
    insert, quoted = "", {}
    if extension:
        inner = _Filter(True, "", turned)
        insert, quoted = inner.run(_bare(extension)), inner.quoted
    outer = _Filter(False, insert, turned)
    text = outer.run(_bare(packet))
    if not outer.has_rdf and not text.startswith("<x:xmpmeta"):
        raise Unusable("it describes nothing")
    wrapped = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        + text
        + '\n<?xpacket end="w"?>'
    )
    return wrapped.encode(), {**quoted, **outer.quoted}


def _bare(packet: bytes) -> bytes:
    """Return a packet without the zeros and spaces that some programs add."""
    return (
        packet.strip(b" \t\r\n")
        if packet[:2] in (b"\xff\xfe", b"\xfe\xff")
        else (packet.strip(b"\0 \t\r\n"))
    )


def from_segments(parts: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the packet and the extended XMP of a JPEG from the contents of its APP1 segments."""
    packet = next(
        (part[len(_XMP_SIGNATURE) :] for part in parts if part.startswith(_XMP_SIGNATURE)), b""
    )
    pieces: dict[bytes, dict[int, bytes]] = {}
    for part in parts:
        if part.startswith(_EXTENSION) and len(part) > len(_EXTENSION) + 40:
            head = part[len(_EXTENSION) : len(_EXTENSION) + 40]
            offset = int.from_bytes(head[36:40], "big")
            pieces.setdefault(head[:32], {})[offset] = part[len(_EXTENSION) + 40 :]
    for digest, by_offset in pieces.items():
        extension = b"".join(content for _, content in sorted(by_offset.items()))
        import hashlib

        # A packet names its extension by this digest; another one is a leftover of some program.
        if digest in packet and hashlib.md5(extension).hexdigest().upper().encode() == digest:
            return packet, extension
    return packet, b""


def to_segments(packet: bytes) -> list[bytes]:
    """Return the contents of the APP1 segments that hold ``packet`` in a JPEG."""
    if len(_XMP_SIGNATURE) + len(packet) <= MAX_SEGMENT_BYTES:
        return [_XMP_SIGNATURE + packet]
    import hashlib

    extension = packet[packet.index(b"?>") + 2 : packet.rindex(b"<?xpacket")].strip()
    digest = hashlib.md5(extension).hexdigest().upper().encode()
    first = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="' + _RDF + '">'
        '<rdf:Description rdf:about="" xmlns:xmpNote="' + _NOTE + '" xmpNote:HasExtendedXMP="'
        + digest.decode() + '"/></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    )  # fmt: skip
    size = MAX_SEGMENT_BYTES - len(_EXTENSION) - 40
    parts = [
        _EXTENSION + digest + len(extension).to_bytes(4, "big") + offset.to_bytes(4, "big")
        + extension[offset : offset + size]
        for offset in range(0, len(extension), size)
    ]  # fmt: skip
    return [_XMP_SIGNATURE + first.encode(), *parts]
