"""Which scored pictures a plugin has seen in its training."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from colortk.errors import PictureError
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.results import Results
from colortk.harness.sources import Source
from colortk.io.bit_depth import to_rgb8
from colortk.io.decode import decode
from colortk.io.difference_hash import SortedHashes, difference_hash
from colortk.plugin.registry import registry
from colortk.store.artifacts import artifacts_of
from colortk.store.training_hashes import TrainingHashes, read_training_hashes

#: Bits in which the hashes of copies of a picture differ at most.
RADIUS = 2
#: Pictures that are decoded at a time.
_PARTS = 64


def training_hashes(variants: Iterable[PluginVariant]) -> dict[str, TrainingHashes | None]:
    """Return what each plugin was trained on, by label; ``None`` where it is unknown."""
    found = {}
    for variant in variants:
        spec = registry().colorizer(variant.request.plugin)[1]
        found[variant.label] = read_training_hashes(artifacts_of(spec, variant.request.weights))
    return found


def hash_sources(
    sources: Sequence[Source], results: Results, advance: Callable[[int], None] = lambda n: None
) -> dict[str, int]:
    """Return the difference hash of each picture that can be read, by SHA-256 of its file.

    Hashes are stored, so that each picture is decoded once.
    """
    hashes = results.difference_hashes()
    wanted = {source.picture for source in sources}
    new = [source for source in sources if source.picture not in hashes]
    advance(len(sources) - len(new))
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for first in range(0, len(new), _PARTS):
            part = new[first : first + _PARTS]
            values = dict(zip((s.picture for s in part), pool.map(_hash, part), strict=True))
            fresh = {picture: value for picture, value in values.items() if value is not None}
            results.add_difference_hashes(fresh)
            hashes |= fresh
            advance(len(part))
    return {picture: value for picture, value in hashes.items() if picture in wanted}


def _hash(source: Source) -> int | None:
    """Return the hash of the whole picture, as ``datasets pack`` computes it, before any crop."""
    try:
        return difference_hash(to_rgb8(decode(source.read(), source.name).pixels))
    except PictureError:  # scoring the picture reports the error
        return None


def seen_pictures(
    trained: Mapping[str, TrainingHashes | None], hashes: Mapping[str, int]
) -> dict[str, set[str]]:
    """Return the pictures that each plugin has seen, by label.

    Parameters
    ----------
    trained : mapping
        What each plugin was trained on; see :func:`training_hashes`.
    hashes : mapping of str to int
        Hash of each picture, by SHA-256 of its file.
    """
    seen: dict[str, set[str]] = {}
    for label, training in trained.items():
        index = SortedHashes(training.values if training is not None else (), RADIUS)
        seen[label] = {picture for picture, value in hashes.items() if value in index}
    return seen
