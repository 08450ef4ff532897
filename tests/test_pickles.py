"""The store never executes planted code."""

from __future__ import annotations

import builtins
import gzip
import hashlib
import json
import os
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.store.artifact_folder import ArtifactFolder
from colortk.store.artifacts import artifacts_of
from colortk.store.pickles import PickleStore, dumps, loads, read_known_pickle

ARRAYS = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "sift": np.ones((4, 128), np.uint8)}


class Payload:
    """An object whose unpickling creates a file."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "executed"


def _array_of_pointers() -> bytes:
    def text(value: str) -> bytes:
        return b"\x8c" + bytes([len(value)]) + value.encode()

    def look_up(module: str, name: str) -> bytes:
        return text(module) + text(name) + b"\x93"

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    def some(value: bytes) -> bytes:
        return b"B" + struct.pack("<I", len(value)) + value

    def several(*items: bytes) -> bytes:
        return b"(" + b"".join(items) + b"t"

    true, false, nothing = b"\x88", b"\x89", b"N"
    pointer = look_up("numpy", "dtype") + several(text("O8"), false, true) + b"R"
    fields = b"}(" + text("f") + several(pointer, number(0)) + b"u"
    state = several(
        number(3), text("|"), nothing, several(text("f")), fields, number(8), number(8), number(1)
    )
    dtype = look_up("numpy", "dtype") + several(text("V8"), false, true) + b"R" + state + b"b"
    array = look_up("numpy._core.multiarray", "_reconstruct")
    array += several(look_up("numpy", "ndarray"), several(number(0)), some(b"b")) + b"R"
    array += several(number(1), several(number(1)), dtype, false, some(b"A" * 8)) + b"b"
    return b"\x80\x04}(" + text("a") + array + b"u."


def payloads(mark: Path) -> dict[str, bytes]:
    touch = Payload(os.system, f"touch {mark}")
    code = Payload(builtins.eval, f"open({str(mark)!r}, 'w').close()")
    objects = np.empty(1, object)
    objects[0] = touch
    raw = {
        "os.system": pickle.dumps(touch),
        "eval": pickle.dumps(code),
        "exec": pickle.dumps(Payload(builtins.exec, f"open({str(mark)!r}, 'w').close()")),
        "nested": pickle.dumps({"a": ARRAYS["a"], "b": [({"c": touch},)]}),
        "in an object array": pickle.dumps({"a": objects}),
        "protocol 0": pickle.dumps(touch, protocol=0),
        "protocol 5": pickle.dumps(code, protocol=5),
        "getattr": pickle.dumps(Payload(getattr, "text", "upper")),
        "numpy.load": pickle.dumps(Payload(np.load, str(mark))),
        "behind a good one": dumps(ARRAYS) + pickle.dumps(touch),
        "persistent id": b"\x80\x04Pattack\n.",
        "extension": b"\x80\x02\x82\x01.",
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.load\x93.",
        "endless memo": b"\x80\x04" + b"r\xff\xff\xff\x7f" + b".",
    }
    # An array of a structured dtype whose state claims object fields over attacker's bytes:
    # with NumPy's dtype allowed, its destruction reads them as pointers and the process dies.
    raw["dtype state"] = _array_of_pointers()
    raw["a plain array"] = pickle.dumps({"a": ARRAYS["a"]})
    raw["zlib"] = zlib.compress(raw["os.system"])
    raw["gzip"] = gzip.compress(raw["os.system"])
    return raw


NAMES = list(payloads(Path("x")))


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_pickle_is_refused_and_never_runs(name: str, mark: Path, tmp_path: Path) -> None:
    """A planted file is refused even if its digest is in the manifest."""
    store = PickleStore(tmp_path / "store")
    path = store.keep("kind", "ab" * 32, ARRAYS, {})
    data = payloads(mark)[name]
    path.write_bytes(data)
    path.with_suffix(".json").write_text(json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))
    if name == "behind a good one":  # bytes after the first pickle are not read
        assert set(store.get("kind", "ab" * 32)) == set(ARRAYS)
    else:
        with pytest.raises(ArtifactError, match="not trusted") as caught:
            store.get("kind", "ab" * 32)
        assert "\n" not in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3)])
def test_joblib_files_are_refused(compress: Any, mark: Path, tmp_path: Path) -> None:
    path = tmp_path / "planted.pkl"
    joblib.dump(Payload(os.system, f"touch {mark}"), path, compress=compress)
    with pytest.raises(ArtifactError, match="not trusted"):
        loads(path.read_bytes(), "planted")
    assert not mark.exists()


def test_the_payloads_run_in_an_unprotected_unpickler(mark: Path) -> None:
    """Prove that the payloads of the tests above work."""
    pickle.loads(payloads(mark)["os.system"])
    assert mark.exists()


def test_records_round_trip(tmp_path: Path) -> None:
    store = PickleStore(tmp_path)
    path = store.keep("kind", store.key("one", "two"), ARRAYS, {"picture": "x.png"})
    found = store.get("kind", store.key("one", "two"))
    for name, array in ARRAYS.items():
        assert np.array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    manifest = json.loads(path.with_suffix(".json").read_text())
    assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert manifest["arrays"]["sift"] == {"shape": [4, 128], "dtype": "uint8"}
    assert manifest["picture"] == "x.png"


def test_keys_of_different_inputs_differ() -> None:
    assert PickleStore.key("ab", "c") != PickleStore.key("a", "bc")


def test_an_altered_or_missing_record_is_an_error(tmp_path: Path) -> None:
    store = PickleStore(tmp_path)
    path = store.keep("kind", "ab" * 32, ARRAYS, {})
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ArtifactError, match="SHA-256"):
        store.get("kind", "ab" * 32)
    path.unlink()
    with pytest.raises(ArtifactError, match="cannot be read"):
        store.get("kind", "ab" * 32)


def test_a_dict_of_other_things_is_refused() -> None:
    hostile = [
        [1],
        {"a": 1},
        {"a": "text"},
        {1: ("uint8", (1,), b"x")},
        {"a": ("object", (1,), b"x" * 8)},
        {"a": ("V8", (1,), b"x" * 8)},
        {"a": ("uint8", (10**12,), b"x")},
        {"a": ("uint8", (2,), "xx")},
    ]
    for value in hostile:
        with pytest.raises(ArtifactError, match="not trusted"):
            loads(pickle.dumps(value), "test")


def test_a_known_pickle_is_read_by_digest_and_contains_only_arrays(
    tmp_path: Path, mark: Path
) -> None:
    path = tmp_path / "weights.ckpt"

    def write(value: Any) -> str:
        path.write_bytes(pickle.dumps(value, protocol=3))
        return hashlib.sha256(path.read_bytes()).hexdigest()

    digest = write({"layer": {"kernel": ARRAYS["a"]}})
    np.testing.assert_array_equal(read_known_pickle(path, digest)["layer"]["kernel"], ARRAYS["a"])
    with pytest.raises(ArtifactError, match="not trusted.*SHA-256"):
        read_known_pickle(path, digest[::-1])
    digest = write(Payload(os.mkdir, str(mark)))
    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        read_known_pickle(path, digest)
    assert not mark.exists()


def test_only_one_module_unpickles() -> None:
    """Only one module of colortk calls an unpickler."""
    root = Path(__file__).resolve().parents[1]
    words = (
        "pickle.load",
        "joblib.load",
        "Unpickler",
        "allow_pickle=True",
        "torch.load",
        "marshal",
    )
    for path in [*root.glob("colortk/**/*.py"), *root.glob("plugins/**/*.py")]:
        if path.name == "pickles.py":
            continue
        text = path.read_text("utf-8")
        assert not [word for word in words if word in text], path


def folder_with(tmp_path: Path, content: bytes, digest: str | None = None) -> Path:
    digest = digest or hashlib.sha256(content).hexdigest()
    (tmp_path / "a.npz").write_bytes(content)
    (tmp_path / "manifest.json").write_text(
        json.dumps({"artifacts": {"a.npz": {"sha256": digest}}})
    )
    return tmp_path


def opened(folder: Path) -> ArtifactFolder:
    from colortk.plugin.spec import ColorizerSpec

    return artifacts_of(ColorizerSpec("x", "x", "x:x"), folder)


def test_artifacts_are_verified(tmp_path: Path) -> None:
    assert opened(folder_with(tmp_path, b"weights")).read("a.npz") == b"weights"
    (tmp_path / "a.npz").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="not trusted.*SHA-256"):
        opened(tmp_path).read("a.npz")
    (tmp_path / "a.npz").unlink()
    with pytest.raises(ArtifactError, match="missing"):
        opened(tmp_path).read("a.npz")
    with pytest.raises(ArtifactError, match="not weights of plugin 'x'"):
        opened(tmp_path).read("../../etc/passwd")


@pytest.mark.parametrize("text", ["", "[]", '{"artifacts": 3}', '{"artifacts": {"a": {}}}'])
def test_a_broken_manifest_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match="manifest"):
        opened(tmp_path)


def test_a_manifest_cannot_name_a_file_outside_its_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    (inner / "manifest.json").write_text(
        json.dumps({"artifacts": {"../secret": {"sha256": digest}}})
    )
    with pytest.raises(ArtifactError, match="manifest"):
        opened(inner)
