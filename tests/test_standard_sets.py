"""The sets of pictures that papers use: recognized by the names of their files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from colortk.cli.main import invoke
from colortk.harness import standard_sets
from colortk.harness.compare import compare
from colortk.harness.run_options import RunOptions
from colortk.harness.standard_sets import (
    STANDARD_SETS,
    StandardSet,
    check_set,
    likely_set,
    names_digest,
    recognize,
)
from colortk.io.encode import encode
from colortk.io.picture import Picture
from colortk.report.captions import caption
from conftest import photo

VAL5K = [f"ILSVRC2012_val_{k:08d}.JPEG" for k in range(1, 5001)]


def test_digests_are_those_of_the_numbered_names() -> None:
    for name, names in (
        ("imagenet-val5k", VAL5K),
        ("imagenet-val50k", [f"ILSVRC2012_val_{k:08d}.JPEG" for k in range(1, 50001)]),
        ("ade20k-val", [f"ADE_val_{k:08d}.jpg" for k in range(1, 2001)]),
    ):
        item = STANDARD_SETS[name]
        expected = hashlib.sha256(("\n".join(names) + "\n").encode()).hexdigest()
        assert (item.count, item.names_sha256) == (len(names), expected)
    assert names_digest(reversed(VAL5K)) == STANDARD_SETS["imagenet-val5k"].names_sha256
    assert len({item.names_sha256 for item in STANDARD_SETS.values()}) == len(STANDARD_SETS)


def test_a_set_is_recognized_by_names_alone() -> None:
    folders = [f"some/folder{k % 7}/{name}" for k, name in enumerate(VAL5K)]
    found = recognize(folders)
    assert found is not None
    assert found.label == "ImageNet val5k"
    assert recognize(folders[1:]) is None
    assert recognize([*folders[1:], "other.jpg"]) is None
    assert recognize(["a.jpg"] * 723) is None  # the names of NCD are not known


def test_differences_are_named() -> None:
    names = [*VAL5K[2:], "cat.jpg"]
    likely = likely_set(names)
    assert likely is not None
    check = check_set(likely, names)
    assert (check.name, check.matches, check.found) == ("imagenet-val5k", False, 4999)
    assert (check.missing, check.unexpected) == (VAL5K[:2], ["cat.jpg"])
    assert likely_set(["cat.jpg"]) is None
    ncd = STANDARD_SETS["ncd"]
    assert check_set(ncd, [f"{k}.jpg" for k in range(723)]).matches is None
    assert check_set(ncd, ["0.jpg"]).matches is False


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> StandardSet:
    """A set of three pictures."""
    names = ["1.png", "2.png", "3.png"]
    item = StandardSet(
        "tiny", "Tiny", 3, names_digest(names), lambda k: f"{k}.png", "none", "this test"
    )
    monkeypatch.setitem(standard_sets.STANDARD_SETS, "tiny", item)
    return item


def pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    for k in range(1, count + 1):
        pixels = photo(40, 40, k)
        (folder / f"{k}.png").write_bytes(encode(pixels, Picture(pixels), "png", []))


def test_the_command_checks_a_folder(
    tmp_path: Path, tiny: StandardSet, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(tmp_path / "whole", 3)
    pictures(tmp_path / "part", 2)
    assert invoke(["datasets", "verify", str(tmp_path / "whole")]) == 0
    assert "is Tiny: 3 pictures with the names of the set" in capsys.readouterr().out
    assert invoke(["datasets", "verify", str(tmp_path / "part"), "--json"]) == 1
    check = json.loads(capsys.readouterr().out)
    assert (check["matches"], check["missing"]) == (False, ["3.png"])
    assert invoke(["datasets", "verify", str(tmp_path / "part"), "--set", "tiny"]) == 1
    assert "is not Tiny: 2 pictures, and the set has 3" in capsys.readouterr().out
    assert invoke(["datasets", "verify", str(tmp_path / "part"), "--set", "no"]) == 2
    assert "no set 'no'" in capsys.readouterr().err
    assert invoke(["datasets", "list", "--json"]) == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert listed["imagenet-val5k"]["pictures"] == 5000
    assert listed["ncd"]["names_sha256"] is None


@pytest.mark.slow
def test_a_comparison_names_the_set(tmp_path: Path, tiny: StandardSet) -> None:
    pictures(tmp_path / "whole", 3)
    found = compare(
        [tmp_path / "whole"], ["gray"], ["psnr"], store=tmp_path / "store",
        run_options=RunOptions(jobs=1, repeats=False),
    )  # fmt: skip
    assert found.as_dict()["dataset"] == "tiny"
    assert "the pictures are Tiny, by their file names" in caption(found.summary())
