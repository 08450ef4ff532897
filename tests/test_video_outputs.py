"""Where ``colortk video`` writes, what it does with a finished film, and films in folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import Notice
from conftest import photo

pytest.importorskip("av", reason="needs the extra `video`")

from films import film


def test_a_finished_film_is_not_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = film(tmp_path / "in.mp4", frames=3)
    command = ["video", str(source), "-p", "gray", "--resume"]
    assert invoke(command) == 0
    output = tmp_path / "in-colorized.mp4"
    content = output.read_bytes()
    capsys.readouterr()
    assert invoke(command) == 0
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert "exists: nothing to do (use --force" in error
    assert output.read_bytes() == content
    assert invoke([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["already_done"] is True
    assert invoke([*command[:-1]]) == 1
    assert "use --force to overwrite" in capsys.readouterr().err
    assert invoke([*command, "-o", str(source)]) == 2
    assert "would overwrite the input" in capsys.readouterr().err


@pytest.mark.parametrize("extension", [".vob", ".gif", ".mpg"])
def test_a_film_whose_type_cannot_be_written_becomes_an_mp4(
    tmp_path: Path, extension: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / f"in{extension}"
    if extension == ".gif":
        frames = [Image.fromarray(np.full((64, 64), 40 * k, np.uint8)) for k in range(3)]
        frames[0].save(source, save_all=True, append_images=frames[1:])
    else:
        film(tmp_path / "in.mkv", frames=3).rename(source)
    assert invoke(["video", str(source), "-p", "gray"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'in-colorized.mp4'}\n"
    assert (tmp_path / "in-colorized.mp4").stat().st_size > 0
    assert invoke(["video", str(source), "-p", "gray", "-o", f"{tmp_path}/o{extension}"]) == 2
    assert "cannot write films of type" in capsys.readouterr().err


def test_films_in_a_folder_are_named_in_one_line(tmp_path: Path) -> None:
    Image.fromarray(photo(32, 32)).save(tmp_path / "a.png")
    for name in ("one.mp4", "two.mkv"):
        (tmp_path / name).write_bytes(b"not looked at")
    with pytest.warns(Notice) as notices:
        assert invoke(["run", str(tmp_path), "-p", "gray"]) == 0
    expected = f"2 films are left out in '{tmp_path}': colorize each with colortk video"
    assert [str(notice.message) for notice in notices] == [expected]
