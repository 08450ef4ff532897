"""PyTorch checkpoints are read without PyTorch, and nothing that they name is run."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import sys
import time
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.guidance.working_hints import WorkingHints
from colortk.runtime.inference import OnnxNetwork
from colortk.runtime.loading import PluginRequest, load
from colortk.store.torch_checkpoint import is_checkpoint, read_checkpoint
from colortk_plugins.zhang2017.network import to_onnx
from zhang_tensors import zhang2016_tensors, zhang2017_tensors

A = np.arange(24, dtype="<f4").reshape(2, 3, 4)
TENSORS = {"a.weight": A, "a.count": np.array(7, "<i8"), "half": np.array([1.5, -2], "<f2")}
STORAGES = {"f": "FloatStorage", "i": "LongStorage", "e": "HalfStorage"}


class Storage:
    """Is identified by a tuple, as PyTorch does it."""

    def __init__(self, key: str, array: np.ndarray) -> None:
        self.key, self.array = key, array


class Tensor:
    """Is pickled as PyTorch pickles a tensor."""

    def __init__(
        self, key: str, array: np.ndarray, offset: int = 0, stride: tuple[int, ...] | None = None
    ) -> None:
        steps = tuple(s // array.itemsize for s in array.strides) if stride is None else stride
        self.storage, self.layout = Storage(key, array), (offset, array.shape, steps)

    def __reduce__(self) -> Any:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, *self.layout, False, OrderedDict())


class Pickler(pickle.Pickler):
    """Writes a storage as its identification."""

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, Storage):
            return None
        cls = getattr(sys.modules["torch"], STORAGES[value.array.dtype.char.replace("l", "i")])
        extra = (None,) if self.old else ()
        return "storage", cls, value.key, "cpu", value.array.size, *extra

    old = False


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the names of PyTorch a meaning for the time of pickling."""
    module, utils = ModuleType("torch"), ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    for name in STORAGES.values():
        setattr(module, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def pickled(value: Any, old: bool = False) -> bytes:
    out = io.BytesIO()
    pickler = Pickler(out, 2)
    pickler.old = old
    pickler.dump(value)
    return out.getvalue()


def write_zip(
    path: Path, content: bytes, arrays: dict[str, np.ndarray], method: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", "little")
        for key, array in arrays.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
    return path


def checkpoint(path: Path, tensors: dict[str, np.ndarray], nested: bool = False) -> Path:
    """Write tensors as PyTorch 1.6 and newer do."""
    state = OrderedDict((n, Tensor(str(i), a)) for i, (n, a) in enumerate(tensors.items()))
    state._metadata = OrderedDict(version=1)  # type: ignore[attr-defined]
    content = pickled({"params": state, "epoch": 3} if nested else state)
    return write_zip(path, content, {str(i): a for i, a in enumerate(tensors.values())})


def old_checkpoint(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    """Write tensors as PyTorch did before version 1.6."""
    state = OrderedDict((n, Tensor(str(i), a)) for i, (n, a) in enumerate(tensors.items()))
    parts = [
        pickled(0x1950A86A20F9469CFC6C), pickled(1001), pickled({"little_endian": True}),
        pickled(state, old=True), pickled([str(i) for i in range(len(tensors))]),
    ]  # fmt: skip
    parts += [struct.pack("<q", a.size) + a.tobytes() for a in tensors.values()]
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("kind", ["zip", "nested", "old"])
def test_tensors_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    if kind == "old":
        old_checkpoint(path, TENSORS)
    else:
        checkpoint(path, TENSORS, kind == "nested")
    assert is_checkpoint(path)
    read = read_checkpoint(path)
    prefix = "params." if kind == "nested" else ""
    assert list(read) == [prefix + name for name in TENSORS]
    for name, array in TENSORS.items():
        np.testing.assert_array_equal(read[prefix + name], array, strict=True)


def test_views_share_a_storage(tmp_path: Path) -> None:
    transposed = Tensor("0", A.T)
    part = Tensor("0", A)
    part.layout = (4, (2, 4), (12, 1))
    path = write_zip(tmp_path / "w.pth", pickled({"t": transposed, "p": part}), {"0": A})
    read = read_checkpoint(path)
    np.testing.assert_array_equal(read["t"], A.T)
    np.testing.assert_array_equal(read["p"], A[:, 1])


class Attack:
    def __reduce__(self) -> Any:
        return os.mkdir, ("attacked",)


@pytest.mark.parametrize("old", [False, True])
def test_nothing_is_run(old: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = pickled({"a": Attack(), "b": Tensor("0", A)}, old)
    if old:
        path = old_checkpoint(tmp_path / "w.pth", {"b": A})
        first = pickled(0x1950A86A20F9469CFC6C) + pickled(1001) + pickled({"little_endian": True})
        path.write_bytes(first + content + pickled(["0"]))
    else:
        path = write_zip(tmp_path / "w.pth", content, {"0": A})
    with pytest.raises(ArtifactError, match=r"calls (posix|nt)\.? ?mkdir|calls .*mkdir"):
        read_checkpoint(path)
    assert not Path("attacked").exists()


@pytest.mark.parametrize(
    "layout",
    [
        (1, (2, 3, 4), (12, 4, 1)), (0, (2, 3, 4), (12, 4, 2)), (0, (25,), (1,)), (-1, (2,), (1,)),
        (0, (2,), (-1,)), (0, (10**12,), (0,)), (0, (2, 2), (1,)), (0, (1 << 62, 8), (1, 1)),
        (0, ("2",), (1,)),
    ],
)  # fmt: skip
def test_a_tensor_outside_its_storage_is_refused(layout: Any, tmp_path: Path) -> None:
    tensor = Tensor("0", A)
    tensor.layout = layout
    path = write_zip(tmp_path / "w.pth", pickled({"a": tensor}), {"0": A})
    with pytest.raises(ArtifactError, match="one of its tensors"):
        read_checkpoint(path)


def refused(content: bytes, tmp_path: Path, message: str) -> None:
    """Check that a pickle is refused in zip files, and at once."""
    path = write_zip(tmp_path / "w.pth", content, {"0": A})
    start = time.process_time()
    with pytest.raises(ArtifactError, match=message):
        read_checkpoint(path)
    assert time.process_time() - start < 20


def test_pickles_that_grow_when_they_are_read_are_refused(tmp_path: Path) -> None:
    """Each is small, and would take years or terabytes."""
    values: Any = None
    for _ in range(4):  # 200 times 200 times 200 times 200 names of one value
        values = {str(number): values for number in range(200)}
    refused(pickled(values), tmp_path, "more than 100,000 values")
    views = {str(number): Tensor("0", A.T) for number in range(50)}
    refused(pickled(views), tmp_path, "much larger than the file")
    # A tuple of twice the same tuple, a hundred times, as the key of a dictionary.
    nested = b"\x80\x02})q\x00" + b"h\x00\x86q\x00" * 100 + b"K\x01s."
    refused(nested, tmp_path, "a tuple as a key")
    refused(b"\x80\x02}(" + nested[3:-2] + b"K\x01u.", tmp_path, "a tuple as a key")
    refused(pickled({"x" * 2000: Tensor("0", A)}), tmp_path, "2,000 letters")
    # Copies of a dictionary of a thousand entries, ten thousand times.
    large = pickled({str(number): None for number in range(1000)})[:-1] + b"q\xff"
    copy = b"ccollections\nOrderedDict\nh\xff\x85R"
    refused(large + copy * 10_000 + b".", tmp_path, "too many operations")


def test_a_storage_larger_than_the_file_is_not_read(tmp_path: Path) -> None:
    class Large(Storage):
        def __init__(self) -> None:
            super().__init__("0", np.broadcast_to(np.float32(1), (1 << 35,)))

    tensor = Tensor("0", A)
    tensor.storage = Large()
    refused(pickled({"a": tensor}), tmp_path, "its tensors are cut off")
    path = old_checkpoint(tmp_path / "old.pth", {"a": A})
    content = path.read_bytes().replace(pickled(OrderedDict(a=Tensor("0", A)), old=True),
                                        pickled(OrderedDict(a=tensor), old=True))  # fmt: skip
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="its tensors are cut off"):
        read_checkpoint(path)
    path.write_bytes(b"\x80\x02\x8d" + b"\x00" * 5 + b"\x01" + b"\x00" * 2 + b"x")  # 2**40 letters
    with pytest.raises(ArtifactError, match="one of its values has"):
        read_checkpoint(path)


def test_damaged_files_are_one_line(tmp_path: Path) -> None:
    good = {
        "zip": checkpoint(tmp_path / "a.pth", TENSORS).read_bytes(),
        "old": old_checkpoint(tmp_path / "b.pth", TENSORS).read_bytes(),
    }
    path = tmp_path / "c.pth"
    rng = np.random.default_rng(0)
    for content in good.values():
        for end in range(0, len(content), 29):
            path.write_bytes(content[:end])
            with pytest.raises(ArtifactError, match="cannot be read"):
                read_checkpoint(path)
        for _ in range(60):  # other bytes: the same tensors, others, or one error
            changed = bytearray(content)
            changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
            path.write_bytes(changed)
            with contextlib.suppress(ArtifactError):
                read_checkpoint(path)
    write_zip(path, pickled({"a": Tensor("0", A)}), {"0": A}, zipfile.ZIP_DEFLATED)
    with pytest.raises(ArtifactError, match="compressed"):
        read_checkpoint(path)
    write_zip(path, pickled({"a": 1}), {})
    with pytest.raises(ArtifactError, match="no tensors"):
        read_checkpoint(path)


@pytest.mark.slow
def test_zhang2016_takes_a_checkpoint(tmp_path: Path) -> None:
    tensors = zhang2016_tensors()
    path = checkpoint(tmp_path / "w.pth", tensors)
    loaded = load(PluginRequest("zhang2016", (), path))
    ab = loaded.predict(np.full((256, 256), 50, np.float32))
    share = np.arange(1, 314) / np.arange(1, 314).sum()
    expected = 110 * np.array([(share * np.linspace(-1, 1, 313)).sum(), 1])
    np.testing.assert_allclose(ab, np.broadcast_to(expected, ab.shape), atol=1e-3)
    del tensors["model5.2.bias"]
    with pytest.raises(ArtifactError, match=r"no tensor 'model5\.2\.bias'"):
        load(PluginRequest("zhang2016", (), checkpoint(path, tensors)))


@pytest.mark.slow
def test_zhang2017_takes_hints(tmp_path: Path) -> None:
    """Weights through which the inputs reach the output by the shortcut of the first block."""
    tensors = zhang2017_tensors()
    for channel, offset in enumerate((1, 2, 2, 0)):  # the offsets keep ReLUs from cutting
        tensors["model1.0.weight"][channel, channel, 1, 1] = 1
        tensors["model1.0.bias"][channel] = offset
        for layer in ("model1.2", "model1short10.0", "model10.1"):
            tensors[f"{layer}.weight"][channel, channel, 1, 1] = 1
    tensors["model_out.0.weight"][0, [1, 3], 0, 0] = 1, 0.1
    tensors["model_out.0.weight"][1, [2, 0], 0, 0] = 1, 0.5
    tensors["model_out.0.bias"][:] = -2, -2.5
    path = checkpoint(tmp_path / "w.pth", tensors)
    network = OnnxNetwork(to_onnx(read_checkpoint(path)))
    rng = np.random.default_rng(0)
    light = rng.uniform(0, 100, (1, 16, 24, 1)).astype("f4")
    ab = rng.uniform(-100, 100, (1, 16, 24, 2)).astype("f4")
    mask = rng.integers(0, 2, (1, 16, 24, 1)).astype("f4")
    (y,) = network.run({"lightness": light, "hint_ab": ab, "hint_mask": mask}).values()
    scale = 1 / np.sqrt(1 + 1e-5)  # of the normalization
    a = scale * (ab[..., :1] / 110 + 2 + 0.1 * mask) - 2
    b = scale * (ab[..., 1:] / 110 + 2 + 0.5 * ((light - 50) / 100 + 1)) - 2.5
    np.testing.assert_allclose(y, 110 * np.tanh(np.concatenate([a, b], -1)), atol=1e-3)
    loaded = load(PluginRequest("zhang2017", (), path))
    ab = loaded.predict(np.full((256, 256), 50, np.float32))
    np.testing.assert_allclose(ab[0, 0], 110 * np.tanh([2 * scale - 2, 2.5 * scale - 2.5]), 1e-2)
    hints = WorkingHints(np.zeros((256, 256, 2), "f4"), np.zeros((256, 256), "f4"))
    hints.ab[9, 5], hints.mask[9, 5] = (30, -40), 1
    guided = loaded.predict_guided(np.full((256, 256), 50, np.float32), hints)
    a = scale * (30 / 110 + 2 + 0.1) - 2
    b = scale * (-40 / 110 + 2.5) - 2.5
    np.testing.assert_allclose(guided[9, 5], 110 * np.tanh([a, b]), atol=1e-3)
    np.testing.assert_allclose(guided[0, 0], ab[0, 0], atol=1e-4)
    del tensors["model9.1.bias"]
    with pytest.raises(ArtifactError, match=r"no tensor 'model9\.1\.bias'"):
        load(PluginRequest("zhang2017", (), checkpoint(path, tensors)))
