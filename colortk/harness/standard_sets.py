"""The sets of pictures that papers on colorization score, so that a name means one set.

A set is recognized by the names of its files: their number, and the SHA-256 of the sorted names,
each followed by a line feed. The content of the files is not checked: publishers have published
no digests of single pictures, and users may have converted or scaled them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

#: Names of a set that a report lists.
MAX_NAMES = 5


@dataclass(frozen=True)
class StandardSet:
    """A set of pictures that papers use.

    Parameters
    ----------
    name : str
        Name for the command line.
    label : str
        Name in papers.
    count : int
        Number of pictures.
    names_sha256 : str
        SHA-256 (hex) of the sorted file names, each followed by a line feed; empty if not known.
    pattern : callable or None
        Name of picture k, from 1, if names are numbered.
    crop : str
        How papers prepare the pictures.
    source : str
        Where the facts are from.
    """

    name: str
    label: str
    count: int
    names_sha256: str
    pattern: Callable[[int], str] | None
    crop: str
    source: str

    @property
    def names(self) -> set[str] | None:
        """The names of the files, if they are numbered."""
        if self.pattern is None:
            return None
        return {self.pattern(k) for k in range(1, self.count + 1)}


def _imagenet(number: int) -> str:
    return f"ILSVRC2012_val_{number:08d}.JPEG"


def _ade(number: int) -> str:
    return f"ADE_val_{number:08d}.jpg"


_CROPS_DIFFER = (
    "papers differ: the middle square, or the whole picture squeezed to 256 × 256; state which"
)
#: The known sets, by name.
STANDARD_SETS = {
    item.name: item
    for item in (
        StandardSet(
            "imagenet-val5k", "ImageNet val5k", 5000,
            "fddf179692dd54869181f4325a1e28796b678152fdc2768e1acd8be9e5bf1912", _imagenet,
            "the middle square, scaled to 256 × 256",
            "the first 5,000 files of the validation set of ILSVRC 2012",
        ),
        StandardSet(
            "imagenet-val50k", "ImageNet val50k", 50000,
            "c212211fc64b53a65e24dea8698efd5a820b32d33bc6065776993462893e114d", _imagenet,
            _CROPS_DIFFER, "the validation set of ILSVRC 2012",
        ),
        StandardSet(
            "imagenet-ctest10k", "ImageNet ctest10k", 10000,
            "3e84359dcbf05c8ab41b1e8cfeed914792422c6f4c31fb2edef2d10d988f297e", None,
            _CROPS_DIFFER,
            "Larsson et al. 2016; names from lists/ctest10k.txt of github.com/AruniRC/colorizer-fcn"
            " (33ab4231)",
        ),
        StandardSet(
            "coco-stuff-val5k", "COCO-Stuff val5k", 5000,
            "09b3bbeda289610ec9fd4e4b5e6da32ec04f98a9a4111e99790de863be0f8f9e", None,
            "the whole picture, squeezed to 256 × 256",
            "val2017 of COCO, whose pictures COCO-Stuff annotates; names from coco/val2017.txt of"
            " github.com/arvijj/icam (5f04fdc9)",
        ),
        StandardSet(
            "ade20k-val", "ADE20K val", 2000,
            "ac50d04235c79ad20b9eb062ba255e90ad35950fef6fd34990dc4272d7c6db21", _ade,
            "the whole picture, squeezed to 256 × 256",
            "images/validation of ADEChallengeData2016, as its release describes it",
        ),
        StandardSet(
            "ncd", "NCD", 723, "", None, "the whole picture, its size kept",
            "Anwar et al. 2020 (github.com/saeed-anwar/ColorSurvey): 723 pictures in 20"
            " categories; their names are not published in text",
        ),
    )
}  # fmt: skip


def names_digest(names: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of sorted file names, each followed by a line feed."""
    text = "".join(f"{name}\n" for name in sorted(names))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def recognize(names: Iterable[str]) -> StandardSet | None:
    """Return the set that has exactly these file names; ``None`` if there is none."""
    found = [Path(name).name for name in names]
    candidates = [item for item in STANDARD_SETS.values() if item.count == len(found)]
    if not any(item.names_sha256 for item in candidates):
        return None
    digest = names_digest(found)
    return next((item for item in candidates if item.names_sha256 == digest), None)


@dataclass(frozen=True)
class SetCheck:
    """Whether pictures are a standard set.

    Parameters
    ----------
    name, label : str
        The set that they are compared with.
    matches : bool or None
        They have the names of the set; ``None`` if the names of the set are not known and the
        number agrees.
    expected, found : int
        Number of pictures of the set, and of those that were found.
    names_sha256, expected_sha256 : str
        Digest of the names that were found, and of the set's.
    missing, unexpected : list of str or None
        Some names that only the set has, and that only the folder has; ``None`` if the set's names
        are not known one by one.
    crop, source : str
        As of :class:`StandardSet`.
    """

    name: str
    label: str
    matches: bool | None
    expected: int
    found: int
    names_sha256: str
    expected_sha256: str
    missing: list[str] | None
    unexpected: list[str] | None
    crop: str
    source: str


def check_set(item: StandardSet, names: Iterable[str]) -> SetCheck:
    """Compare file names with those of a set."""
    found = [Path(name).name for name in names]
    digest = names_digest(found)
    matches: bool | None = digest == item.names_sha256
    if not item.names_sha256:
        matches = None if len(found) == item.count else False
    missing = unexpected = None
    known = item.names
    if known is not None:
        missing = sorted(known.difference(found))[:MAX_NAMES]
        unexpected = sorted(set(found) - known)[:MAX_NAMES]
    return SetCheck(
        item.name, item.label, matches, item.count, len(found), digest, item.names_sha256,
        missing, unexpected, item.crop, item.source,
    )  # fmt: skip


def likely_set(names: Iterable[str]) -> StandardSet | None:
    """Return the set that names belong to by their digest, else by form and number.

    ``None`` if they resemble no set.
    """
    found = [Path(name).name for name in names]
    exact = recognize(found)
    if exact is not None or not found:
        return exact
    overlaps = {
        item.name: len(known.intersection(found)) / len(known | set(found))
        for item in STANDARD_SETS.values()
        if (known := item.names) is not None
    }
    best = max(overlaps, key=lambda name: overlaps[name])
    return STANDARD_SETS[best] if overlaps[best] > 0.5 else None
