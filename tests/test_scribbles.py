"""Strokes on a copy or on a layer: which pixels they set, and which false colors they do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from colortk.color.cielab import gray_rgb, lightness, rgb_to_lab
from colortk.errors import UsageError
from colortk.guidance.constraints import Constraints
from colortk.guidance.prepare import make_guide
from colortk.guidance.scribbles import strokes
from colortk.io.decode import decode
from colortk.io.picture import Picture
from colortk.types import Array
from conftest import photo

RED, BLUE = (210, 40, 30), (40, 60, 190)


def gray_photo() -> Array:
    return gray_rgb(lightness(photo(120, 160, 2)))


def drawn(canvas: Array, line_type: int) -> Array:
    out = np.ascontiguousarray(canvas.copy())
    cv2.line(out, (20, 20), (140, 35), RED, 7, line_type)
    cv2.line(out, (20, 90), (140, 70), BLUE, 7, line_type)
    return out


def hues(constraints: Constraints) -> Array:
    return np.degrees(np.arctan2(constraints.ab[:, 1], constraints.ab[:, 0]))


@pytest.mark.parametrize("line_type", [cv2.LINE_8, cv2.LINE_AA])
def test_a_marked_copy_gives_the_two_hues_alone(line_type: int) -> None:
    gray = gray_photo()
    light = lightness(gray)
    constraints = strokes(drawn(gray, line_type), light)
    assert len(constraints) > 600
    upper = constraints.rows < 60
    for part, color in ((upper, RED), (~upper, BLUE)):
        lab = rgb_to_lab(np.array([[color]], np.uint8))[0, 0]
        hue = np.degrees(np.arctan2(lab[2], lab[1]))
        assert np.abs(hues(constraints)[part] - hue).max() < 3


def test_a_layer_gives_its_opaque_strokes_and_gray_means_no_color() -> None:
    gray = gray_photo()
    layer = np.zeros((120, 160, 4), np.uint8)
    cv2.line(layer, (20, 20), (140, 35), (*RED, 255), 7, cv2.LINE_AA)
    cv2.line(layer, (20, 90), (140, 70), (128, 128, 128, 255), 7, cv2.LINE_AA)
    guide = make_guide(gray, lightness(gray), marked=Picture(layer[..., :3], layer[..., 3]))
    constraints = guide.constraints
    upper = constraints.rows < 60
    assert upper.any()
    assert (~upper).any()
    assert np.abs(constraints.ab[~upper]).max() < 1
    assert np.linalg.norm(constraints.ab[upper], axis=1).min() > 20


def test_a_stroke_of_many_pixels_sets_them_all() -> None:
    gray = np.full((200, 250, 3), 120, np.uint8)
    marked = gray.copy()
    marked[5:-5, 5:-5] = RED
    assert len(strokes(marked, lightness(gray))) == 190 * 240  # more than OpenCV maps at once


def test_a_toned_photograph_is_no_stroke() -> None:
    gray = gray_photo().astype(np.float32)
    sepia = np.clip(gray * (1.0, 0.86, 0.7) + (20, 10, 0), 0, 255).astype(np.uint8)
    guide = make_guide(sepia, lightness(sepia), marked=Picture(drawn(sepia, cv2.LINE_AA)))
    rows, columns = guide.constraints.rows, guide.constraints.columns
    mask = drawn(np.zeros_like(sepia), cv2.LINE_8).any(axis=2)
    mask = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert len(rows) > 600
    assert mask[rows, columns].all()


def test_pale_and_white_strokes_count_on_a_copy_without_losses() -> None:
    """As in Levin's examples: a wall is marked with a pale color, and glass with white."""
    gray = gray_photo()
    pale = (200, 190, 188)
    marked = np.ascontiguousarray(gray.copy())
    cv2.line(marked, (20, 20), (140, 35), pale, 7, cv2.LINE_8)
    cv2.line(marked, (20, 90), (140, 70), (255, 255, 255), 7, cv2.LINE_8)
    constraints = strokes(marked, lightness(gray), original=gray)
    # All of them but pixels that had this color before.
    np.testing.assert_array_equal(
        np.stack([constraints.rows, constraints.columns]),
        np.nonzero(np.abs(marked.astype(int) - gray).max(-1) >= 3),
    )
    upper, wanted = constraints.rows < 60, rgb_to_lab(np.array([[pale]], np.uint8))[0, 0, 1:]
    assert 2 < np.linalg.norm(wanted) < 12
    found = np.median(constraints.ab[upper], axis=0)
    np.testing.assert_allclose(found, wanted, atol=1)
    assert np.abs(constraints.ab[~upper]).max() < 0.1


def test_losses_of_a_copy_are_no_strokes() -> None:
    gray = gray_photo()
    _, data = cv2.imencode(
        ".jpg", drawn(gray, cv2.LINE_8)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85]
    )
    lossy = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    constraints = strokes(np.ascontiguousarray(lossy), lightness(gray), original=gray)
    # JPEG stores chroma of blocks of 16 pixels: it spreads as far as a block.
    near = cv2.dilate(drawn(np.zeros_like(gray), cv2.LINE_8).max(-1), np.ones((33, 33), np.uint8))
    assert len(constraints) > 300
    assert (near[constraints.rows, constraints.columns] > 0).all()


def test_losses_around_lines_on_white_paper_are_no_strokes() -> None:
    """Most pixels of such a copy are equal to the picture, as in a copy without losses."""
    paper = np.full((160, 240, 3), 255, np.uint8)
    for end in range(10, 240, 60):
        cv2.line(paper, (120, 5), (end, 150), (0, 0, 0), 2, cv2.LINE_8)
    copy = paper.copy()
    cv2.rectangle(copy, (20, 20), (60, 60), RED, -1)
    _, data = cv2.imencode(".jpg", copy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    marked = decode(data.tobytes(), "a.jpg")
    assert (marked.pixels == paper).all(-1).mean() > 0.5
    constraints = make_guide(paper, lightness(paper), marked=marked).constraints
    assert len(constraints) > 500
    assert constraints.columns.max() < 80
    assert constraints.rows.max() < 80


def test_strokes_that_do_not_fit_or_are_none_are_refused() -> None:
    gray = gray_photo()
    with pytest.raises(UsageError, match="do not fit the picture"):
        strokes(gray[:-1], lightness(gray))
    with pytest.raises(UsageError, match="there are no strokes"):
        strokes(gray, lightness(gray))
    with pytest.raises(UsageError, match="no opaque area"):
        strokes(gray, lightness(gray), np.zeros(gray.shape[:2], np.uint8))
