"""The protocol: its file, its hash, and the preparation of pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError, UsageError
from colortk.harness.protocol import cropped, load_protocol, reference_picture
from conftest import photo


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_protocol_v1_is_unchanged() -> None:
    """The hash is the key of results, so a change needs a new version, and v1 stays readable."""
    assert load_protocol("v1").hash == (
        "968579ecd33c1fa7ed43d4ec5d1a007c155f81aac72d1fedda7e9d5979e72ac0"
    )


def test_v2_leaves_gray_out_of_every_measure_and_v1_did_not() -> None:
    for film in ("", "-film"):
        old, new = load_protocol(f"v1{film}"), load_protocol(f"v2{film}")
        assert (old.leaves_gray_out, new.leaves_gray_out) == (False, True)
        assert old.near_gray == new.near_gray == 2
        assert old.hash != new.hash
    assert load_protocol().name == "v2"


def test_a_varied_protocol_has_another_name_and_hash() -> None:
    v1 = load_protocol("v1")
    native = v1.varied(short_side=None)
    assert native.name == "v1, native"
    assert native.definition["crop"] is None
    bold = v1.varied(refine="none", short_side=512)
    assert bold.name == "v1, refine=none, short_side=512"
    assert len({v1.hash, native.hash, bold.hash}) == 3
    assert v1.varied(refine="ratio", short_side=256) == v1


def test_invalid_variations_are_refused() -> None:
    for changes, words in [
        ({"foo": 1}, "a protocol has no 'foo'"),
        ({"short_side": -5}, "16 to 8192 pixels"),
        ({"short_side": 2.5}, "16 to 8192 pixels"),
    ]:
        with pytest.raises(UsageError, match=words):
            load_protocol().varied(**changes)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(UsageError, match="known: v1"):
        load_protocol("v9")


def test_the_middle_square_is_cut_out_and_brought_to_size() -> None:
    wide = np.zeros((50, 100, 3), np.uint8)
    wide[:, 25:75] = 255
    for side in (25, 50, 80):
        found = cropped(wide, side)
        assert found.pixels.shape == (side, side, 3)
        assert (found.pixels == 255).all()
        assert found.enlarged == (side > 50)
    assert cropped(wide, None).pixels.shape == (50, 100, 3)


def test_downscaling_averages_pixels() -> None:
    checks = np.indices((512, 512)).sum(0) % 2 * 255
    pixels = np.repeat(checks[..., None], 3, 2).astype(np.uint8)
    assert np.abs(cropped(pixels, 256).pixels.astype(int) - 127.5).max() <= 1


def test_every_kind_of_picture_becomes_8_bit_rgb() -> None:
    v1 = load_protocol().varied(short_side=None)
    color = photo(40, 30)
    assert np.array_equal(reference_picture(png(color), "x", v1).pixels, color)
    gray = reference_picture(png(color[..., 0]), "x", v1).pixels
    assert (gray == color[..., :1]).all()
    deep = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    found = reference_picture(png(deep), "x", v1).pixels[..., 0]
    assert np.array_equal(found, np.rint(deep / 257).astype(np.uint8))
    with pytest.raises(PictureError, match="cannot read 'x'"):
        reference_picture(b"no picture", "x", v1)
