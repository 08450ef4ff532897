"""Weights in ``.npz``: numbers alone, and no more of them than a machine can hold."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.errors import ArtifactError

#: Bytes of all arrays. A zip of 1 MB can say, and unpack to, a thousand times as much.
MOST = 2**30


def read_npz(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` file, by name; ``name`` is what a message calls it.

    Nothing is unpickled. Raises ``ArtifactError``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST:
            raise ValueError(f"unpacked it would have {size:,} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            found = {key: stored[key] for key in stored.files}
        for key, array in found.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
                raise ValueError(f"'{key}' is no array of numbers")
        return found
    except Exception as error:  # zip files and NumPy's headers fail in many ways
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ArtifactError(
            f"the weights '{name}' cannot be read", why, "reinstall the plugin or train it again"
        ) from error
