"""Colorize mutated films as ``colortk video`` does, in the manner of ``fuzz.py``.

    python tests/fuzz_films.py --count 5000 --seed 0 --jobs 2

A film must be colorized, or refused with one line. It may leave only its result, or the folder of
segments from which ``--resume`` continues. Everything else is a finding, as in ``fuzz.py``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import zlib
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import fuzz

#: Name of each film, its streams, and its encoding options.
FILMS: dict[str, dict[str, Any]] = {
    "h264.mp4": {},
    "index first.mp4": {"options": {"movflags": "faststart"}},
    "turned, sound.mp4": {"turn": 90, "sound": "aac"},
    "in pieces.mp4": {"options": {"movflags": "frag_keyframe+empty_moov"}},
    "h264.mkv": {"sound": "flac", "subtitles": "srt"},
    "hevc.mkv": {"codec": "libx265", "pixels": "yuv420p10le", "size": (64, 64), "encoding": {"x265-params": "log-level=none"}},
    "ffv1.mkv": {"codec": "ffv1", "pixels": "gray"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "av1.mkv": {"codec": "libsvtav1", "size": (64, 64)},
    "animation.mov": {"codec": "qtrle", "pixels": "rgb24"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "mpeg2.ts": {"codec": "mpeg2video"},
    "wmv2.asf": {"codec": "wmv2"},
    "flv.flv": {"codec": "flv"},
    "raw.nut": {"codec": "rawvideo", "size": (16, 24), "pixels": "bgr24"},
    "gif.gif": {"codec": "gif", "pixels": "rgb8"},
}  # fmt: skip


@cache
def seeds() -> dict[str, bytes]:
    """Films of six small frames, by name."""
    os.environ["SVT_LOG"] = "1"  # errors alone
    from films import film

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, more in FILMS.items():
            told: dict[str, Any] = {"frames": 6, "size": (32, 48), **more}
            # Without dates and random numbers, so that mutants are reproducible.
            told["options"] = {"fflags": "+bitexact", **told.get("options", {})}
            found[f"film:{name}"] = film(Path(folder) / name, **told).read_bytes()
    return found


@cache
def _plugin() -> Any:
    from colortk.runtime.loading import PluginRequest, load

    return load(PluginRequest("gray"))


def read(data: bytes, folder: Path) -> None:
    """Colorize ``data``, check the files that exist, and decode the result and the original."""
    from colortk.errors import ColortkError
    from colortk.video.colorize_film import colorize_film
    from colortk.video.film_container import Losses
    from colortk.video.film_properties import probe
    from colortk.video.film_reader import color_frames, frames
    from colortk.video.film_settings import FilmSettings

    path, output = folder / "film.mp4", folder / f"out.{'mp4' if zlib.crc32(data) % 2 else 'mkv'}"
    parts = folder / f"{output.name}.parts"
    path.write_bytes(data)
    try:
        summary = colorize_film(path, _plugin(), FilmSettings(output, segment_seconds=0.1))
    except ColortkError:
        assert {entry.name for entry in folder.iterdir()} <= {path.name, parts.name}
        if parts.exists():
            names = {entry.name for entry in parts.iterdir()}
            assert "000000.nut" in names, names
            assert not any(".part." in name for name in names), names
        raise
    assert {entry.name for entry in folder.iterdir()} == {path.name, output.name}
    lost = Losses()
    made = sum(1 for _ in frames(output, probe(output), lost))
    assert (made, lost.total) == (summary.frames, 0), (made, lost, summary)
    for picture in islice(color_frames(path, probe(path)), 3):
        assert picture.shape[2] == 3


def main() -> int:
    """Run ``fuzz.py`` with films."""
    fuzz.seeds, fuzz.READERS = seeds, {"film": read}  # type: ignore[assignment]
    fuzz.PROGRAM = Path(__file__).resolve()
    return fuzz.main()


if __name__ == "__main__":
    sys.exit(main())
