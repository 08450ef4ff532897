"""Plugin variants: how they are named, and the keys of their results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from colortk.errors import ArtifactError, PluginError, UsageError
from colortk.harness.plugin_variants import parse_variant, parse_variants
from colortk.plugin.registry import registry
from conftest import colorizer_module


@pytest.fixture
def site(
    distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], Path]:
    """Install a plugin in this process for this test."""

    def install(name: str, module: str) -> Path:
        place = distribution(name, module)
        monkeypatch.syspath_prepend(str(place))
        registry.cache_clear()
        return place

    yield install  # type: ignore[misc]
    monkeypatch.undo()
    registry.cache_clear()
    for name in ("optional", "editable"):
        sys.modules.pop(name, None)


OPTIONS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Options:
    reference: str = ""
    temperature: float = 0.4
"""


def test_a_name_with_options_and_commas_in_values(site: Callable[[str, str], Path]) -> None:
    module = OPTIONS + colorizer_module(
        "optional", "optional", "return None", more=", options=Options"
    )
    site("optional", module)
    found = parse_variant("optional:reference=a,b@c.png,temperature=0.5,strength=1.5")
    assert found.request.options == ("reference=a,b@c.png", "temperature=0.5")
    assert found.strength == 1.5
    assert json.loads(found.key.options) == {
        "reference": "a,b@c.png", "temperature": 0.5, "host strength": 1.5,
    }  # fmt: skip
    assert (
        parse_variant("optional").key.options
        != parse_variant("optional:temperature=0.5").key.options
    )
    assert parse_variant("optional").key == parse_variant("optional:temperature=0.4").key


def test_changed_code_changes_the_key(site: Callable[[str, str], Path]) -> None:
    place = site("editable", colorizer_module("editable", "editable", "return 1"))
    before = parse_variant("editable").key
    (place / "editable.py").write_text(colorizer_module("editable", "editable", "return 2"))
    after = parse_variant("editable").key
    assert before.code != after.code
    assert (before.plugin, before.artifact) == (after.plugin, after.artifact)
    (place / "other.py").write_text("# a neighbor that is no part of it")
    assert parse_variant("editable").key == after


def test_weights_of_another_folder_are_another_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no weights in"):
        parse_variant(f"sift_mlp@{tmp_path / 'none'}")
    (tmp_path / "manifest.json").write_text('{"artifacts": {"a.npz": {"sha256": "00"}}}')
    other = parse_variant(f"sift_mlp@{tmp_path}")
    assert other.request.weights == tmp_path.resolve()
    assert other.key.artifact != parse_variant("sift_mlp").key.artifact


def test_variants_are_unique_and_mistakes_are_one_line() -> None:
    assert [e.label for e in parse_variants(["gray", "mean_color", "gray"])] == [
        "gray",
        "mean_color",
    ]
    for text, words in [
        ("", "write NAME"),
        ("gra", "did you mean 'gray'"),
        ("gray:strength=much", "a number from 0 to 2"),
        ("gray:strength=2.1", "a number from 0 to 2"),
        ("gray:temperature=1", "has no options"),
    ]:
        with pytest.raises((UsageError, PluginError), match=words):
            parse_variant(text)
