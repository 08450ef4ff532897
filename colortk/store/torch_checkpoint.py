"""Read the tensors of a PyTorch checkpoint without PyTorch and without running pickled code.

References
----------
https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import io
import itertools
import math
import os
import pickletools
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from colortk.errors import ArtifactError
from colortk.store.torch_pickle import MAX_READ, LimitedReader, Name, TensorLayout, interpret
from colortk.types import Array

_TYPES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8",
    "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1",
    "BoolStorage": "?",
}  # fmt: skip
#: First value of a checkpoint that PyTorch wrote before version 1.6.
_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_MAX_DEPTH = 4
#: Most values in the dictionaries. A pickle can name the same dictionary many times.
_MAX_VALUES = 100_000
#: Most bytes of all tensors, as a multiple of those of their storages, which tensors may share.
_MAX_SHARED = 8


class _Storage(NamedTuple):
    key: str
    type: str
    length: int


def is_checkpoint(path: Path) -> bool:
    """Return whether a file begins like a PyTorch checkpoint, and not like an ONNX file."""
    with open(path, "rb") as file:
        return file.read(2) in (b"PK", b"\x80\x02")


def read_checkpoint(path: Path) -> dict[str, Array]:
    """Return the tensors of a file that ``torch.save`` wrote.

    Parameters
    ----------
    path : Path
        The file, of any version of PyTorch. Tensors lie in dictionaries; names of inner ones are
        joined with a dot. Values other than tensors are left out.

    Returns
    -------
    dict of str to array
        float, integer and bool arrays by name, read-only. They share memory where the tensors do.

    Raises
    ------
    ArtifactError
        If the file is damaged, or holds objects other than tensors and plain values.
    """
    try:
        with open(path, "rb") as file:
            is_zip = file.read(2) == b"PK"
            file.seek(0)
            content, storages = _read_zip(file) if is_zip else _read_old(file)
        collector = _Collector(storages)
        collector.collect(content, "", 0)
        if not collector.tensors:
            raise ValueError("it contains no tensors")
        return collector.tensors
    except MemoryError:
        raise
    except Exception as error:  # a damaged zip file or pickle fails in many ways
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ArtifactError(f"the checkpoint '{path}' cannot be read", reason) from error


def _read_zip(file: IO[bytes]) -> tuple[Any, dict[str, Array]]:
    """Return the object and the storages of a checkpoint of PyTorch 1.6 or newer."""
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise ValueError("its entries are compressed, which PyTorch never does")
        if entries["data.pkl"].file_size > MAX_READ:
            raise ValueError("its pickle is too large")
        if "byteorder" in entries and archive.read(entries["byteorder"]) != b"little":
            raise ValueError("it was written on a big-endian machine")
        found: dict[str, _Storage] = {}
        content = interpret(
            io.BytesIO(archive.read(entries["data.pkl"])), lambda key: _storage(key, found)
        )
        _check_sizes(found, file)
        return content, {
            key: _numbers(archive.read(entries[f"data/{key}"]), storage)
            for key, storage in found.items()
        }


def _read_old(file: IO[bytes]) -> tuple[Any, dict[str, Array]]:
    """Return the object and the storages of a checkpoint of an older PyTorch."""
    beginning: Any = LimitedReader(file)
    operations = itertools.islice(pickletools.genops(beginning), 2)
    if [value for _, value, _ in operations][1:] != [_OLD_MAGIC]:
        raise ValueError("it is no checkpoint of PyTorch")
    found: dict[str, _Storage] = {}
    file.seek(0)
    interpret(file, _no_storage)
    interpret(file, _no_storage)  # the version of the format
    if interpret(file, _no_storage).get("little_endian") is not True:
        raise ValueError("it was written on a big-endian machine")
    content = interpret(file, lambda key: _storage(key, found))
    keys = interpret(file, _no_storage)
    _check_sizes(found, file)
    storages = {}
    for key in keys:
        if type(key) is not str:
            raise ValueError("it names its tensors in an unknown way")
        storage = found[key]
        if int.from_bytes(file.read(8), "little") != storage.length:
            raise ValueError(f"the tensors of '{key}' have another size than declared")
        storages[key] = _numbers(file.read(storage.length * _itemsize(storage)), storage)
    return content, storages


def _no_storage(key: Any) -> Any:
    raise ValueError("its header contains tensors")


def _storage(key: Any, found: dict[str, _Storage]) -> _Storage:
    """Return the storage that a pickle identifies by a tuple, and remember it."""
    kind, cls, name, _, count, *view = key
    if kind != "storage" or any(view) or not (isinstance(cls, Name) and isinstance(name, str)):
        raise ValueError("its pickle names tensors in an unknown way")
    if cls.module != "torch" or cls.name not in _TYPES:
        raise ValueError(f"it contains numbers of the type {cls.name}")
    if type(count) is not int or not 0 <= count < 1 << 36:
        raise ValueError("one of its tensors has an impossible size")
    return found.setdefault(name, _Storage(name, cls.name, count))


def _check_sizes(found: dict[str, _Storage], file: IO[bytes]) -> None:
    """Raise ``ValueError`` if the storages are larger than the file, before they are read."""
    if (
        sum(item.length * _itemsize(item) for item in found.values())
        > os.fstat(file.fileno()).st_size
    ):
        raise ValueError("its tensors are cut off")


def _itemsize(storage: _Storage) -> int:
    return np.dtype(_TYPES[storage.type]).itemsize


def _numbers(data: bytes, storage: _Storage) -> Array:
    if len(data) != storage.length * _itemsize(storage):
        raise ValueError(f"the tensors of '{storage.key}' are cut off")
    return np.frombuffer(data, _TYPES[storage.type])


class _Collector:
    """Finds the tensors in nested dictionaries.

    Parameters
    ----------
    storages : dict of str to array
        The numbers of the tensors.

    Attributes
    ----------
    tensors : dict of str to array
        Those found so far, by name.
    """

    def __init__(self, storages: dict[str, Array]) -> None:
        self.tensors: dict[str, Array] = {}
        self._storages, self._values = storages, 0
        self._bytes_left = _MAX_SHARED * sum(numbers.nbytes for numbers in storages.values())

    def collect(self, value: Any, name: str, depth: int) -> None:
        """Add a tensor, or the tensors of a dictionary."""
        self._values += 1
        if self._values > _MAX_VALUES:
            raise ValueError(f"it has more than {_MAX_VALUES:,} values")
        if isinstance(value, TensorLayout):
            array = _array(value, self._storages)
            self._bytes_left -= array.nbytes
            if self._bytes_left < 0:
                raise ValueError("its tensors are much larger than the file")
            self.tensors[name] = array
        elif isinstance(value, dict):
            if depth == _MAX_DEPTH:
                raise ValueError("its dictionaries are nested too deeply")
            for key, inner in value.items():
                self.collect(inner, f"{name}.{key}" if name else str(key), depth + 1)


def _array(layout: TensorLayout, storages: dict[str, Array]) -> Array:
    """Return a tensor as an array; ``ValueError`` if it reaches outside its storage."""
    numbers = storages[layout.storage.key]
    offset, size, stride = layout.offset, tuple(layout.size), tuple(layout.stride)
    values = (offset, *size, *stride)
    if len(size) != len(stride) or any(type(n) is not int or n < 0 for n in values):
        raise ValueError("one of its tensors has an impossible shape")
    end = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) + 1
    count = math.prod(size)
    if count == 0:
        return np.zeros(size, numbers.dtype)
    if end > len(numbers) or count > len(numbers):
        raise ValueError("one of its tensors reaches outside its storage")
    steps = [step * numbers.itemsize for step in stride]
    view = np.lib.stride_tricks.as_strided(numbers[offset:], size, steps, writeable=False)
    return np.asarray(view, order="C")
