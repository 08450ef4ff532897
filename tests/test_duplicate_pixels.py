"""The same picture in several files counts once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colortk
from colortk.harness.duplicate_pixels import duplicate_pixels, pixel_digest
from colortk.harness.leaderboard import boards
from colortk.harness.protocol import load_protocol
from colortk.harness.results import Results
from colortk.harness.sources import Source
from colortk.report.captions import caption
from colortk.survey.prepare import LeftOut, prepared
from conftest import photo
from films import film
from test_results import picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One photograph in three different files, and another photograph."""
    place = tmp_path / "pictures"
    place.mkdir()
    first = Image.fromarray(photo(40, 50, 1))
    first.save(place / "a.png")
    first.save(place / "b.bmp")
    first.save(place / "c.png", compress_level=0)
    Image.fromarray(photo(40, 50, 2)).save(place / "d.png")
    return place


def test_a_digest_tells_values_shapes_and_types_apart() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    others = [pixels.reshape(4, 2, 3), pixels.astype(np.uint16), pixels + 1, pixels.T]
    digests = {pixel_digest(array) for array in [pixels, pixels.copy(), *others]}
    assert len(digests) == 5


def test_only_the_first_of_equal_originals_counts() -> None:
    known = {name: picture(name) for name in "abcd"}
    known["c"].pixels = known["a"].pixels
    known["b"].pixels = known["d"].pixels = ""  # as written by an earlier version
    assert duplicate_pixels("abcde", known) == {"c": "a"}
    assert duplicate_pixels("cba", known) == {"a": "c"}


def test_a_comparison_counts_equal_pixels_once(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    reports = [colortk.compare(folder, ["gray"], ["psnr"], store=store).summary() for _ in range(2)]
    names = {
        str(folder / "b.bmp"): str(folder / "a.png"),
        str(folder / "c.png"): str(folder / "a.png"),
    }
    for report in reports:
        assert (report.images, report.repeated) == (2, 2)
        assert report.same_pixels == names
        assert sum("has the pixels of" in line for line in caption(report)) == 2
    assert [report.computed for report in reports] == [4, 0]
    Image.open(folder / "a.png").save(folder / "e.tif")
    Image.open(folder / "d.png").save(folder / "f.png", compress_level=0)
    third = colortk.compare(folder, ["gray"], ["psnr"], store=store).as_dict()
    assert (third["images"], third["repeated"], third["computed"]) == (2, 4, 2)
    with Results(store) as results:
        (board,) = boards(results)
    assert board.images == 2


def test_a_survey_shows_equal_pixels_once(folder: Path) -> None:
    import hashlib

    sources = [
        Source(str(path), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.iterdir())
    ]
    made = list(prepared(sources, [], load_protocol(), None))
    assert [isinstance(one, LeftOut) for one in made] == [False, True, True, False]
    assert all("has the pixels of" in one.why for one in made if isinstance(one, LeftOut))


@pytest.mark.slow
def test_films_with_equal_frames_count_once(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    film(clips / "a.mkv", frames=3, codec="ffv1")
    film(clips / "b.avi", frames=3, codec="ffv1")
    film(clips / "c.mkv", frames=4, codec="ffv1")
    report = colortk.compare(clips, ["gray"], ["psnr"], store=tmp_path / "store").films.as_dict()
    assert (report["images"], report["repeated"]) == (2, 1)
    assert [Path(name).name for name in report["same_pixels"]] == ["b.avi"]
