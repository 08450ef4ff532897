"""A digest of the colors that a user set, for the key of a journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from colortk.batch.inputs import InputItem
from colortk.guidance.options import GuidanceOptions
from colortk.guidance.sidecars import hints_sidecar, strokes_sidecar
from colortk.runtime.plain_data import to_plain


def guidance_key(guidance: GuidanceOptions | None, items: Sequence[InputItem]) -> str:
    """Return a digest of hints, masks and the files beside the pictures.

    A change of any file changes it, so that ``--resume`` colorizes the pictures again.

    Parameters
    ----------
    guidance : GuidanceOptions or None
    items : sequence of InputItem
        The pictures.

    Returns
    -------
    str
        SHA-256 (hex); empty without guidance.
    """
    if guidance is None:
        return ""
    digest = hashlib.sha256(json.dumps(to_plain(guidance), sort_keys=True).encode())
    for path in _files(guidance, items):
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:  # reported when the picture is colorized
            digest.update(str(error.errno).encode())
    return digest.hexdigest()


def _files(guidance: GuidanceOptions, items: Sequence[InputItem]) -> Iterable[Path]:
    yield from filter(None, (guidance.scribbles, guidance.mask))
    if guidance.sidecars:
        for item in items:
            path = Path(item.name)
            yield from filter(None, (hints_sidecar(path), strokes_sidecar(path)))
