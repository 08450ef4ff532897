"""A network that is made from a checkpoint is made once and kept in the folder of weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from colortk.errors import ArtifactError, PictureError
from colortk.plugin.spec import Artifact, ColorizerSpec
from colortk.plugin.weights_folder import external_files
from colortk.runtime.loading import PluginRequest
from colortk.runtime.sandbox import Hidden
from colortk.runtime.sandboxed_request import sandboxed_request
from colortk.store.artifacts import artifacts_of
from conftest import Run, colorizer_module

CONTENT = b"a checkpoint"
SPEC = ColorizerSpec(
    name="example", summary="for tests", factory="example:Colorizer",
    artifacts=(Artifact("w.pth", hashlib.sha256(CONTENT).hexdigest()),),
)  # fmt: skip


class Converter:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, path: Path) -> bytes:
        self.calls += 1
        return b"network of " + path.read_bytes()


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in the folder of weights."""
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "weights"))
    (file,) = external_files(SPEC)
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(CONTENT)
    return file.path


def converted(convert: Converter, version: str = "1", weights: Path | None = None) -> Any:
    return artifacts_of(SPEC, weights).converted("w.pth", convert, version)


def test_a_replaced_checkpoint_is_noticed(stored: Path) -> None:
    convert = Converter()
    converted(convert)
    stored.write_bytes(b"another checkpoint")
    with pytest.raises(ArtifactError):
        converted(convert)


def test_it_is_made_once(stored: Path) -> None:
    convert = Converter()
    first = converted(convert)
    assert first.read_bytes() == b"network of a checkpoint"
    assert first.parent == stored.parent
    assert converted(convert) == first
    assert convert.calls == 1


def test_a_damaged_file_is_made_again(stored: Path) -> None:
    convert = Converter()
    first = converted(convert)
    first.write_bytes(b"network of a checkpoinT")
    assert converted(convert).read_bytes() == b"network of a checkpoint"
    first.unlink()
    assert converted(convert).read_bytes() == b"network of a checkpoint"
    assert convert.calls == 3


def test_other_code_makes_another_file(stored: Path) -> None:
    convert = Converter()
    first = converted(convert)
    second = converted(convert, "2")
    assert convert.calls == 2
    assert second != first
    assert sorted(stored.parent.iterdir()) == sorted([stored, second])


def test_a_folder_that_cannot_be_written(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise PictureError("cannot write", "No space left on device")

    monkeypatch.setattr("colortk.store.conversions.write_atomic", full)
    assert converted(Converter()) == b"network of a checkpoint"
    assert list(stored.parent.iterdir()) == [stored]


def test_a_foreign_file_leaves_nothing_behind(stored: Path, tmp_path: Path) -> None:
    foreign, copy = tmp_path / "foreign.pth", tmp_path / "copy.pth"
    foreign.write_bytes(b"mine")
    assert converted(Converter(), weights=foreign) == b"network of mine"
    assert list(stored.parent.parent.iterdir()) == [stored.parent]
    copy.write_bytes(CONTENT)  # the declared file, from elsewhere
    assert converted(Converter(), weights=copy).parent == stored.parent


def test_a_file_that_needs_no_conversion(stored: Path) -> None:
    assert artifacts_of(SPEC).converted("w.pth", lambda path: None, "1") == stored


def test_a_wrong_checkpoint_is_refused(stored: Path) -> None:
    stored.write_bytes(b"something else")
    with pytest.raises(ArtifactError, match="not trusted"):
        converted(Converter())


def test_a_sealed_process_can_read_it(stored: Path) -> None:
    _, sandbox = sandboxed_request(SPEC, PluginRequest("example"), Hidden())
    try:
        assert str(stored.parent) in sandbox.policy()["readable"]
    finally:
        sandbox.close()


def test_the_list_names_it(stored: Path, colortk: Run, distribution: Any) -> None:
    site = distribution(
        "example",
        colorizer_module(
            "example", "example", "pass",
            f", artifacts=(__import__('colortk.plugin').plugin.{SPEC.artifacts[0]!r},)",
        ),
    )  # fmt: skip
    converted(Converter())
    run = colortk("weights", "list", "--json", plugins=site)
    rows = {row["status"]: row["file"] for row in json.loads(run.stdout) if row["bytes"]}
    assert rows["present"] == "w.pth"
    assert rows["converted"].endswith(".onnx")
    assert "unused" not in rows
