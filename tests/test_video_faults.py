"""``colortk video`` under a file size limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from colortk.errors import PictureError
from conftest import Run, leftovers, one_line
from films import film


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are of POSIX")
def test_a_file_size_limit_fails_the_film(tmp_path: Path, colortk: Run) -> None:
    import resource

    source = film(tmp_path / "in.mp4", frames=6, size=(120, 160))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    arguments = ("video", source, "-o", "out.mp4", "-p", "gray", "--stretch", "0.1")
    run = colortk(*arguments, preexec_fn=limit)
    one_line(run, 1, "cannot write 'out.mp4.parts/0", "File too large")
    assert not (tmp_path / "out.mp4.parts").exists(), "no segment is complete"
    run = colortk(*arguments, "--resume")
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]
    assert leftovers(tmp_path) == []


def test_a_full_disk_keeps_the_finished_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import colortk
    from colortk.video import colorize_film

    source, output = film(tmp_path / "in.mp4", frames=6), tmp_path / "out.mp4"

    def full(*arguments: object) -> None:
        raise PictureError(f"cannot write '{output}'", "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(colorize_film, "mux_film", full)
        with pytest.raises(PictureError, match="parts': run the same command with --resume"):
            colortk.colorize_video(source, output, "gray")
    assert colortk.colorize_video(source, output, "gray", resume=True).resumed == 6
