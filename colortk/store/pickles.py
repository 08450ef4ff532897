"""The store of pickled intermediates of the ``sift_mlp`` paper. Only this module unpickles.

Training keeps the SIFT features, luminance, A and B of each picture; testing keeps the predicted A
and B. A record is a pickle of a dict of arrays, beside a manifest with its SHA-256. Its name is a
digest of the values that it was computed from. Before a record is unpickled, its digest and its
operations are checked. An array is pickled as the name of its type, its shape and its bytes, so
that the unpickler needs to look up no names. It refuses any name that a planted pickle asks for,
and runs none of its code. (Even NumPy's ``dtype`` would be too much: its ``__setstate__`` can be
made to read an attacker's bytes as pointers to objects.)

This module also reads pretrained weights that others have pickled: with NumPy, if the digest of the
file is known in our code, and with PyTorch's own restricted reader.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.errors import ArtifactError, PictureError
from colortk.io.files import write_atomic
from colortk.io.regular_files import open_regular, read_regular
from colortk.store import pickle_check, reading

Arrays = dict[str, NDArray[Any]]

#: The (module, name) pairs that may be looked up. None is needed.
ALLOWED: frozenset[tuple[str, str]] = frozenset()
#: The pairs that NumPy's own pickles of arrays look up, in files of others with known digests.
_NUMPY = frozenset(
    {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    }
)
#: Version of the layout of a record; part of every key.
RECORD_FORMAT = "2"
_DTYPES = frozenset(
    {"uint8", "uint16", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool"}
)


class _DataOnly(pickle.Unpickler):
    """An unpickler that refuses all names that are not in :data:`ALLOWED`."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it asks for a persistent object")


