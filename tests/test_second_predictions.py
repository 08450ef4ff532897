"""Second predictions: selection of pictures, isolation from the first, and reported differences."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk import ColorizerSpec, WorkingSize
from colortk.harness.second_predictions import (
    ROUNDING_TOLERANCE,
    compare_predictions,
    predict_again,
    select_pictures,
)
from conftest import QUICK, rows_of

REPEATS = {"COLORTK_REPEATS": "1"}

#: Colorizers by name. All except the last two depend on something besides the picture.
BODIES = {
    # Random in every call.
    "noisy": "return plain(lightness) + np.random.default_rng().normal(0, 5, (*lightness.shape, 2))",
    # Random, but repeats its predictions until its process ends.
    "cached": """
        key = lightness.tobytes()
        if key not in self.kept:
            self.kept[key] = plain(lightness) + np.random.default_rng().normal(0, 5, (*lightness.shape, 2))
        return self.kept[key]""",
    # Returns the previous prediction if the picture is the same as before.
    "echoing": """
        key = lightness.tobytes()
        if key != self.last[0]:
            self.last = key, plain(lightness) + np.random.default_rng().normal(0, 5, (*lightness.shape, 2))
        return self.last[1]""",
    # The same random numbers in every process: only the position of a picture makes a difference.
    "seeded": "return plain(lightness) + self.rng.normal(0, 5)",
    # Changes exactly one pixel. Two numbers of this range are hardly ever within the tolerance.
    "spot": """
        ab = plain(lightness)
        ab[0, 0, 1] += np.random.default_rng().uniform(-90, 90)
        return ab""",
    "steady": "return plain(lightness)",
    # Differs by rounding, like sums in another order.
    "rounding": """
        return plain(lightness) + np.float32(np.random.default_rng().uniform(-1e-3, 1e-3))""",
}
SAME = ("steady", "rounding")
MODULE = """
import numpy as np
from colortk import ColorizerSpec, WorkingSize, hookimpl

def plain(lightness):
    return np.stack([lightness / 5, lightness / 3], -1).astype(np.float32)

class Base:
    def __init__(self, artifacts, options):
        self.kept, self.last, self.calls = {}, (None, None), 0
        self.rng = np.random.default_rng(7)
    def predict_ab(self, lightness):
        self.calls += 1
        return np.asarray(self.answer(lightness), np.float32)
