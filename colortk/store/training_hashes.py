"""Hashes of the pictures that a plugin was trained on, in a compact file beside its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.errors import ArtifactError
from colortk.store import reading
from colortk.store.artifact_folder import ArtifactFolder
from colortk.store.artifact_manifest import manifest_of

#: Name of the file, and of its entry in the manifest. The file is no artifact: it does not change
#: the digest of the weights.
FILE, ENTRY = "training.hashes", "training_hashes"
_TYPE = np.dtype("<u8")


@dataclass(frozen=True)
class TrainingHashes:
    """What a plugin was trained on.

    Parameters
    ----------
    values : frozenset of int
        64-bit difference hashes, see :func:`colortk.io.difference_hash.difference_hash`.
    complete : bool
        False if the plugin has seen other pictures, too, which nobody lists: its encoder was
        pretrained, or it began from other weights or learned from another plugin.
    """

    values: frozenset[int]
    complete: bool


def packed_hashes(values: Iterable[int]) -> bytes:
    """Return the content of the file: each hash once, sorted, 8 bytes each, little-endian."""
    return np.array(sorted(set(values)), _TYPE).tobytes()


def manifest_entry(content: bytes, complete: bool) -> dict[str, Any]:
    """Return the entry of the manifest for the content of the file."""
    return {
        "file": FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "pictures": len(content) // _TYPE.itemsize,
        "complete": complete,
    }


def read_training_hashes(artifacts: ArtifactFolder) -> TrainingHashes | None:
    """Return what the manifest beside weights says; ``None`` if it says nothing.

    Raises
    ------
    ArtifactError
        If the manifest or the file is damaged, or the file is missing.
    """
    if not artifacts.artifacts:  # nothing was trained
        return TrainingHashes(frozenset(), True)
    if artifacts.foreign:
        return None
    entry = manifest_of(artifacts.folder, artifacts.plugin).get(ENTRY)
    if entry is None:
        return None
    problem = f"the hashes of training pictures of plugin '{artifacts.plugin}' cannot be used"
    try:
        if entry["file"] != FILE or not isinstance(entry["complete"], bool):
            raise ValueError(f"the manifest names '{entry['file']}'")
        content = reading.content(artifacts.folder / FILE)
        if hashlib.sha256(content).hexdigest() != entry["sha256"] or len(content) % _TYPE.itemsize:
            raise ValueError(f"the SHA-256 of {FILE} differs from the one in the manifest")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(problem, str(error), "reinstall the plugin or train it again") from None
    values = frozenset(int(value) for value in np.frombuffer(content, _TYPE))
    return TrainingHashes(values, entry["complete"])
