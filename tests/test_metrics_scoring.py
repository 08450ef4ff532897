"""Scoring: third-party metrics, failures, declarations, the public function, and the table in the docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.errors import PictureError, UsageError
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.scoring import Scorer
from colortk.metrics import score
from colortk.plugin.discover import DISTRIBUTION, DeclaredPlugin
from colortk.plugin.registry import Registry, registry
from colortk.plugin.spec import MetricSpec
from colortk.plugin.spec_checks import check_spec
from conftest import photo

TRUTH, RESULT = photo(40, 48), photo(40, 48, 3)


def red(truth: np.ndarray, result: np.ndarray) -> float:
    return float(truth[0, 0, 0]) - float(result[0, 0, 0])


def greenest(result: np.ndarray) -> float:
    return result[..., 1].max()


def size(pair: Pair) -> int:
    return pair.truth.lab.size


def raises(truth: np.ndarray, result: np.ndarray) -> float:
    raise RuntimeError("inside\nthe metric")


def leaves(truth: np.ndarray, result: np.ndarray) -> float:
    raise SystemExit(3)


def spoils(truth: np.ndarray, result: np.ndarray) -> float:
    truth[...] = result
    return 0.0


def prints(truth: np.ndarray, result: np.ndarray) -> float:
    print("on stdout")
    return 1.0


def answers(value: Any) -> Callable[..., Any]:
    return lambda truth, result: value


nothing, text, infinite = answers(None), answers("3"), answers(float("-inf"))
enormous = answers(1e308)
undefined, plane = answers(np.float32("nan")), answers(np.ones((2, 2)))


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the functions above like third-party metrics."""
    here = {"needs_reference": True, "takes": "pictures"}
    special = {"greenest": {"needs_reference": False}, "size": {"takes": "pair"}}
    names = (
        "red", "greenest", "size", "raises", "leaves", "spoils", "prints", "nothing", "text",
        "infinite", "undefined", "enormous", "plane", "absent",
    )  # fmt: skip
    found = [
        DeclaredPlugin(
            MetricSpec(name, "x", f"{__name__}:{name}", True, **{**here, **special.get(name, {})}),
            "strange",
            "1.0",
        )
        for name in names
    ]
    known = Registry([*registry().plugins, *found])
    for module in ("colortk.harness.scoring", "colortk.metrics"):
        monkeypatch.setattr(f"{module}.registry", lambda: known)


@pytest.mark.usefixtures("strangers")
def test_metrics_are_called_as_they_declare(capsys: pytest.CaptureFixture[str]) -> None:
    found = Scorer(["red", "psnr", "greenest", "size", "prints"])(Truth(TRUTH), RESULT)
    assert not found.errors
    assert found.values["red"] == float(TRUTH[0, 0, 0]) - float(RESULT[0, 0, 0])
    assert found.values["greenest"] == RESULT[..., 1].max()
    assert found.values["size"] == TRUTH.size
    assert all(type(value) is float for value in found.values.values())
    assert list(found.values) == ["red", "psnr", "greenest", "size", "prints"]
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("raises", "RuntimeError: inside the metric (test_metrics_scoring.py:"),
        ("leaves", "SystemExit: 3"),
        ("spoils", "read-only"),
        ("nothing", "returned NoneType, not a number"),
        ("text", "returned str, not a number"),
        ("plane", "returned ndarray, not a number"),
        ("infinite", "returned -inf, not a finite number"),
        ("undefined", "returned nan, not a finite number"),
        ("enormous", "returned 1e+308, beyond ±1e+100"),
        ("absent", "has no attribute 'absent'"),
    ],
)
def test_a_failing_metric_loses_only_its_own_value(name: str, words: str) -> None:
    truth = TRUTH.copy()
    found = Scorer(["psnr", name, "ssim"])(Truth(truth), RESULT)
    assert set(found.values) == {"psnr", "ssim"}
    assert list(found.errors) == [name]
    assert f"metric '{name}'" in found.errors[name]
    assert words in found.errors[name]
    assert "\n" not in found.errors[name]
    assert (truth == TRUTH).all()


def test_unknown_metrics_are_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'psnr'"):
        Scorer(["pnsr"])


