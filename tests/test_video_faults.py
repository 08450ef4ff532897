"""``colortk video`` under a file size limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