"""


def module(bodies: dict[str, str]) -> str:
    """Return the source of a third-party module with a colorizer for each body."""
    text = MODULE
    for name, body in bodies.items():
        text += f"\nclass {name.title()}(Base):\n    def answer(self, lightness):\n        "
        text += body.strip() + "\n"
    specs = ", ".join(
        f'ColorizerSpec(name="{n}", summary="", factory="varied:{n.title()}",'
        " working_size=WorkingSize(short=32))"
        for n in bodies
    )
    return text + f"\n@hookimpl\ndef colortk_colorizers():\n    return [{specs}]\n"


def named(bodies: Any) -> list[str]:
    return [word for name in bodies for word in ("-p", name)]


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def test_one_picture_in_twenty_is_chosen_by_its_digest() -> None:
    pictures = [digest(n) for n in range(4000)]
    found = select_pictures(pictures)
    assert 150 < len(found) < 250
    assert found == select_pictures(pictures[::-1])
    assert found & set(pictures[:1000]) == select_pictures(pictures[:1000])


@pytest.mark.parametrize("count", [2, 3, 10, 19])
def test_later_pictures_are_predicted_twice_too(count: int) -> None:
    for start in range(0, 400, count):
        pictures = [digest(n) for n in range(start, start + count)]
        assert select_pictures(pictures) & set(pictures[1:])
    assert select_pictures([digest(0)]) == {digest(0)}
    assert select_pictures([]) == set()


def test_the_difference_of_two_predictions_is_measured() -> None:
    first = np.zeros((4, 5, 2), np.float32)
    second = first.copy()
    second[1, 2] = 0.5, -3
    second[3, 3, 0] = ROUNDING_TOLERANCE / 2
    found = compare_predictions(first, second)
    assert (found.difference, found.share) == (3, 1 / 20)
    assert "(4, 4, 2)" in str(compare_predictions(first, second[:, :4]).error)


class Process:
    """A stand-in for the process of a plugin: state is lost when the process ends."""

    spec = ColorizerSpec("stub", "", "stub:stub", working_size=WorkingSize(short=32))

    def __init__(self, name: str) -> None:
        scope: dict[str, Any] = {"ColorizerSpec": ColorizerSpec, "WorkingSize": WorkingSize}
        exec(module({name: BODIES[name]}), scope)
        self.factory: Callable[..., Any] = scope[name.title()]
        self.colorizer: Any = None
        self.loading = 0.0
        self.starts = 0

    def predict(self, lightness: np.ndarray) -> np.ndarray:
        if self.colorizer is None:
            self.colorizer = self.factory(None, None)
            self.starts += 1
        answer: np.ndarray = self.colorizer.predict_ab(lightness.copy())
        return answer

    def close(self) -> int:
        self.colorizer = None
        return 0


@pytest.mark.parametrize("place", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("name", BODIES)
def test_a_prediction_that_depends_on_state_is_detected(name: str, place: int) -> None:
    """A second prediction is made at any position among the predicted pictures."""
    process = Process(name)
    rng = np.random.default_rng(place)
    for _ in range(place):
        light = rng.uniform(0, 100, (32, 41)).astype(np.float32)
        first = process.predict(light)
    found, seconds = predict_again(process, light, first, renew=True)
    assert process.starts == 2
    assert seconds > 0
    assert found.error is None
    assert (found.difference > ROUNDING_TOLERANCE) == (name not in SAME), found
    if name == "spot":
        assert found.share == pytest.approx(1 / (32 * 41))
    if name == "rounding":
        assert 0 < found.difference < ROUNDING_TOLERANCE


@pytest.mark.parametrize("name", ["noisy", "echoing", "seeded", "steady"])
def test_second_predictions_in_the_same_process(name: str) -> None:
    process = Process(name)
    light = np.linspace(0, 100, 32 * 41, dtype=np.float32).reshape(32, 41)
    found, _ = predict_again(process, light, process.predict(light), renew=False)
    assert process.starts == 1
    assert (found.difference > ROUNDING_TOLERANCE) == (name not in SAME)


@pytest.mark.slow
def test_every_format_marks_plugins_that_are_not_deterministic(
    folder: Path, distribution: Callable[..., Path], colortk: Callable[..., Any], tmp_path: Path
) -> None:
    site = distribution("varied", module({"cached": BODIES["cached"]}))
    files = ("--csv", "s.csv", "--markdown", "s.md", "--html", "r.html")
    arguments = ("compare", folder / "1.png", "-p", "cached", "-m", "ab_rmse", *files)
    shown = colortk(*arguments, plugins=site, env=REPEATS)
    assert shown.returncode == 0, shown.stderr
    line = "† cached is not deterministic: on 1 of 1 picture predicted twice"
    for text in (shown.stdout, *((tmp_path / n).read_text("utf-8") for n in ("s.md", "r.html"))):
        assert line in text
        assert "cached †" in text
        assert "gray †" not in text
    lines = {r["plugin"]: r for r in csv.DictReader(io.StringIO((tmp_path / "s.csv").read_text()))}
    assert lines["cached"]["deterministic"] == "0"
    assert float(lines["cached"]["repeat_difference"]) > ROUNDING_TOLERANCE
    assert (lines["gray"]["deterministic"], lines["gray"]["repeat_difference"]) == ("1", "0.0")


@pytest.mark.slow
def test_real_processes_of_several_plugins(
    folder: Path, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("varied", module(BODIES))
    arguments = ("compare", folder, *named(BODIES), "-m", "ab_rmse", "--json", "--per-image")
    run = colortk(*arguments, "--jobs", "2", plugins=site, env=REPEATS)
    assert run.returncode == 0, run.stderr
    rows = rows_of(run)
    for name, row in rows.items():
        assert row["repeats"]["deterministic"] is (name in {*SAME, "gray"}), name
        assert row["repeats"]["pictures"] == 1
    report = json.loads(run.stdout)
    assert report["repeats"]["tolerance"] == ROUNDING_TOLERANCE
    assert sum(r["repeat"] is not None for r in report["records"]) == len(rows)
    again = json.loads(colortk(*arguments, plugins=site, env=REPEATS).stdout)
    assert again["computed"] == 0
    assert [p["repeats"] for p in again["plugins"]] == [p["repeats"] for p in report["plugins"]]


@pytest.mark.slow
def test_second_predictions_are_not_timed_and_can_be_disabled(
    folder: Path, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    """The plugin is slow only after the first picture of its process, and one picture is compared."""
    body = """
        import time
        if self.calls > 1:
            time.sleep(5)
        return plain(lightness)"""
    site = distribution("varied", module({"tired": body}))
    arguments = ("compare", folder / "1.png", "-p", "tired", "-m", "ab_rmse", "--json")
    without = colortk(*arguments, "--no-repeats", plugins=site, env=REPEATS)
    assert rows_of(without)["tired"]["repeats"] is None
    run = colortk(*arguments, plugins=site, env=REPEATS)
    found = rows_of(run)["tired"]
    assert found["repeats"]["deterministic"] is True
    assert found["seconds"]["median"] < 4
    assert json.loads(run.stdout)["repeats"]["seconds"] > 4.9


@pytest.mark.slow
def test_a_second_prediction_that_fails(
    folder: Path, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    """The first prediction is scored as usual, and a note reports the failure."""
    body = """
        if self.calls > 1:
            raise ValueError("tired")
        return plain(lightness)"""
    site = distribution("varied", module({"once": body}))
    arguments = ("compare", folder / "1.png", "-p", "once", "-m", "ab_rmse")
    run = colortk(*arguments, plugins=site, env=REPEATS)
    assert run.returncode == 0, run.stderr
    assert "once failed on 1 of 1 picture" in run.stdout
    report = colortk(*arguments, "--json", "--per-image", plugins=site, env=REPEATS)
    found = rows_of(report)["once"]
    assert found["repeats"]["deterministic"] is None
    assert found["metrics"]["ab_rmse"]["n"] == 1
    (record,) = (r for r in json.loads(report.stdout)["records"] if r["plugin"] == "once")
    assert "tired" in record["repeat"]["error"]


@pytest.mark.slow
def test_an_older_store_is_read_and_completed(
    folder: Path, site: Path, colortk: Callable[..., Any], tmp_path: Path
) -> None:
    arguments = ("compare", folder, "-p", "orange", *QUICK, "--json")
    before = rows_of(colortk(*arguments, plugins=site))
    with sqlite3.connect(tmp_path / "store" / "results.sqlite") as store:
        store.execute("DROP TABLE repeats")
    store.close()
    run = colortk(*arguments, plugins=site)
    assert json.loads(run.stdout)["computed"] == 0
    assert rows_of(run)["orange"]["metrics"] == before["orange"]["metrics"]
    run = colortk(*arguments, plugins=site, env=REPEATS)
    assert json.loads(run.stdout)["computed"] == 2
    assert rows_of(run)["orange"]["repeats"]["deterministic"] is True
    assert rows_of(run)["orange"]["metrics"] == before["orange"]["metrics"]


@pytest.mark.slow
def test_a_frame_of_every_film_is_predicted_twice(
    distribution: Callable[..., Path], colortk: Callable[..., Any], tmp_path: Path
) -> None:
    pytest.importorskip("av")
    from films import film

    film(tmp_path / "clip.mp4", 6)
    site = distribution("varied", module({n: BODIES[n] for n in ("noisy", "cached", "steady")}))
    run = colortk(
        "compare", "clip.mp4", *named(("noisy", "cached", "steady")), "-m", "flicker",
        "-m", "ab_rmse", "--size", "48", "--json", plugins=site, env=REPEATS,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    rows = {row["name"]: row for row in json.loads(run.stdout)["films"]["plugins"]}
    for name in ("noisy", "noisy+flow", "cached", "cached+flow"):
        assert rows[name]["repeats"]["deterministic"] is False, name
    assert rows["steady"]["repeats"]["deterministic"] is True
