"""Read weights in ``.npz`` files: arrays of numbers only, with a limit on their size."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.errors import ArtifactError

#: Most bytes of all arrays. A zip file can unpack to a thousand times its size.
MAX_UNPACKED_BYTES = 2**30


def read_npz(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """Return all arrays of an ``.npz`` file. Nothing is unpickled.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        Name of the file in error messages.

    Returns
    -------
    dict of str to array
        Numeric arrays by name.

    Raises
    ------
    ArtifactError
        If the file is damaged, too large, or holds anything but numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise ValueError(f"unpacked it would have {size:,} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        for key, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
                raise ValueError(f"'{key}' is not an array of numbers")
        return arrays
    except Exception as error:  # zip files and NumPy's headers fail in many ways
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ArtifactError(
            f"the weights '{name}' cannot be read", reason, "reinstall the plugin or train it again"
        ) from error
