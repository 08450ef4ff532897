"""The reference picture of the web page, without a browser."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import PictureError, UsageError
from colortk.harness.plugin_variants import parse_variant
from colortk.ui.colorize_inputs import ColorizeInputs
from colortk.ui.kept_predictions import KeptPrediction, KeptPredictions
from colortk.ui.limits import Limits
from colortk.ui.picture_conversion import UploadOptions, colorize_picture
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.visitor_registry import VisitorRegistry
from conftest import photo

ME = "m" * 43


class StoppedPool(PluginPool):
    """A pool whose plugins are never started."""

    def get(self, label: str) -> Any:
        self._variant(label)
        return SimpleNamespace(strength=1, spec=None, digest="", options_key="{}")


def test_the_plugins_that_take_a_reference(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    stated = f"exemplar:reference={tmp_path}/a.png"
    labels = ["exemplar", "exemplar:vividness=0.5", stated, "gray"]
    pool = StoppedPool([parse_variant(label) for label in labels])
    assert [pool.takes_reference(label) for label in labels] == [True, True, False, False]


def test_a_reference_is_shown_by_its_name_and_kept_by_its_path() -> None:
    stated = "exemplar:vividness=0.5"
    pool = StoppedPool([parse_variant(label) for label in ("exemplar", stated, "gray")])
    default = pool.vividness("exemplar")
    assert default is not None
    first, second = (
        pool.choose("exemplar", default, f"/files/{folder}/x, y.png") for folder in ("a", "b")
    )
    assert first.label == second.label == "exemplar:reference=x, y.png"
    assert first.key != second.key
    without = pool.choose("exemplar", default)
    assert (without.label, without.key) == ("exemplar", "exemplar")
    both = pool.choose("exemplar", 0.9 if default != 0.9 else 0.8, "/files/a/x.png").label
    assert both.endswith(",reference=x.png")
    assert pool.choose(stated, 0.9, "/a/x.png").label == f"{stated},reference=x.png"
    assert pool.choose("gray", 0.9, "/a/x.png")[1:] == ("gray", "gray")


def test_predictions_of_another_reference_are_not_used(tmp_path: Path) -> None:
    visitors = VisitorRegistry(tmp_path)
    context: Any = SimpleNamespace(
        folder=lambda kind: visitors.result_folder(ME, "w", kind),
        result_folders=lambda kind: visitors.result_folders(ME, "w", kind),
    )
    pool = StoppedPool([parse_variant("exemplar")])
    keys = [pool.choose("exemplar", 0.5, path).key for path in ("/a/x.png", "/b/x.png", None)]
    zeros = np.zeros((4, 5, 2), np.float32)
    KeptPredictions(context).keep(
        "/p.png", keys[0], KeptPrediction(zeros, zeros[..., 0], 4, 5)
    )  # fmt: skip
    found = [KeptPredictions(context).find("/p.png", key) is not None for key in keys]
    assert found == [True, False, False]


def inputs(reference: Path | None, label: str = "exemplar") -> ColorizeInputs:
    path = None if reference is None else str(reference)
    return ColorizeInputs("/p.png", label, 1.0, "ratio", False, None, "", None, 0.5, path)


def test_references_that_cannot_be_decoded_are_messages(tmp_path: Path) -> None:
    pool = StoppedPool([parse_variant("exemplar"), parse_variant("gray")])
    text, good = tmp_path / "text.png", tmp_path / "good.png"
    text.write_text("no picture at all")
    Image.fromarray(photo(60, 90)).save(good)

    def prepared(path: Path | None, label: str = "exemplar", **limits: int) -> str:
        app: Any = SimpleNamespace(pool=pool, limits=Limits(**limits))
        return inputs(path, label).prepare(app)

    for path, limits, reason in (
        (text, {}, "not a picture"),
        (tmp_path / "gone.png", {}, "it was deleted"),
        (good, {"upload": 1000}, "the limit is 0.001 MB"),
        (good, {"pixels": 100}, "over the limit of 100 pixels"),
    ):
        with pytest.raises(PictureError, match=reason) as caught:
            prepared(path, **limits)
        message = str(caught.value)
        assert message.startswith(f"cannot use the reference '{path.name}': ")
        assert "\n" not in message
        assert str(tmp_path) not in message
    assert prepared(good) == "exemplar with a reference"
    assert prepared(None) == "exemplar"
    assert prepared(text, "gray") == "gray"  # this plugin does not read it


def test_no_process_keeps_a_deleted_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []

    class Process:
        alive, follows_hints, spec, digest, options_key = True, False, None, "", "{}"

        def __init__(self, request: Any, timeout: float) -> None:
            self.options, self.closed = request.options, False
            started.append(self)

        def predict(self, lightness: np.ndarray) -> np.ndarray:
            assert not self.closed
            return np.zeros((*lightness.shape, 2), np.float32)

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr("colortk.ui.pooled_plugin.Isolated", Process)
    pool, plane = PluginPool([parse_variant("exemplar")]), np.zeros((4, 5), np.float32)
    default, reference = pool.vividness("exemplar"), tmp_path / "a=b.png"
    assert default is not None
    reference.touch()
    pool.choose("exemplar", default, str(reference)).plugin.predict(plane)
    pool.forget_deleted_references()
    first, second = started
    assert second.options == (f"reference={reference}",)
    assert not second.closed
    reference.unlink()
    with pool.get("exemplar")._turns.turn():  # it works for someone
        pool.forget_deleted_references()
    assert not second.closed
    pool.forget_deleted_references()
    assert second.closed
    assert not first.closed
    # Another vividness has a process of its own again, which no file ends.
    vivid = pool.choose("exemplar", 0.9 if default != 0.9 else 0.8).plugin
    vivid.predict(plane)
    pool.forget_deleted_references()
    assert not started[-1].closed
    assert len(started) == 3
    pool.close()
    assert all(process.closed for process in started)


@pytest.mark.slow
def test_a_reference_gives_the_file_of_run(tmp_path: Path) -> None:
    pytest.importorskip("gradio.exceptions", reason="the web page needs Gradio: pip install gradio")
    from colortk.ui.event_handlers import visitor_message

    picture = photo(96, 128)
    source, gray = tmp_path / "a.png", tmp_path / "gray.png"
    Image.fromarray(picture).save(source)
    Image.fromarray(picture).convert("L").save(gray)
    references = [tmp_path / name for name in ("same.png", "swapped.png")]
    Image.fromarray(picture).save(references[0])
    Image.fromarray(np.ascontiguousarray(picture[..., ::-1])).save(references[1])
    pool = PluginPool([parse_variant("exemplar")])
    default = pool.vividness("exemplar")
    assert default is not None
    try:
        contents = []
        for reference in references:
            made = colorize_picture(
                source, "a.png",
                pool.choose("exemplar", default, str(reference)).plugin,
                UploadOptions(), Limits(), tmp_path,
            )  # fmt: skip
            contents.append(made.file.read_bytes())
            made.file.unlink()
            written = tmp_path / "run.png"
            arguments = ["-p", "exemplar", "--reference", str(reference), "--force"]
            assert invoke(["run", *arguments, str(source), "-o", str(written)]) == 0
            assert contents[-1] == written.read_bytes()
        assert contents[0] != contents[1]
        with pytest.raises(UsageError, match="it is gray") as caught:
            pool.choose("exemplar", default, str(gray)).plugin.predict(
                np.zeros((256, 256), np.float32)
            )
        message = visitor_message(caught.value, tmp_path)
        assert message.startswith("Cannot use the reference 'gray.png': it is gray")
        assert "\n" not in message
        # The plugin goes on with the next reference.
        chosen = pool.choose("exemplar", default, str(references[0])).plugin
        made = colorize_picture(source, "a.png", chosen, UploadOptions(), Limits(), tmp_path)
        assert made.file.read_bytes() == contents[0]
    finally:
        pool.close()