class _KnownArrays(_DataOnly):
    """An unpickler for NumPy's own pickles of arrays. Unsafe for files that are not known."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NUMPY:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        # NumPy 2 warns of the old name, and NumPy 1.26 has the new name, too.
        return pickle.Unpickler.find_class(self, module.replace(".core.", "._core."), name)


def read_known_pickle(path: Path, digest: str) -> Any:
    """Unpickle a file of NumPy arrays from others, of which exactly one version is known.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        Its SHA-256 in hexadecimal. Write it in the code; never read it from beside the file.

    Raises
    ------
    ArtifactError
        If the content of the file has another digest.
    OSError
        If the file cannot be read.
    """
    data = read_regular(path)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ArtifactError(
            f"the pickle '{path}' is not trusted",
            "its SHA-256 differs from the known one",
            "only the original file is accepted",
        )
    return _KnownArrays(io.BytesIO(data)).load()


def read_state_dict(path: Path) -> Arrays:
    """Return the tensors of a PyTorch state dict as arrays by name.

    PyTorch must be installed. It unpickles with its own list of allowed names (``weights_only``).
    """
    import torch

    stored = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.detach().float().numpy() for name, tensor in stored.items()}


def read_onnx_weights(path: Path) -> Arrays:
    """Return the weights of a network that PyTorch exported as ONNX, by PyTorch's names.

    The exporter merges batch normalization into the convolution before it. The bias of such a
    convolution, which is not a parameter of the layer, is called ``NAME.bias``, beside
    ``NAME.weight``. The package onnx must be installed. It refuses weights in other folders.
    """
    import onnx

    graph = onnx.load(path).graph
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3:
            weights[f"{node.input[1].removesuffix('.weight')}.bias"] = weights[node.input[2]]
    return weights


def read_pretrained(path: Path) -> Arrays:
    """Return pretrained weights by name.

    Parameters
    ----------
    path : Path
        An ``.npz`` or ``.onnx`` file, or else a PyTorch state dict.

    Returns
    -------
    dict of str to array
        The weights.

    Raises
    ------
    ArtifactError
        If the file cannot be read, or holds anything but arrays.
    """
    try:
        if path.suffix == ".npz":
            with open_regular(path) as file, np.load(file, allow_pickle=False) as stored:
                return dict(stored)
        return read_onnx_weights(path) if path.suffix == ".onnx" else read_state_dict(path)
    except Exception as error:  # zip files, NumPy and PyTorch fail in many ways
        raise ArtifactError(
            f"cannot read the weights '{path}'", " ".join(str(error).split())[:200]
        ) from error


def dumps(arrays: Arrays) -> bytes:
    """Pickle a dict of numeric arrays. Raises ``TypeError`` for other dtypes."""
    packed = {}
    for name, array in arrays.items():
        if str(array.dtype) not in _DTYPES:
            raise TypeError(f"'{name}' is {array.dtype}, which the store does not support")
        little = array.astype(array.dtype.newbyteorder("<"))
        packed[name] = (str(array.dtype), array.shape, little.tobytes())
    return pickle.dumps(packed, protocol=4)


def loads(data: bytes, name: str) -> Arrays:
    """Unpickle a dict of numeric arrays. Raises ``ArtifactError`` for anything else."""
    try:
        pickle_check.check(data)
        value = _DataOnly(io.BytesIO(data)).load()
        if type(value) is not dict:
            raise TypeError("it is not a dict")
        return {_text(key): _array(packed) for key, packed in value.items()}
    except Exception as error:  # a hostile pickle makes the unpickler raise nearly anything
        raise _refused(name, " ".join(str(error).split()) or type(error).__name__) from None


def _text(key: Any) -> str:
    if type(key) is not str:
        raise TypeError("a name is not text")
    return key


def _array(packed: Any) -> NDArray[Any]:
    dtype, shape, content = packed
    # The type is checked first: to look a nested tuple up in a set, its hash is computed.
    if type(dtype) is not str or dtype not in _DTYPES or type(content) is not bytes:
        raise TypeError("a value is not an array")
    if type(shape) is not tuple or not all(type(side) is int and side >= 0 for side in shape):
        raise TypeError("a shape is not a tuple of numbers")
    return np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).reshape(shape).astype(dtype)


def _refused(name: str, reason: str) -> ArtifactError:
    return ArtifactError(
        f"the pickle '{name}' is not trusted", reason, "delete it; it will be computed again"
    )


class PickleStore:
    """Records of arrays in a folder, as ``KIND/ab/abcdef….pkl`` with a manifest ``.json``.

    Parameters
    ----------
    folder : Path
        The folder of the store.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def key(*parts: str) -> str:
        """Return the name of a record: the SHA-256 of all that its content depends on."""
        return hashlib.sha256(
            "\0".join([RECORD_FORMAT, *parts]).encode("utf-8", "surrogateescape")
        ).hexdigest()

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / f"{key}.pkl"

    def has(self, kind: str, key: str) -> bool:
        """Return whether a record and its manifest exist. Their content is not checked."""
        path = self._path(kind, key)
        return path.is_file() and path.with_suffix(".json").is_file()

    def keep(
        self, kind: str, key: str, arrays: Arrays, about: dict[str, Any], durable: bool = True
    ) -> Path:
        """Write a record and its manifest, each whole or not at all; returns the pickle's path."""
        path = self._path(kind, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise PictureError(
                f"cannot write '{path}'", reason, "choose another --store"
            ) from error
        data = dumps(arrays)
        manifest = {
            **about,
            "sha256": hashlib.sha256(data).hexdigest(),
            "arrays": {k: {"shape": v.shape, "dtype": str(v.dtype)} for k, v in arrays.items()},
        }
        write_atomic(path, data, force=True, durable=durable)
        text = json.dumps(manifest, indent=1, default=str)
        write_atomic(path.with_suffix(".json"), text.encode(), force=True, durable=durable)
        return path

    def get(self, kind: str, key: str) -> Arrays:
        """Read a record. Raises ``ArtifactError`` if it is missing, altered or not trusted."""
        path = self._path(kind, key)
        try:
            data = reading.content(path)
            digest = reading.manifest(path.with_suffix(".json"))["sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"the pickle '{path}' cannot be read",
                str(error),
                "delete it; it will be computed again",
            ) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise _refused(str(path), "its SHA-256 differs from the one in the manifest")
        return loads(data, str(path))

    def keep_prediction(
        self, picture: str, plugin: str, a: NDArray[Any], b: NDArray[Any]
    ) -> tuple[Path, Path]:
        """Pickle the predicted A and B of a picture separately, as the ``sift_mlp`` paper does."""
        source = str(Path(picture).absolute()) if picture != "-" else picture
        about = {"picture": source, "plugin": plugin}
        paths = [
            self.keep(
                "predicted",
                self.key(source, plugin, channel),
                {channel: values},
                {**about, "channel": channel},
            )
            for channel, values in (("a", a), ("b", b))
        ]
        return paths[0], paths[1]
