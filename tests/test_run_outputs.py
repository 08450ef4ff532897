"""``colortk run``: output paths, complete files, and no overwritten files."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import Run, leftovers, one_line


def test_a_picture_is_not_written_to_a_terminal(picture: Path) -> None:
    terminal, side = os.openpty()
    code = "from colortk.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", "-p", "gray", str(picture), "-o", "-"]
    run = subprocess.run(
        command, stdout=side, stderr=subprocess.PIPE, text=True, cwd=picture.parent
    )
    os.close(side)
    os.close(terminal)
    one_line(run, 2, "cannot write a picture to a terminal")


@pytest.mark.slow
def test_a_folder_keeps_names_and_nothing_is_overwritten(
    colortk: Run, picture: Path, site: Path
) -> None:
    (picture.parent / "out").mkdir()
    arguments = ("run", "-p", "orange", picture, "-o", "out", "--ext", "webp")
    assert colortk(*arguments, plugins=site).returncode == 0
    result = picture.parent / "out" / "photo.webp"
    before = result.stat().st_mtime_ns
    one_line(colortk(*arguments, plugins=site), 1, "exists", "--force")
    assert colortk(*arguments, "--skip-existing", plugins=site).returncode == 0
    assert result.stat().st_mtime_ns == before
    assert colortk(*arguments, "--force", plugins=site).returncode == 0
    assert result.stat().st_mtime_ns > before


@pytest.mark.slow
def test_results_among_the_files_are_not_colorized_again(
    colortk: Run, tmp_path: Path, site: Path
) -> None:
    """A shell expands *.png to inputs and results the second time."""
    for name in ("a.png", "b.png", "holiday-colorized.png"):
        Image.new("L", (9, 9), 100).save(tmp_path / name)
    run = ("run", "-p", "orange")
    first = colortk(*run, "a.png", "b.png", "--ext", "jpg", plugins=site)
    assert first.returncode == 0, first.stderr
    before = {p.name for p in tmp_path.iterdir()}
    files = ("a.png", "a-colorized.jpg", "b.png", "b-colorized.jpg", "holiday-colorized.png")
    again = colortk(*run, *files, "--ext", "jpg", "--skip-existing", plugins=site)
    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == ["holiday-colorized-colorized.jpg"], "nobody's result"
    assert again.stderr.splitlines() == [
        "colortk: note: skipped 'a-colorized.jpg' and 1 more: it is the result of 'a.png'"
        " (to colorize it again, give its name and -o)",
        "colortk: 1 colorized, 4 skipped, 0 failed",
    ]
    assert {p.name for p in tmp_path.iterdir()} == before | {"holiday-colorized-colorized.jpg"}
    # Its original is beside it, which counts only with --skip-existing.
    alone = colortk(*run, "a-colorized.jpg", "--skip-existing", "--json", plugins=site)
    row = json.loads(alone.stdout)
    assert (row["skipped"], row["result_of"]) == (True, "a.png")
    wanted = colortk(*run, "a-colorized.jpg", plugins=site)
    assert wanted.stdout.split() == ["a-colorized-colorized.jpg"]
    (tmp_path / "out").mkdir()
    elsewhere = colortk(*run, *files[:2], "-o", "out", "--skip-existing", plugins=site)
    assert len(elsewhere.stdout.split()) == 2
    folder = colortk(*run, ".", "-o", "tree", "--ext", "png", plugins=site)
    assert " and 3 more: it is the result of" in folder.stderr
    assert sorted(folder.stdout.split()) == [
        "tree/a.png", "tree/b.png", "tree/holiday-colorized.png",
    ]  # fmt: skip
    forced = colortk(*run, *files[:2], "--ext", "jpg", "--force", plugins=site)
    assert forced.stdout.split() == ["a-colorized.jpg"]


def test_a_picture_that_is_already_done_is_reported(colortk: Run, picture: Path) -> None:
    for told in ("photo-colorized.png\n", ""):
        run = colortk("run", "-p", "gray", picture.name, "--resume")
        assert (run.returncode, run.stdout) == (0, told), run.stderr
    assert run.stderr == "colortk: already done: nothing to do\n"


def test_run_accepts_one_plugin_only(colortk: Run, picture: Path) -> None:
    run = colortk("run", "-p", "sift_mlp", "-p", "gray", picture)
    one_line(run, 2, "--plugin given twice; `run` takes one (`compare` takes several)")


def test_force_and_skip_existing_exclude_each_other(colortk: Run, picture: Path) -> None:
    run = colortk("run", "-p", "gray", picture, "--force", "--skip-existing")
    one_line(run, 2, "--force", "--skip-existing", "leave one out")


def test_no_input_is_overwritten_by_the_result_of_another(
    colortk: Run, tmp_path: Path, site: Path
) -> None:
    for folder, value in (("a", 10), ("b", 200)):
        (tmp_path / folder).mkdir()
        Image.new("L", (9, 9), value).save(tmp_path / folder / "same.png")
    before = (tmp_path / "b" / "same.png").read_bytes()
    run = colortk(
        "run", "-p", "orange", "a/same.png", "b/same.png", "-o", "b", "--force", plugins=site
    )
    assert run.returncode == 1
    assert "'b/same.png' would be overwritten by the result of 'a/same.png'" in run.stderr
    assert (tmp_path / "b" / "same.png").read_bytes() == before


@pytest.mark.slow
def test_invalid_output_options_are_one_line(colortk: Run, picture: Path, site: Path) -> None:
    one_line(
        colortk("run", "-p", "gray", picture, "-o", "/dev/null", "--ext", "png", "--force"),
        1,
        "regular file",
    )
    one_line(
        colortk("run", "-p", "gray", picture, "-o", "x.png", "--ext", "jpg"),
        2,
        "contradict each other",
    )
    one_line(colortk("run", "-p", "gray", picture, "--suffix", "a/b"), 2, "--suffix")
    one_line(colortk("run", "-p", "gray", picture, "--strength", "nan"), 2, "--strength")
    one_line(colortk("run", "-p", "gray", "x" * 300 + ".png"), 1, "cannot")
    with open("/dev/full", "wb") as full:
        code = "from colortk.cli.main import main; main()"
        run = subprocess.run(
            [sys.executable, "-c", code, "run", "-p", "gray", str(picture), "-o", "-"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=picture.parent,
        )  # fmt: skip
    one_line(run, 1, "No space left")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_an_unwritable_output_folder_is_one_line(colortk: Run, picture: Path) -> None:
    run = colortk("run", "-p", "gray", picture, "-o", "/proc/x.png")
    one_line(run, 1, "cannot write '/proc/x.png': no file can be created in the folder '/proc'")


def test_output_is_the_input(colortk: Run, picture: Path) -> None:
    before = picture.read_bytes()
    for arguments in (["-o", picture], ["-o", picture.parent], ["--suffix", ""]):
        run = colortk("run", "-p", "gray", picture, "--force", *arguments)
        one_line(run, 1, "overwritten by its own result")
    os.link(picture, picture.parent / "other-name.png")
    run = colortk("run", "-p", "gray", picture, "-o", "other-name.png", "--force")
    one_line(run, 1, "overwritten by its own result")
    assert picture.read_bytes() == before


@pytest.mark.slow
def test_output_folder_missing(colortk: Run, picture: Path) -> None:
    one_line(colortk("run", "-p", "gray", picture, "-o", "no/such/x.png"), 1, "does not exist")
    one_line(colortk("run", "-p", "gray", picture, "-o", picture / "x.png"), 1, "is not a folder")
    several = colortk("run", "-p", "gray", picture, picture, "-o", "no")
    one_line(several, 2, "must be a folder", "to create the folder, write -o 'no/'")
    one_line(colortk("run", "-p", "gray", picture, "-o", "out.docx"), 2, "docx")


def test_an_output_with_a_slash_is_created_as_a_folder(colortk: Run, picture: Path) -> None:
    other = picture.with_name("other.png")
    other.write_bytes(picture.read_bytes())
    run = colortk("run", "-p", "gray", picture, other, "-o", "new/er/", "--ext", "tif")
    assert run.returncode == 0, run.stderr
    made = picture.parent / "new" / "er"
    assert sorted(path.name for path in made.iterdir()) == ["other.tif", "photo.tif"]
    assert colortk("run", "-p", "gray", picture, "-o", "one/").returncode == 0
    assert (picture.parent / "one" / "photo.png").exists()
    one_line(colortk("run", "-p", "gray", picture, "-o", f"{other}/"), 2, "it is a file")
    broken = picture.with_name("broken.png")
    broken.write_bytes(b"no picture")
    assert colortk("run", "-p", "gray", broken, "-o", "none/").returncode == 1
    assert not (picture.parent / "none").exists(), "nothing is left where nothing was made"


def test_a_file_size_limit_leaves_nothing(colortk: Run, picture: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    run = colortk("run", "-p", "gray", picture, preexec_fn=limit)
    one_line(run, 1, "cannot write", "File too large")
    assert sorted(p.name for p in picture.parent.glob("*.*")) == ["photo.png"]
    assert leftovers(picture.parent) == []


def test_a_full_disk_leaves_nothing(colortk: Run, picture: Path) -> None:
    folder = picture.parent / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting needs root")
    try:
        (folder / "filler").write_bytes(b"x" * 4096)
        run = colortk("run", "-p", "gray", picture, "-o", folder)
        one_line(run, 1, "cannot write", "No space left")
        assert [p.name for p in folder.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_the_second_of_two_inputs_with_one_output_fails(
    colortk: Run, tmp_path: Path, site: Path
) -> None:
    for folder in ("a", "b", "out"):
        (tmp_path / folder).mkdir()
    for folder in ("a", "b"):
        Image.new("L", (9, 9)).save(tmp_path / folder / "same.png")
    run = colortk(
        "run", "-p", "orange", "a/same.png", "b/same.png", "-o", "out", "--force", plugins=site
    )
    assert run.returncode == 1
    assert "is already the output of 'a/same.png'" in run.stderr
    again = ("run", "-p", "orange", "a/same.png", "b/same.png", "-o", "out", "--skip-existing")
    run = colortk(*again, plugins=site)
    assert run.returncode == 1, "a second picture of that name must not pass as done"
    assert "is already the output of 'a/same.png'" in run.stderr
