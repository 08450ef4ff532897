"""Decoding in a process: the same pictures, within a time limit."""

from __future__ import annotations

import io
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import PictureError
from colortk.io.decode import decode
from colortk.io.picture import Picture
from colortk.runtime.decode_process import DecodeProcess
from conftest import photo
from metadata_samples import rich_jpeg
from test_truncated import jpeg, png


def large_png() -> bytes:
    """Return a picture that takes long to decode."""
    out = io.BytesIO()
    Image.new("L", (4000, 4000), 7).save(out, "PNG")
    return out.getvalue()


def same(one: Picture, other: Picture) -> None:
    assert one.pixels.dtype == other.pixels.dtype
    assert np.array_equal(one.pixels, other.pixels)
    assert (one.alpha is None) == (other.alpha is None)
    assert one.alpha is None or np.array_equal(one.alpha, other.alpha)
    for name in ("exif", "dpi", "format", "notes", "metadata", "missing"):
        assert getattr(one, name) == getattr(other, name), name


@pytest.fixture(scope="module")
def process() -> DecodeProcess:
    with DecodeProcess(60) as found:
        yield found


def test_pictures_are_the_same_as_without_a_process(process: DecodeProcess) -> None:
    wide = png(np.dstack([photo().astype(np.uint16) * 257, np.full((48, 64), 9999, np.uint16)]))
    for data in (rich_jpeg(), wide, jpeg()):
        same(process.decode(data, "x"), decode(data, "x"))
    cut = jpeg()[:-2000]
    same(process.decode(cut, "x", None, True), decode(cut, "x", None, True))
    for data, limit in ((b"", None), (b"nothing", None), (cut, None), (jpeg(), 10)):
        with pytest.raises(PictureError) as expected:
            decode(data, "x", limit)
        with pytest.raises(PictureError) as error:
            process.decode(data, "x", limit)
        assert str(error.value) == str(expected.value)


def test_several_threads_share_a_process(process: DecodeProcess) -> None:
    found: list[bool] = []

    def work(seed: int) -> None:
        data = png(photo(seed=seed))
        found.append(np.array_equal(process.decode(data, "x").pixels, photo(seed=seed)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_a_slow_or_crashed_decode_fails_alone() -> None:
    with DecodeProcess(0.01) as process:
        with pytest.raises(PictureError, match=r"decoding it takes over 0.01 s and was stopped"):
            process.decode(large_png(), "x")
        assert process._process is None
        process.timeout = 60
        assert process.decode(jpeg(), "x").pixels.shape == (200, 160, 3)
        os.kill(process._process.process.pid, signal.SIGKILL)
        with pytest.raises(PictureError, match="the decoder process ended: .*SIGKILL"):
            process.decode(jpeg(), "x")
        assert process.decode(jpeg(), "x").pixels.shape == (200, 160, 3)


def test_the_timeout_of_run_covers_decoding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    path = tmp_path / "large.png"
    path.write_bytes(large_png())
    assert invoke(["run", "-p", "gray", str(path), "--timeout", "0.01"]) == 1
    err = capsys.readouterr().err
    assert "decoding it takes over 0.01 s" in err
    assert len(err.splitlines()) == 1
    small = tmp_path / "small.png"
    small.write_bytes(png(photo()))
    assert invoke(["run", "-p", "gray", str(small), "--timeout", "60"]) == 0
    with Image.open(tmp_path / "small-colorized.png") as image:
        assert image.size == (64, 48)


def test_the_web_page_limits_decoding_time(tmp_path: Path) -> None:
    from colortk.ui.limits import Limits

    path = tmp_path / "large.png"
    path.write_bytes(large_png())
    with pytest.raises(PictureError, match="decoding it takes over"):
        Limits(decode_seconds=0.01).decode(path, "large.png")
    path.write_bytes(png(photo()))
    assert Limits().decode(path, "x.png").pixels.shape == (48, 64, 3)
