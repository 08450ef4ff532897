"""Old results are not reused after a change of code, of an option file or of a worker."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import colortk
from colortk.batch.journal_key import journal_key
from colortk.batch.options import BatchOptions
from colortk.cli.fit_checks import is_complete
from colortk.errors import ArtifactError, UsageError
from colortk.harness import plugin_processes
from colortk.harness.plugin_variants import parse_variant
from colortk.plugin.options import options_key, parse_options
from colortk.plugin.registry import registry
from colortk.runtime.loading import Loaded
from colortk.runtime.network_io import LinearScaling
from colortk.training.data.split import Split
from colortk.training.identity import trainer_code
from colortk.training.loop import state
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from conftest import colorizer_module, photo

OPTIONS = """
import dataclasses
from pathlib import Path

@dataclasses.dataclass(frozen=True)
class Options:
    amount: Path | None = None
"""
BODY = "return np.full((*lightness.shape, 2), float(self.options.amount.read_text()), np.float32)"


@pytest.fixture
def plugin(distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the module of a plugin ``content_reader`` whose chroma is a number in a file."""
    site = distribution(
        "content_reader",
        OPTIONS + colorizer_module("content_reader", "content_reader", BODY, ", options=Options"),
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    registry.cache_clear()
    yield site / "content_reader.py"
    registry.cache_clear()
    sys.modules.pop("content_reader", None)


def test_a_worker_refuses_code_that_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = parse_variant("gray:strength=0.5")
    same = SimpleNamespace(
        digest=found.key.artifact, options_key="{}", spec=registry().colorizer("gray")[1]
    )

    def difference(plugin: Any) -> str:
        return plugin_processes._difference(found, plugin, "ratio")

    assert difference(same) == ""
    assert difference(SimpleNamespace(**{**vars(same), "digest": "other"})) == "weights"
    assert difference(SimpleNamespace(**{**vars(same), "options_key": '{"x": 1}'})) == "options"
    for name in ("colorizer_code", "running_host_code"):
        with monkeypatch.context() as patch:
            patch.setattr(plugin_processes, name, lambda *about: "other")
            assert difference(same) == "code"


@pytest.mark.slow
def test_a_comparison_scores_again_after_the_content_of_an_option_has_changed(
    plugin: Path, tmp_path: Path
) -> None:
    amount = tmp_path / "amount.txt"
    amount.write_text("20")

    def compared() -> dict[str, Any]:
        report: dict[str, Any] = colortk.compare(
            photo(40, 40, 3),
            [f"content_reader:amount={amount}"],
            ["ab_rmse"],
            store=tmp_path / "store",
        ).as_dict()
        rows = {row["name"]: row["metrics"]["ab_rmse"]["mean"] for row in report["plugins"]}
        return {"computed": report["computed"], "score": rows[f"content_reader:amount={amount}"]}

    first = compared()
    assert compared() == {**first, "computed": 0}
    amount.write_text("-20")
    second = compared()
    assert second["computed"] == 1
    assert second["score"] != first["score"]
    amount.write_text("20")
    assert compared() == {**first, "computed": 0}
    text = plugin.read_text().replace("read_text()", "read_text()) + float(1")
    plugin.write_text(text)
    registry.cache_clear()
    third = compared()
    assert third["computed"] == 1
    assert third["score"] != first["score"]


def test_an_edit_of_code_makes_resume_start_again(plugin: Path, tmp_path: Path) -> None:
    amount = tmp_path / "amount.txt"
    amount.write_text("20")
    options = (f"amount={amount}",)

    def key(refine: str = "ratio") -> str:
        batch = BatchOptions(plugin="content_reader", options=options, refine=refine)
        return json.dumps(journal_key(batch))

    keys = [key(), key("none")]
    amount.write_text("21")
    keys.append(key())
    plugin.write_text(plugin.read_text() + "\n# A comment.\n")
    assert key() == keys[-1]
    plugin.write_text(plugin.read_text() + "\nX = 1\n")
    keys.append(key())
    assert len(set(keys)) == 4


def test_an_edit_of_code_makes_a_film_start_again(plugin: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    from colortk.video.colorize_film import _key
    from colortk.video.film_settings import FilmSettings

    amount, path = tmp_path / "amount.txt", tmp_path / "in.mkv"
    path.write_bytes(b"")
    spec = registry().colorizer("content_reader")[1]
    settings = FilmSettings(tmp_path / "out.mkv")

    def key() -> str:
        options = options_key(parse_options(spec, [f"amount={amount}"]))
        loaded = Loaded(spec, SimpleNamespace(), "", options)
        return json.dumps(_key(path, loaded, settings), default=str)

    amount.write_text("20")
    keys = [key()]
    amount.write_text("21")
    keys.append(key())
    plugin.write_text(plugin.read_text() + "\nX = 1\n")
    keys.append(key())
    assert len(set(keys)) == 3
    assert key() == keys[-1]


def test_a_training_is_not_resumed_after_its_network_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "site" / "changing_network.py"
    source.parent.mkdir()
    source.write_text("def network():\n    return 'gelu'\n")
    monkeypatch.syspath_prepend(str(source.parent))
    import changing_network

    request = TrainRequest(tmp_path, tmp_path / "out", tmp_path / "store")
    recipe = Recipe("changing", changing_network.network, LinearScaling(100, 128), 1, 1, 1e-3)
    sides = Split([tmp_path / "a.png"], [tmp_path / "b.png"], [1.0], [1.0])
    monkeypatch.setattr(state.backend, "library_names", lambda: ("keras", "tensorflow"))

    def run() -> str:
        return state.run_identity(request, recipe, sides)

    before = run()
    state.save_checkpoint(tmp_path, state.TrainingState(), before)
    source.write_text('def network():\n    """Words."""\n    return "gelu"\n')
    assert run() == before
    assert state.load_checkpoint(tmp_path, run()) is not None
    source.write_text("def network():\n    return 'relu'\n")
    with pytest.raises(ArtifactError, match="the code of the network, of the training or") as error:
        state.load_checkpoint(tmp_path, run())
    assert "\n" not in str(error.value)
    source.write_text("def network():\n    return 'gelu'\n")
    monkeypatch.setattr(state.backend, "library_names", lambda: ("keras", "torch"))
    with pytest.raises(ArtifactError, match="library has changed"):
        state.load_checkpoint(tmp_path, run())
    monkeypatch.setattr(state.backend, "library_names", lambda: ("keras", "tensorflow"))
    with pytest.raises(ArtifactError, match="other pictures or settings"):
        state.load_checkpoint(tmp_path, state.run_identity(replace(request, seed=1), recipe, sides))


def test_weights_of_other_code_do_not_count_as_complete(tmp_path: Path) -> None:
    def complete(code: str | None) -> bool:
        manifest = {"artifacts": {}, "command": "told"} | ({} if code is None else {"code": code})
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        return is_complete("effnet_bins", tmp_path, "told", True, False)

    assert complete(trainer_code("effnet_bins"))
    assert complete(None)  # as written by an earlier version
    with pytest.raises(UsageError, match="weights that other code made"):
        complete("0" * 40)


def test_features_of_sift_mlp_are_named_by_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    from colortk_plugins.sift_mlp import views

    path = tmp_path / "a.png"
    Image.fromarray(photo(40, 40, 1)).save(path)
    monkeypatch.setattr(views, "make_views", lambda rgb, rng: {"a": np.zeros(1, np.float16)})
    first = views.prepare_record(views.RecordTask(path, tmp_path))
    assert first.key == views.prepare_record(views.RecordTask(path, tmp_path)).key != ""
    monkeypatch.setattr(views, "running_code", lambda *modules: "other")
    assert views.prepare_record(views.RecordTask(path, tmp_path)).key != first.key
