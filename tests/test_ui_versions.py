"""Versions of a picture on the web page without a browser: messages, kept versions, files."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import UsageError
from colortk.harness.plugin_variants import parse_variant
from colortk.runtime.versions import Variant
from colortk.ui.kept_predictions import KeptPlugin, KeptPrediction, KeptPredictions
from colortk.ui.limits import Limits
from colortk.ui.picture_conversion import UploadOptions, colorize_picture, predict_versions
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.version_picker import VersionChoice, format_choice, parse_choice
from colortk.ui.visitor_registry import VisitorRegistry
from conftest import photo

ME = "m" * 43
CHOICE = {"picture": "p", "plugin": "x", "count": 4, "seed": 1, "number": 2}


def test_a_choice_counts_for_its_picture_and_plugin() -> None:
    choice = parse_choice(json.dumps(CHOICE))
    assert choice.of("p", "x") == Variant(2, 4, 1)
    assert choice.of("q", "x") is None
    assert choice.of("p", "y") is None
    assert parse_choice(json.dumps({**CHOICE, "number": 0})).of("p", "x") is None
    assert parse_choice(format_choice(choice)) == choice
    for nothing in (None, ""):
        assert parse_choice(nothing) == VersionChoice()


@pytest.mark.parametrize(
    "change",
    [
        {"number": 5}, {"number": -1}, {"number": True}, {"number": "2"}, {"count": 17}, {"count": 0},
        {"count": 2.0}, {"seed": -1}, {"seed": 2**32}, {"seed": None}, {"picture": 1}, {"plugin": []},
        {"more": 1},
    ],
)  # fmt: skip
def test_wrong_choices_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_choice(json.dumps({**CHOICE, **change}))


@pytest.mark.parametrize("text", ["x", "[]", "{}", "\ud800", '{"a": "' + "b" * 2000 + '"}'])
def test_texts_that_are_no_choice_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_choice(text)


def test_kept_versions_are_found_by_number(tmp_path: Path) -> None:
    visitors = VisitorRegistry(tmp_path)
    context: Any = SimpleNamespace(
        folder=lambda kind: visitors.result_folder(ME, "w", kind),
        result_folders=lambda kind: visitors.result_folders(ME, "w", kind),
    )
    predictions = KeptPredictions(context)
    ab = np.arange(3 * 4 * 5 * 2, dtype=np.float32).reshape(3, 4, 5, 2)
    versions = KeptPrediction(ab, np.zeros((8, 10), np.float32), 80, 100)
    predictions.keep_versions("/a.png", "x", versions, 3, 7)
    for number in (1, 2, 3):
        found = predictions.find("/a.png", "x", Variant(number, 3, 7))
        assert found is not None
        assert (found.ab == ab[number - 1]).all()
        assert (found.height, found.width) == (80, 100)
    for other in (None, Variant(1, 3, 8), Variant(1, 4, 7)):
        assert predictions.find("/a.png", "x", other) is None
    assert predictions.find("/b.png", "x", Variant(1, 3, 7)) is None
    assert predictions.find("/a.png", "y", Variant(1, 3, 7)) is None
    one = KeptPrediction(ab[0] + 1, versions.lightness, 80, 100)
    predictions.keep("/a.png", "x", one, Variant(1, 3, 8))
    found = predictions.find("/a.png", "x", Variant(1, 3, 8))
    assert found is not None
    assert (found.ab == one.ab).all()


@pytest.mark.slow
def test_versions_are_the_files_of_run(tmp_path: Path) -> None:
    source, folder = tmp_path / "a.png", tmp_path / "run"
    Image.fromarray(photo(60, 90)).save(source)
    folder.mkdir()
    assert invoke(["run", "--variants", "3", "--seed", "5", str(source), "-o", str(folder)]) == 0
    pool = PluginPool([parse_variant("effnet_bins"), parse_variant("gray")])
    try:
        plugin = pool.get("effnet_bins")
        assert pool.makes_versions("effnet_bins")
        versions = predict_versions(source, "a.png", plugin, Limits(), 3, 5)
        assert versions.ab.shape[0] == 3
        for number in (1, 2, 3):
            variant = Variant(number, 3, 5)
            kept = KeptPrediction(versions.ab[number - 1], versions.lightness, 60, 90)
            for prediction in (kept, None):
                made = colorize_picture(
                    source, "a.png", KeptPlugin(plugin, prediction, variant),
                    UploadOptions(variant=variant), Limits(), tmp_path,
                )  # fmt: skip
                assert made.file.name == f"a-colorized-{number}.png"
                assert made.file.read_bytes() == (folder / f"a-{number}.png").read_bytes()
                made.file.unlink()
        assert not pool.makes_versions("gray")
        with pytest.raises(UsageError, match="cannot make variants"):
            predict_versions(source, "a.png", pool.get("gray"), Limits(), 3, 5)
    finally:
        pool.close()


def test_the_vividness_of_a_plugin_is_its_option() -> None:
    pool = PluginPool([parse_variant("effnet_bins"), parse_variant("gray")])
    default = pool.vividness("effnet_bins")
    assert default is not None
    assert 0 <= default <= 1
    assert pool.vividness("gray") is None
    stated = PluginPool([parse_variant("effnet_bins:vividness=0.5")])
    assert stated.vividness("effnet_bins:vividness=0.5") is None  # the label counts


@pytest.mark.slow
def test_vividness_gives_the_file_of_run(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(photo(60, 90)).save(source)
    pool = PluginPool([parse_variant("effnet_bins"), parse_variant("gray")])
    try:
        default = pool.vividness("effnet_bins")
        assert default is not None
        assert pool.choose("effnet_bins", default)[:2] == (pool.get("effnet_bins"), "effnet_bins")
        assert pool.choose("gray", 0.9)[:2] == (pool.get("gray"), "gray")
        contents = set()
        for vividness in (0.9, 0.0, 0.9):
            plugin, label, _ = pool.choose("effnet_bins", vividness)
            assert label == f"effnet_bins:vividness={vividness:g}"
            made = colorize_picture(
                source, "a.png", plugin, UploadOptions(), Limits(), tmp_path
            )  # fmt: skip
            written = tmp_path / f"run-{len(contents)}.png"
            option = ["--option", f"vividness={vividness}", "--force"]
            assert invoke(["run", *option, str(source), "-o", str(written)]) == 0
            assert made.file.read_bytes() == written.read_bytes()
            contents.add(made.file.read_bytes())
            made.file.unlink()
        assert len(contents) == 2
    finally:
        pool.close()
    with pytest.raises(UsageError, match="stopped"):
        pool.choose("effnet_bins", 0.9)
