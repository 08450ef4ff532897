"""Pickles without global names that would still exhaust a process; similar manifests and archives."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.plugin.spec import ColorizerSpec
from colortk.store import npz, pickle_check
from colortk.store.artifacts import artifacts_of
from colortk.store.pickles import PickleStore, dumps, loads
from conftest import cheap


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def laughs(levels: int) -> bytes:
    """Return nested tuples that contain the same tuple twice: ``2 ** levels`` elements in total."""
    out = b")\x94"
    for level in range(levels):
        out += b"h" + bytes([level + 1]) + b"\x86\x94"  # including the last, which is on the stack
    return out


def record(dtype: bytes, shape: bytes = b"K\x01\x85", content: bytes = b"C\x01x") -> bytes:
    """Return the pickle of ``{"a": (dtype, shape, content)}``; the dict has memo number 0."""
    return b"\x80\x04}\x94(" + text("a") + dtype + shape + content + b"\x87u."


GOOD = text("uint8")
HOSTILE = {
    "laughs as a dtype": record(laughs(60)),
    "laughs as a key": b"\x80\x04}\x94" + laughs(60) + b"K\x01s.",
    "laughs in a shape": record(GOOD, laughs(60)),
    "a memo of 16 GB": b"\x80\x04Nr\xff\xff\xff\x7f0}.",
    "100,000 tuples in each other": b"\x80\x04}" + b")" + b"\x85" * 100_000 + b"K\x01s.",
    "100,000 lists in each other": b"\x80\x04" + b"]" * 100_001 + b"a" * 100_000 + b".",
    "a million marks": b"\x80\x04" + b"(" * 1_000_000 + b".",
    "a million empty tuples": b"\x80\x04}" + b")0" * 1_000_000 + b".",
    "bytes of 2**62": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",
    "text of 2**62": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
    "a bytearray of 2**40": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.",
    "a frame of 2**60": b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"}.",
    "a number of 2**31 bytes": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
    "a number of 9,000,000 digits": b"I" + b"9" * 9_000_000 + b"\n.",
    "REDUCE": b"\x80\x04}))R.",
    "BUILD": b"\x80\x04}}b.",
    "NEWOBJ": b"\x80\x04))\x81.",
    "NEWOBJ_EX": b"\x80\x04))}\x92.",
    "INST": b"(S'touch canary'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch canary'\no.",
    "GLOBAL": b"cos\nsystem\n.",
    "STACK_GLOBAL": b"\x80\x04" + text("os") + text("system") + b"\x93.",
    "the dict in itself": b"\x80\x04}\x94(" + text("a") + b"h\x00u.",
    "a shape that wraps around": record(GOOD, b"\x8a\x08" + bytes(7) + b"\x01" + b"\x85"),
    "a shape below zero": record(GOOD, b"J\xff\xff\xff\xff\x85"),
    "a shape of truth": record(GOOD, b"\x88\x85"),
    "a shape of text": record(GOOD, text("1")),
    "an array in an array": record(GOOD, content=record(GOOD)[2:-1]),
    "no stop": record(GOOD)[:-1],
    "two values": b"\x80\x04}}.",
    "nothing on the stack": b"\x80\x04.",
    "protocol 255": b"\x80\xff}.",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _cheap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Assert that every test needs little memory and time, and creates no file."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    with cheap(100e6):
        yield
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_records_are_refused_before_unpickling(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "shape" not in name and name not in ("two values", "nothing on the stack", "protocol 255"):
        monkeypatch.setattr(
            "colortk.store.pickles._DataOnly", lambda file: pytest.fail("it was begun")
        )
    with pytest.raises(ArtifactError, match="not trusted") as caught:
        loads(HOSTILE[name], "test")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_harmless_records_of_the_same_form_are_read() -> None:
    assert loads(record(GOOD), "test")["a"].tolist() == [ord("x")]


def test_exponential_pickles_are_slow_without_protection() -> None:
    """Prove that the payloads work: each level doubles the time of hashing."""
    value = pickle.loads(b"\x80\x04}\x940" + laughs(14) + b".")
    leaves, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        leaves += not one
        waiting += one
    assert leaves == 2**14


def test_every_record_of_the_store_can_be_read() -> None:
    rng = np.random.default_rng(0)
    arrays = {
        f"{dtype} {shape}": (100 * rng.random(shape)).astype(dtype)
        for dtype in ("uint8", "float16", "float64", "bool", "int64")
        for shape in ((), (0,), (3,), (2, 3), (1, 2, 3), (1, 2, 1, 3, 1), (70_000, 2))
    }
    found = loads(dumps(arrays), "test")
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        assert np.array_equal(found[name], array)
    same = np.ones(3, np.uint8)
    assert list(loads(dumps({"a": same, "b": same}), "test")) == ["a", "b"]
    with pytest.raises(ValueError, match="operations"):
        pickle_check.check(
            dumps({str(number): same for number in range(pickle_check.MAX_OPERATIONS)})
        )


JSON = {
    "deep": b"[" * 200_000,
    "deep objects": b'{"artifacts":' * 50_000,
    "no text": b"\xff\xfe\xfd",
    "a number of a million digits": b'{"artifacts": ' + b"9" * 1_000_000 + b"}",
    "no object": b"[]",
    "names that are numbers": b'{"artifacts": [1, 2]}',
    "NUL": b'{"artifacts": {"a\\u0000.npz": {"sha256": "0"}}}',
    "half a character": b'{"artifacts": {"\\ud800": {"sha256": "0"}}}',
    "the folder itself": b'{"artifacts": {".": {"sha256": "0"}}}',
    "the folder above": b'{"artifacts": {"..": {"sha256": "0"}}}',
    "a path": b'{"artifacts": {"../../etc/passwd": {"sha256": "0"}}}',
    "an absolute path": b'{"artifacts": {"/etc/passwd": {"sha256": "0"}}}',
    "a path of Windows": b'{"artifacts": {"..\\\\secret": {"sha256": "0"}}}',
    "a drive": b'{"artifacts": {"C:secret": {"sha256": "0"}}}',
    "no name": b'{"artifacts": {"": {"sha256": "0"}}}',
}


@pytest.mark.parametrize("name", JSON)
def test_a_hostile_manifest_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(JSON[name])
    with pytest.raises(ArtifactError, match="manifest") as caught:
        artifacts_of(ColorizerSpec("x", "x", "x:x"), tmp_path)
    assert "\n" not in str(caught.value)
    store = PickleStore(tmp_path / "store")
    path = store.keep("kind", "ab" * 32, {"a": np.ones(2)}, {})
    path.with_suffix(".json").write_bytes(JSON[name])
    with pytest.raises(ArtifactError, match="cannot be read") as caught:
        store.get("kind", "ab" * 32)
    assert "\n" not in str(caught.value)


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    """A pipe would block forever, and /dev/zero never ends."""
    for name in ("pipe", "zero", "folder"):
        place = tmp_path / name
        place.mkdir()
        rows = {name: {"sha256": hashlib.sha256(b"").hexdigest()}}
        (place / "manifest.json").write_text(json.dumps({"artifacts": rows}))
        if name == "pipe":
            os.mkfifo(place / name)
        elif name == "zero":
            (place / name).symlink_to("/dev/zero")
        else:
            (place / name).mkdir()
        folder = artifacts_of(ColorizerSpec("x", "x", "x:x"), place)
        with pytest.raises(ArtifactError, match="not a regular file"):
            folder.read(name)
        (place / "manifest.json").unlink()
        os.mkfifo(place / "manifest.json")
        with pytest.raises(ArtifactError, match="no weights"):
            artifacts_of(ColorizerSpec("x", "x", "x:x"), place)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    store = PickleStore(tmp_path)
    path = store.keep("kind", "ab" * 32, {"a": np.ones(2)}, {})
    os.truncate(path, 2**40)  # a sparse file
    with pytest.raises(ArtifactError, match="has over 2,147,483,648 bytes"):
        store.get("kind", "ab" * 32)


def archive(**members: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name + ".npy", content)
    return out.getvalue()


def header(shape: str, dtype: str = "<f4") -> bytes:
    told = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}}}".encode()
    told += b" " * (-(len(told) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(told)) + told


def test_weights_that_decompress_to_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = archive(a=bytes(2_000_000))
    assert len(bomb) < 3000
    with pytest.raises(ArtifactError, match="unpacked it would have 2,000,000 bytes"):
        npz.read_npz(bomb, "test")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"nonsense", header("(2,)") + bytes(8),
        archive(a=b"no array"), archive(a=header("(2,)")), archive(a=header("(-2,)")),
        archive(a=header("(10**9)")), archive(a=header("(1,)", "|O") + pickle.dumps([1])),
        archive(a=header("(1,)", "|V8") + bytes(7)), archive(a=header("()") + bytes(4))[:-30],
        archive(a=header("__import__('os').system('touch canary')")),
    ],
)  # fmt: skip
def test_damaged_or_planted_weights_are_one_line(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="the weights 'test' cannot be read: .") as caught:
        npz.read_npz(content, "test")
    assert "\n" not in str(caught.value)


def test_valid_weights_are_read() -> None:
    out = BytesIO()
    np.savez_compressed(out, a=np.arange(3), b=np.ones((2, 2), np.float32))
    found = npz.read_npz(out.getvalue(), "test")
    assert found["a"].tolist() == [0, 1, 2]
    assert found["b"].shape == (2, 2)
