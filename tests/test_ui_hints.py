"""Hints on the web page without a browser: messages, limits, kept predictions, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import PictureError, UsageError
from colortk.guidance.hints import Hint
from colortk.harness.plugin_variants import parse_variant
from colortk.ui.kept_predictions import HINT_SIDE, KeptPlugin, KeptPrediction, KeptPredictions
from colortk.ui.limits import Limits
from colortk.ui.page_hints import (
    MAX_POINTS,
    MAX_TEXT,
    check_size,
    format_hints,
    parse_hints,
    render_hints,
    scale_hint,
    summarize_notes,
)
from colortk.ui.picture_conversion import ColorizedPicture, UploadOptions, colorize_picture
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.visitor_registry import KEEP_SECONDS, MAX_RESULTS, VisitorRegistry
from conftest import photo

ME, YOU = "m" * 43, "y" * 43
POINTS = [
    {"x": 12, "y": 20, "color": "#2a4d8f"},
    {"x": 40, "y": 70.25, "color": "#d8a08a", "radius": 2},
    {"x": 50, "y": 5, "neutral": True},
    {"x": 5, "y": 80, "keep": True},
]


@pytest.fixture(scope="module")
def pool() -> Iterator[PluginPool]:
    plugins = PluginPool([parse_variant("mean_color")])
    yield plugins
    plugins.close()


def message(points: Any, picture: Any = "p", **more: Any) -> str:
    return json.dumps({"picture": picture, "hints": {"version": 1, "points": points, **more}})


def test_a_message_is_read_and_written_alike() -> None:
    hints = parse_hints(message(POINTS))
    assert hints.hints[0] == Hint(12, 20, (0x2A, 0x4D, 0x8F))
    assert hints.hints[1].radius == 2
    assert hints.hints[2].neutral
    assert parse_hints(format_hints(hints)) == hints
    assert hints.of("p") == hints.hints
    assert hints.of("another picture") == ()
    for nothing in (None, "", message([])):
        assert parse_hints(nothing).hints == ()
    later = parse_hints(message([{**POINTS[0], "frame": 3}]))
    assert later.hints == ()  # of a film


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "{}",
        '{"picture": "p"}',
        message(POINTS, picture=7),
        message(POINTS, picture="p" * 65),
        message(POINTS)[:-1] + ', "more": 1}',
        message(POINTS)[:-1] + ', "picture": "q"}',
        message({}),
        message(None),
        message([1]),
        message([{"x": 1, "y": 1}]),
        message([{"x": 1, "y": 1, "color": "#2a4d8f", "path": "/etc/passwd"}]),
        message([{"x": "1e999", "y": 1, "color": "#2a4d8f"}]),
        message([{"x": 1, "y": 1, "color": "#2a4d8f", "radius": -1}]),
        message([{"x": 1, "y": 1, "color": "red"}]),
        message(POINTS).replace("12", "1e999"),
        message(POINTS).replace("12", "NaN"),
        message(POINTS).replace("12", "9" * 400),
        message([POINTS[0]] * (MAX_POINTS + 1)),
        message(POINTS) + " " * MAX_TEXT,
        '{"picture": "p", "hints": ' + "[" * 5000 + "]" * 5000 + "}",
        message(POINTS, units="miles"),
        message(POINTS, picture="\ud800"),
    ],
)
def test_other_messages_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_hints(text)


def test_the_guard_passes_checked_hints_only() -> None:
    from colortk.ui.input_checks import _hints

    text = message(POINTS)
    assert parse_hints(_hints(text, lambda path: False)) == parse_hints(text)
    assert parse_hints(_hints(None, lambda path: False)).hints == ()
    for value in (1, [text], {"x": text}, "<b>"):
        with pytest.raises(ValueError, match=r"\w"):
            _hints(value, lambda path: True)


def test_a_mask_is_read_and_written_alike() -> None:
    mask = {"width": 4, "height": 2, "runs": [1, 2, 5]}
    text = json.dumps({**json.loads(message(POINTS)), "mask": mask, "revision": 3})
    hints = parse_hints(text)
    assert parse_hints(format_hints(hints)) == hints
    assert hints.revision == 3
    painted = hints.mask_of("p")
    assert painted is not None
    assert painted.picture().pixels.tolist() == [[255, 0, 0, 255], [255] * 4]
    assert hints.mask_of("another picture") is None


@pytest.mark.parametrize(
    "change",
    [
        {"width": 5}, {"width": 0, "runs": []}, {"width": -4, "height": -2}, {"height": True},
        {"runs": [1, -2, 9]}, {"runs": [8.0]}, {"runs": "8"}, {"more": 1},
        {"width": 2000, "height": 2000, "runs": [4_000_000]},
        {"width": 300, "height": 100, "runs": [1] * 30_000},
    ],
)  # fmt: skip
def test_another_mask_is_refused(change: dict[str, Any]) -> None:
    mask = {"width": 4, "height": 2, "runs": [8], **change}
    with pytest.raises(ValueError, match="mask"):
        parse_hints(json.dumps({**json.loads(message(POINTS)), "mask": mask}))


def test_notes_of_one_kind_are_one_line() -> None:
    late = "which is later, sets another color"
    notes = [f"hint {k},2,#aabbcc is ignored where hint 9,9,keep, {late}" for k in range(3)]
    notes += ["hint 7,8,keep is ignored: it is outside the picture of 3 × 3", "something else"]
    assert summarize_notes(notes, {"7,8,keep": "at 70, 80"}) == [
        "3 points, the first 0,2,#aabbcc: each is ignored where a later one sets another color.",
        "The point at 70, 80 is ignored: it is outside the picture of 3 × 3.",
        "Something else.",
    ]


@pytest.mark.parametrize("radius, fractions", [(500, False), (1e300, False), (1.0, True)])
def test_points_that_cover_too_much_are_refused(radius: float, fractions: bool) -> None:
    check_size([Hint(0, 0, (1, 2, 3), 3)] * MAX_POINTS, 5000, 7000)
    with pytest.raises(UsageError, match="too large"):
        check_size([Hint(0, 0, (1, 2, 3), radius, fractions)], 5000, 7000)


@pytest.mark.parametrize("point", [(0, 0), (99, 49), (33.5, 12)])
def test_points_keep_their_place_in_a_smaller_copy(point: tuple[float, float]) -> None:
    small = scale_hint(Hint(*point, (1, 2, 3), 4), 50, 100, (25, 50))
    assert ((small.x + 0.5) * 2 - 0.5, (small.y + 0.5) * 2 - 0.5) == pytest.approx(point)
    assert small.radius == 2
    fraction = scale_hint(Hint(0.5, 0.5, neutral=True, fractions=True), 50, 100, (25, 50))
    assert (fraction.x, fraction.y, fraction.fractions) == (24.5, 12, False)


def colorized(
    source: Path, plugin: Any, folder: Path, points: Any = POINTS, **options: Any
) -> ColorizedPicture:
    folder.mkdir()
    chosen = UploadOptions(hints=parse_hints(message(points)).hints, **options)
    return colorize_picture(source, source.name, plugin, chosen, Limits(), folder)


@pytest.mark.parametrize("strength, keep_border", [(1.0, False), (1.4, True)])
def test_the_page_gives_the_same_file_as_run_with_hints(
    strength: float, keep_border: bool, pool: PluginPool, tmp_path: Path
) -> None:
    pixels = photo(90, 60)
    pixels[:6] = pixels[-6:] = 250
    pixels[:, :6] = pixels[:, -6:] = 250
    source = tmp_path / "a.png"
    Image.fromarray(pixels).convert("L").save(source)
    made = colorized(
        source, pool.get("mean_color"), tmp_path / "page", strength=strength,
        keep_border=keep_border,
    )  # fmt: skip
    hints = tmp_path / "a.hints.json"
    hints.write_text(json.dumps({"version": 1, "units": "pixels", "points": POINTS}))
    border = ["--keep-border"] if keep_border else []
    arguments = ["--strength", str(strength), "--hints", str(hints), *border, str(source)]
    assert invoke(["run", "-p", "mean_color", *arguments]) == 0
    assert made.file.read_bytes() == source.with_name(made.file.name).read_bytes()
    plain = colorized(source, pool.get("mean_color"), tmp_path / "plain", [], strength=strength)
    assert made.file.read_bytes() != plain.file.read_bytes()
    # A picture that is small enough is shown as it is written.
    kept = KeptPrediction(plain.prediction.ab, plain.prediction.lightness, 90, 60)
    shown = render_hints(kept, parse_hints(message(POINTS)).hints, strength, "ratio", keep_border)
    with Image.open(made.file) as image:
        assert (np.asarray(image) == shown).all()


def test_a_kept_prediction_needs_no_plugin(pool: PluginPool, tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(photo(40, 30)).save(source)
    plugin = pool.get("mean_color")
    first = colorized(source, plugin, tmp_path / "1", [])

    def predict(lightness: Any) -> Any:
        raise AssertionError("it was called")

    spec, digest, key = plugin.spec, plugin.digest, plugin.options_key
    silent: Any = SimpleNamespace(
        predict=predict, strength=1.0, spec=spec, digest=digest, options_key=key
    )
    again = colorized(source, KeptPlugin(silent, first.prediction), tmp_path / "2", [])
    assert again.file.read_bytes() == first.file.read_bytes()
    of_another_size = KeptPrediction(
        np.zeros((3, 3, 2), np.float32), first.prediction.lightness, 1, 1
    )
    with pytest.raises(AssertionError, match="it was called"):
        colorized(source, KeptPlugin(silent, of_another_size), tmp_path / "3", [])


def test_a_large_picture_is_kept_small(pool: PluginPool, tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(photo(30, 2 * HINT_SIDE)).save(source)
    made = colorized(source, pool.get("mean_color"), tmp_path / "1")
    assert made.prediction.lightness.shape == (15, HINT_SIDE)
    assert (made.prediction.height, made.prediction.width) == (30, 2 * HINT_SIDE)
    shown = render_hints(made.prediction, (), 1.0, "ratio", keep_border=False)
    assert shown.shape == (15, HINT_SIDE, 3)


def test_predictions_belong_to_one_window_and_go_with_the_visitor(tmp_path: Path) -> None:
    now = 0.0
    visitors = VisitorRegistry(tmp_path / "page", lambda: now)

    def window(token: str | None, name: str = "w") -> KeptPredictions:
        context: Any = SimpleNamespace(
            folder=lambda kind: visitors.result_folder(token, name, kind),
            result_folders=lambda kind: visitors.result_folders(token, name, kind),
        )
        return KeptPredictions(context)

    rng = np.random.default_rng(0)
    ab, light = rng.normal(size=(3, 4, 2)), rng.random((6, 8))
    prediction = KeptPrediction(ab.astype(np.float32), light.astype(np.float32), 60, 80)
    window(ME).keep("/a.png", "x", prediction)
    found = window(ME).find("/a.png", "x")
    assert found is not None
    assert (found.ab == prediction.ab).all()
    assert (found.lightness == prediction.lightness).all()
    assert (found.height, found.width) == (60, 80)
    for others in (window(YOU), window(ME, "v"), window(None), window("../x")):
        assert others.find("/a.png", "x") is None
    assert window(ME).find("/b.png", "x") is None
    assert window(ME).find("/a.png", "y") is None
    (file,) = (tmp_path / "page").rglob("*.npz")
    assert visitors.owns(ME, str(file))
    assert not visitors.owns(YOU, str(file))
    with pytest.raises(PictureError):
        window(None).keep("/a.png", "x", prediction)
    for number in range(5):
        window(ME).keep(f"/{number}.png", "x", prediction)
    assert len(list((tmp_path / "page").rglob("*.npz"))) == MAX_RESULTS
    assert window(ME).find("/4.png", "x") is not None
    assert window(ME).find("/a.png", "x") is None
    now = KEEP_SECONDS + 1
    visitors.sweep()
    assert list((tmp_path / "page").rglob("*.npz")) == []
    assert window(ME).find("/4.png", "x") is None