def spec(**changes: Any) -> MetricSpec:
    return MetricSpec(**{
        "name": "x", "summary": "x", "function": "x:x", "higher_is_better": True, **changes,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"higher_is_better": 1}, "higher_is_better=1"),
        ({"takes": "triple"}, "takes='triple'"),
        ({"takes": "pair", "needs_reference": False}, "needs_reference=False"),
        ({"digits": -1}, "digits=-1"),
        ({"digits": True}, "digits=True"),
        ({"bounds": (1, 0)}, "bounds=(1, 0)"),
        ({"bounds": [0, 1]}, "bounds=[0, 1]"),
        ({"chroma": "yes"}, "chroma='yes'"),
        ({"needs_reference": None}, "needs_reference=None"),
        ({"unit": None}, "unit that is not text"),
        ({"label": 3}, "label that is not text"),
    ],
)
def test_declarations_are_checked(changes: dict[str, Any], words: str) -> None:
    why = check_spec(spec(**changes), MetricSpec)
    assert why is not None
    assert words in why


def test_a_third_party_metric_needs_few_fields() -> None:
    minimal = MetricSpec("x", "summary", "module:function", True)
    assert check_spec(minimal, MetricSpec) is None
    assert minimal.heading == "x ↑"
    assert spec(label="ΔE", higher_is_better=False).heading == "ΔE ↓"
    assert spec(higher_is_better=None).heading == "x"


def test_score_takes_the_prediction_first() -> None:
    """ΔE94 depends on the chroma of the original, so the order of arguments matters."""
    from skimage.color import deltaE_ciede94, rgb2lab

    labs = rgb2lab(TRUTH), rgb2lab(RESULT)
    expected = deltaE_ciede94(*labs, kH=1, kC=1, kL=1, k1=0.045, k2=0.015).mean()
    assert score(RESULT, TRUTH, ["delta_e94"])["delta_e94"] == pytest.approx(expected, abs=1e-4)
    assert score(TRUTH, RESULT, ["delta_e94"])["delta_e94"] != pytest.approx(expected, abs=0.01)


def test_score_of_a_gray_original() -> None:
    gray = np.repeat(TRUTH[..., :1], 3, 2)
    found = score(RESULT, gray)
    assert "chroma_ratio" not in found
    assert found["colorfulness"] == pytest.approx(found["colorfulness_error"])
    with pytest.raises(PictureError, match="chroma ratio is not defined: the original has no"):
        score(RESULT, gray, ["psnr", "chroma_ratio"])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (RESULT[:-1], "differ in size: 48 × 39 and 48 × 40"),
        (RESULT.astype(np.float32) / 255, "must be uint8: it is float32"),
        (RESULT[..., 0], r"must be \(H, W, 3\): it is \(40, 48\)"),
        (np.zeros((0, 4, 3), np.uint8), r"it is \(0, 4, 3\)"),
        ([[1, 2, 3]], "must be uint8: it is list"),
    ],
)
def test_arrays_that_are_not_pictures_are_refused(result: Any, words: str) -> None:
    for arguments in ((result, TRUTH), (TRUTH, result)):
        if "differ" in words and arguments[0] is TRUTH:
            continue
        with pytest.raises(UsageError, match=words):
            score(*arguments)


def test_any_memory_layout_scores_the_same() -> None:
    expected = score(RESULT, TRUTH)
    turned = [np.asfortranarray(picture) for picture in (RESULT, TRUTH)]
    assert score(*turned) == expected
    wide = np.repeat(RESULT, 2, 1)[:, ::2]
    assert score(wide, TRUTH) == expected


def test_only_metrics_that_are_asked_for_are_computed() -> None:
    truth = Truth(TRUTH)
    Scorer(["psnr", "mae", "colorfulness"])(truth, RESULT)
    assert "lab" not in vars(truth)
    assert "features" not in vars(truth)


def test_every_metric_has_its_row_in_the_docs() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "metrics.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    ours = {
        n: f.spec for n, f in registry().of(MetricSpec).items() if f.distribution == DISTRIBUTION
    }
    assert list(rows) == list(ours), "the same rows in the same order"
    for name, row in ours.items():
        assert isinstance(row, MetricSpec)
        label, _, direction, unit, reference, chroma, source = rows[name].split(" | ")
        assert label == row.label
        assert direction == {True: "↑", False: "↓", None: "–"}[row.higher_is_better], name
        assert unit == (row.unit or "–"), name
        assert reference == ("yes" if row.needs_reference else "no"), name
        assert chroma == ("yes" if row.chroma else "no"), name
        assert source == (row.source or "–"), name


def test_every_field_of_a_declaration_is_documented() -> None:
    import dataclasses

    from colortk.plugin.spec import RefinerSpec

    text = (Path(__file__).resolve().parents[1] / "docs" / "plugins.md").read_text("utf-8")
    for title, kind in (("## A metric", MetricSpec), ("## A refinement", RefinerSpec)):
        section = text.split(title)[1].split("\n## ")[0]
        for field in dataclasses.fields(kind):
            assert f"`{field.name}`" in section, (kind.__name__, field.name)
