"""Hints: what users write on the command line and in JSON, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from colortk.errors import UsageError
from colortk.guidance.hints import (
    Hint,
    hint_from_text,
    hints_from_json,
    hints_to_json,
    of_still,
    parse_color,
    read_hints,
)
from colortk.guidance.options import Region, region_from_text

POINTS: list[dict[str, Any]] = [
    {"x": 10, "y": 20.5, "color": "#a03020"},
    {"x": 1, "y": 2, "color": "#fff", "radius": 4},
    {"x": 3, "y": 4, "keep": True},
    {"x": 5, "y": 6, "neutral": True, "frame": 7},
    {"x": 5, "y": 6, "neutral": True, "time": 1.5},
]


def test_a_file_is_read_and_written_back() -> None:
    hints = hints_from_json({"version": 1, "points": POINTS})
    assert hints[0] == Hint(10, 20.5, (160, 48, 32))
    assert hints[1] == Hint(1, 2, (255, 255, 255), 4)
    assert hints[2] == Hint(3, 4)
    assert (hints[3].neutral, hints[3].frame, hints[4].time) == (True, 7, 1.5)
    assert hints_from_json(json.loads(json.dumps(hints_to_json(hints)))) == hints
    assert of_still(hints) == hints[:3]


def test_fractions_name_the_same_point_at_every_size() -> None:
    (hint,) = hints_from_json(
        {"units": "fractions", "points": [{"x": 0.5, "y": 0.25, "color": "#000", "radius": 0.1}]}
    )
    assert hint.in_pixels(40, 100) == (49.5, 9.5, 4)
    assert str(hint) == "50%,25%,#000000"
    assert hints_to_json([hint])["units"] == "fractions"
    with pytest.raises(ValueError, match="pixels and in fractions"):
        hints_to_json([hint, Hint(1, 1)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": None}, "point 0: None is not a number"),
        ({"x": float("nan")}, "finite"),
        ({"y": True}, "not a number"),
        ({"color": "blue"}, "#RRGGBB"),
        ({"color": 5}, "#RRGGBB"),
        ({"keep": True}, "one of 'color', 'keep' and 'neutral'"),
        ({"color": None}, "one of 'color', 'keep' and 'neutral'"),
        ({"radius": -1}, "not negative"),
        ({"frame": 1.5}, "whole number"),
        ({"frame": 1, "time": 2}, "exclude each other"),
        ({"hue": "#fff"}, "unknown key 'hue'"),
    ],
)
def test_a_wrong_point_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hints_from_json({"points": [POINTS[0] | change]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "'points' is needed"),
        ('{"points": 5}', "'points' is needed"),
        ('{"points": [], "version": 2}', "version"),
        ('{"points": [], "units": "mm"}', "pixels"),
        ('{"points": [5]}', "point 0: it is not an object"),
        ("[" * 100_000, "nested"),
        (json.dumps({"points": [POINTS[0]] * 10_001}), "over the limit"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.hints.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=words) as error:
        read_hints(path)
    assert "photo.hints.json" in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_hints(tmp_path / "none.json")


def test_hints_of_the_command_line() -> None:
    assert hint_from_text("12,34.5, #0a0B0c") == Hint(12, 34.5, (10, 11, 12))
    assert hint_from_text("50%,25%,keep") == Hint(0.5, 0.25, fractions=True)
    assert hint_from_text("1,2,neutral") == Hint(1, 2, neutral=True)
    for wrong in ("1,2", "1,2,3,4", "a,2,#fff", "1,2,red", "inf,2,#fff", "5%,2,#fff", ""):
        with pytest.raises(UsageError, match="write it as X,Y,#RRGGBB"):
            hint_from_text(wrong)
    assert parse_color("#f0a") == (255, 0, 170)


def test_regions_of_the_command_line() -> None:
    assert region_from_text("1,2,30,40:strength=0.5") == Region(1, 2, 30, 40, 0.5)
    half = region_from_text("0%,0%,50%,100%:strength=2")
    assert half == Region(0, 0, 0.5, 1, 2, fractions=True)
    for wrong in (
        "1,2,3:strength=1",
        "1,2,30,40",
        "1,2,30,40:force=1",
        "1,2,0,40:strength=1",
        "1,2,30,40:strength=3",
        "1,2,30,40:strength=nan",
        "1%,2,30,40:strength=1",
    ):
        with pytest.raises(UsageError, match="write it as X,Y,WIDTH,HEIGHT:strength=0.5"):
            region_from_text(wrong)
