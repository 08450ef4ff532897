"""``colortk run`` as a process: one picture, many, pipes, and everything that goes wrong."""

from __future__ import annotations

import ctypes
import io
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from conftest import colorizer_module, photo

Run = Callable[..., subprocess.CompletedProcess[Any]]
ORANGE = "return np.zeros((*lightness.shape, 2), np.float32) + np.float32([20, 40])"


@pytest.fixture
def site(distribution: Callable[..., Path]) -> Path:
    """A third-party plugin ``orange`` that paints everything orange."""
    return distribution("orange", colorizer_module("orange", "orange", ORANGE))


def one_line(run: subprocess.CompletedProcess[Any], code: int, *words: str) -> None:
    """Exactly one line on stderr with these words, that exit code, and no traceback."""
    assert run.returncode == code, run.stderr
    assert run.stderr.startswith("colortk: ")
    assert run.stderr.count("\n") == 1, run.stderr
    for word in words:
        assert word in run.stderr


def size_of(path: str | Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def leftovers(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob("*") if ".part" in p.name]


def test_beside_the_input(colortk: Run, picture: Path, site: Path) -> None:
    run = colortk("run", "-p", "orange", picture, plugins=site)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert run.stdout.strip() == str(picture.with_name("photo-colorized.png"))
    grey = np.asarray(Image.open(picture))
    result = np.asarray(Image.open(picture.with_name("photo-colorized.png")))
    assert result.shape == (48, 64, 3)
    lab = rgb2lab(result)
    wanted = rgb2lab(np.repeat(grey[..., None], 3, 2))[..., 0]
    assert np.abs(lab[..., 0] - wanted).mean() < 0.3
    assert np.percentile(np.abs(lab[..., 0] - wanted), 99.9) < 1.0
    middle = (wanted > 40) & (wanted < 80)
    assert np.abs(np.arctan2(lab[..., 2], lab[..., 1])[middle] - np.arctan2(40, 20)).max() < 0.1


def test_the_command_of_the_user(colortk: Run, picture: Path) -> None:
    run = colortk("run", "--plugin", "sift_mlp", picture, "--json")
    assert run.returncode == 0, run.stderr
    row = json.loads(run.stdout)
    assert {"input", "output", "plugin", "width", "height", "seconds", "error"} <= set(row)
    assert (row["width"], row["height"], row["error"]) == (64, 48, None)
    assert {"read", "predict", "chroma", "write", "total"} == set(row["seconds"])
    assert size_of(row["output"]) == (64, 48)


def test_a_colour_picture_is_reduced_to_its_lightness(
    colortk: Run, tmp_path: Path, site: Path
) -> None:
    Image.fromarray(photo()).save(tmp_path / "colour.png")
    assert colortk("run", "-p", "gray", "colour.png").returncode == 0
    result = np.asarray(Image.open(tmp_path / "colour-colorized.png"))
    assert (np.ptp(result.astype(int), axis=-1) == 0).all()
    error = rgb2lab(result)[..., 0] - rgb2lab(photo())[..., 0]
    assert np.abs(error).max() < 0.6


def test_metadata_alpha_and_sixteen_bits(colortk: Run, tmp_path: Path, site: Path) -> None:
    wide = np.random.default_rng(0).integers(0, 65535, (30, 40, 4)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    assert colortk("run", "-p", "orange", "wide.png", plugins=site).returncode == 0
    back = cv2.imread(str(tmp_path / "wide-colorized.png"), cv2.IMREAD_UNCHANGED)
    assert back.dtype == np.uint16
    assert np.array_equal(back[..., 3], wide[..., 3])
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    Image.fromarray(photo()).save(tmp_path / "turned.jpg", exif=exif, dpi=(240, 240))
    assert colortk("run", "-p", "orange", "turned.jpg", plugins=site).returncode == 0
    with Image.open(tmp_path / "turned-colorized.jpg") as image:
        assert image.size == (48, 64)
        assert image.getexif().get(0x0112, 1) == 1
        assert image.getexif()[0x010F] == "Camera"
        assert image.info["dpi"] == (240, 240)


@pytest.mark.slow
def test_strength_and_refinement(colortk: Run, picture: Path, site: Path) -> None:
    chroma = {}
    for name, more in {
        "none": ["--strength", "0"],
        "half": ["--strength", "0.5"],
        "full": [],
        "slide": ["--refine", "slide"],
        "clip": ["--refine", "none"],
    }.items():
        run = colortk("run", "-p", "orange", picture, "-o", f"{name}.png", *more, plugins=site)
        assert run.returncode == 0, run.stderr
        lab = rgb2lab(np.asarray(Image.open(picture.parent / f"{name}.png")))
        chroma[name] = np.hypot(lab[..., 1], lab[..., 2])
    assert chroma["none"].max() < 1
    middle = slice(20, 40), slice(20, 40)
    assert 0.4 < chroma["half"][middle].mean() / chroma["full"][middle].mean() < 0.65
    assert np.abs(chroma["slide"] - chroma["full"]).max() > 5
    assert (chroma["clip"] >= chroma["full"] - 1).mean() > 0.95


def test_a_pipe(colortk: Run, picture: Path, site: Path) -> None:
    run = colortk(
        "run", "-p", "orange", "-", "-o", "-", plugins=site, text=False, input=picture.read_bytes()
    )
    assert run.returncode == 0
    assert run.stderr == b""
    assert Image.open(io.BytesIO(run.stdout)).size == (64, 48)
    run = colortk(
        "run",
        "-p",
        "orange",
        "-",
        "--ext",
        "jpg",
        plugins=site,
        text=False,
        input=picture.read_bytes(),
    )
    assert Image.open(io.BytesIO(run.stdout)).format == "JPEG"


def test_a_picture_is_not_written_to_a_terminal(picture: Path) -> None:
    terminal, side = os.openpty()
    code = "from colortk.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", "-p", "gray", str(picture), "-o", "-"]
    run = subprocess.run(
        command, stdout=side, stderr=subprocess.PIPE, text=True, cwd=picture.parent
    )
    os.close(side)
    os.close(terminal)
    one_line(run, 2, "not written to a terminal")


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


def test_results_among_the_files_are_not_colorized_again(
    colortk: Run, tmp_path: Path, site: Path
) -> None:
    """What a shell makes of *.png the second time."""
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
        "colortk: note: 'a-colorized.jpg' is the result of 'a.png', and 1 more are results:"
        " skipped (use -o to colorize results too)",
        "colortk: 1 colorized, 4 skipped, 0 failed",
    ]
    assert {p.name for p in tmp_path.iterdir()} == before | {"holiday-colorized-colorized.jpg"}
    # Its original lies beside it: enough with --skip-existing only.
    alone = colortk(*run, "a-colorized.jpg", "--skip-existing", "--json", plugins=site)
    row = json.loads(alone.stdout)
    assert (row["skipped"], row["result_of"]) == (True, "a.png")
    wanted = colortk(*run, "a-colorized.jpg", plugins=site)
    assert wanted.stdout.split() == ["a-colorized-colorized.jpg"]
    (tmp_path / "out").mkdir()
    elsewhere = colortk(*run, *files[:2], "-o", "out", "--skip-existing", plugins=site)
    assert len(elsewhere.stdout.split()) == 2
    forced = colortk(*run, *files[:2], "--ext", "jpg", "--force", plugins=site)
    assert forced.stdout.split() == ["a-colorized.jpg"]


def test_force_and_skip_existing_exclude_each_other(colortk: Run, picture: Path) -> None:
    run = colortk("run", "-p", "gray", picture, "--force", "--skip-existing")
    one_line(run, 2, "--force", "--skip-existing", "leave one out")


def test_intermediates_are_pickled(colortk: Run, picture: Path, site: Path, tmp_path: Path) -> None:
    from colortk.store.pickles import loads

    run = colortk("run", "-p", "orange", picture, "--keep-intermediates", plugins=site)
    assert run.returncode == 0
    place = tmp_path / "store" / "predicted"
    assert run.stderr == f"colortk: predicted A and B are pickled in '{place}'\n"
    records = sorted((tmp_path / "store" / "predicted").rglob("*.pkl"))
    arrays = {k: v for path in records for k, v in loads(path.read_bytes(), "test").items()}
    assert set(arrays) == {"a", "b"}
    assert (arrays["a"] == 20).all()
    assert (arrays["b"] == 40).all()


def test_unicode_and_spaces(colortk: Run, picture: Path, site: Path) -> None:
    odd = picture.with_name("été à Łódź 写真 (1).PNG")
    picture.rename(odd)
    run = colortk("run", "-p", "orange", odd, plugins=site)
    assert run.returncode == 0, run.stderr
    assert odd.with_name("été à Łódź 写真 (1)-colorized.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_tiny_and_thin(size: tuple[int, int], colortk: Run, tmp_path: Path) -> None:
    Image.new("L", size, 128).save(tmp_path / "thin.png")
    run = colortk("run", "-p", "sift_mlp", "thin.png")
    assert run.returncode == 0, run.stderr
    assert size_of(tmp_path / "thin-colorized.png") == size


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40000, 10), (10, 40000)])
def test_wider_than_opencv_remaps(
    size: tuple[int, int], colortk: Run, tmp_path: Path, site: Path
) -> None:
    Image.new("L", size, 128).save(tmp_path / "long.png")
    run = colortk("run", "-p", "orange", "long.png", plugins=site)
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / "long-colorized.png") as image:
        assert image.size == size
        assert len(image.getcolors(100) or []) == 1, "one grey gives one orange, without seams"


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["jpg", "webp", "png", "tif"])
def test_lightness_is_kept_in_every_format(extension: str, colortk: Run, tmp_path: Path) -> None:
    assert colortk("samples", "-o", "s").returncode == 0
    run = colortk("run", "-p", "sift_mlp", "s/china.jpg", "-o", f"out.{extension}")
    assert run.returncode == 0, run.stderr
    before = rgb2lab(np.asarray(Image.open(tmp_path / "s" / "china.jpg")))[..., 0]
    after = rgb2lab(np.asarray(Image.open(tmp_path / f"out.{extension}")))[..., 0]
    assert np.abs(after - before).mean() < 0.3
    assert np.percentile(np.abs(after - before), 99.9) < 1.0


def test_no_input_is_overwritten_by_anothers_result(
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


def test_odd_outputs(colortk: Run, picture: Path, site: Path) -> None:
    one_line(
        colortk("run", "-p", "gray", picture, "-o", "/dev/null", "--ext", "png", "--force"),
        1,
        "regular file",
    )
    one_line(
        colortk("run", "-p", "gray", picture, "-o", "x.png", "--ext", "jpg"), 2, "do not agree"
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "everyone", "code", "line"),
    [
        ("SIGINT", True, 130, "colortk: interrupted\n"),
        ("SIGTERM", False, 143, "colortk: terminated\n"),
        ("SIGTERM", True, 143, "colortk: terminated\n"),
    ],
)
def test_interrupted(
    name: str,
    everyone: bool,
    code: int,
    line: str,
    distribution: Callable[..., Path],
    picture: Path,
    tmp_path: Path,
) -> None:
    """While a plugin in its own process works; that process goes too."""
    body = "import os, time; open('started', 'w').write(f'{os.getpid()} '); time.sleep(60)"
    site = distribution("slow", colorizer_module("slow", "slow", body))
    main = "from colortk.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", main, "run", "-p", "slow", str(picture), "--timeout", "50"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)}, start_new_session=True,
    )  # fmt: skip
    deadline = time.time() + 60
    started = tmp_path / "started"
    while not (started.exists() and " " in started.read_text()) and time.time() < deadline:
        time.sleep(0.05)
    (os.killpg if everyone else os.kill)(process.pid, getattr(signal, name))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert errors == line
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    assert not picture.with_name("photo-colorized.png").exists()
    assert leftovers(tmp_path) == []


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[16:24] = struct.pack(">II", 65000, 65000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def truncated() -> bytes:
    out = io.BytesIO()
    Image.fromarray(photo(300, 300)).save(out, "JPEG")
    return out.getvalue()[:4000]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("empty",)),
        (b"this is text", ("not a picture",)),
        (truncated(), ("damaged",)),
        (bomb(), ("65000", "--max-pixels")),
        ("directory", ("directory",)),
        ("missing", ("no such file",)),
    ],
    ids=["empty", "text", "truncated", "bomb", "directory", "missing"],
)
def test_a_bad_input_is_one_line(
    content: bytes | str, words: tuple[str, ...], colortk: Run, tmp_path: Path
) -> None:
    path = tmp_path / "bad.png"
    if content == "directory":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    one_line(colortk("run", "-p", "gray", path), 1, "bad.png", *words)
    assert not (tmp_path / "bad-colorized.png").exists()


def without_override() -> None:
    """In the child: permissions count, also for root (drop CAP_DAC_OVERRIDE and _READ_SEARCH)."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


def test_unreadable(colortk: Run, picture: Path) -> None:
    picture.chmod(0)
    one_line(
        colortk("run", "-p", "gray", picture, preexec_fn=without_override), 1, "Permission denied"
    )


def test_output_folder_read_only(colortk: Run, picture: Path) -> None:
    folder = picture.parent / "out"
    folder.mkdir(mode=0o555)
    run = colortk("run", "-p", "gray", picture, "-o", folder, preexec_fn=without_override)
    one_line(run, 1, "Permission denied")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_folder_that_takes_no_files(colortk: Run, picture: Path) -> None:
    run = colortk("run", "-p", "gray", picture, "-o", "/proc/x.png")
    one_line(run, 1, "cannot write '/proc/x.png': no file can be made in the folder '/proc'")


def test_output_is_the_input(colortk: Run, picture: Path) -> None:
    before = picture.read_bytes()
    for arguments in (["-o", picture], ["-o", picture.parent], ["--suffix", ""]):
        run = colortk("run", "-p", "gray", picture, "--force", *arguments)
        one_line(run, 1, "overwritten by its own result")
    os.link(picture, picture.parent / "other-name.png")
    run = colortk("run", "-p", "gray", picture, "-o", "other-name.png", "--force")
    one_line(run, 1, "overwritten by its own result")
    assert picture.read_bytes() == before


def test_output_folder_missing(colortk: Run, picture: Path) -> None:
    one_line(colortk("run", "-p", "gray", picture, "-o", "no/such/x.png"), 1, "does not exist")
    one_line(colortk("run", "-p", "gray", picture, "-o", "no/"), 2, "no such folder")
    one_line(colortk("run", "-p", "gray", picture, "-o", picture / "x.png"), 1, "is no folder")
    one_line(colortk("run", "-p", "gray", picture, picture, "-o", "no"), 2, "must be a folder")
    one_line(colortk("run", "-p", "gray", picture, "-o", "out.docx"), 2, "docx")


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


def test_help_without_arguments_keeps_its_lines(colortk: Run) -> None:
    for arguments in ((), ("plugins",)):
        run = colortk(*arguments)
        assert run.returncode == 2
        assert len(run.stderr.splitlines()) > 5
        assert "Usage: colortk" in run.stderr
    assert colortk("run", "--help").returncode == 0


def test_unknown_names_get_a_suggestion(colortk: Run, picture: Path) -> None:
    one_line(colortk("run", "-p", "sift_mpl", picture), 2, "did you mean 'sift_mlp'?")
    one_line(colortk("run", "--refine", "ratios", picture), 2, "did you mean 'ratio'?")
    one_line(colortk("rum", picture), 2, "did you mean 'run'?")
    one_line(colortk("run", picture, "--strenght", "1"), 2, "--strength")
    one_line(colortk("run", picture, "--strength", "3"), 2, "0<=x<=2")
    one_line(colortk("run"), 2, "FILE")
    one_line(colortk("run", picture, "--option", "x=1"), 2, "has no options")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return np.full((*lightness.shape, 2), np.nan, np.float32)", ("not finite",)),
        ("return np.zeros((3, 3, 2), np.float32)", ("shape (3, 3, 2)",)),
        ("return None", ("NoneType",)),
        ("return np.zeros((*lightness.shape, 2), int)", ("int64",)),
        ("raise RuntimeError('inside')", ("RuntimeError: inside",)),
        ("raise SystemExit(9)", ("SystemExit",)),
    ],
)
def test_a_plugin_that_misbehaves(
    body: str,
    words: tuple[str, ...],
    distribution: Callable[..., Path],
    colortk: Run,
    picture: Path,
) -> None:
    site = distribution("odd", colorizer_module("odd", "odd", body))
    one_line(colortk("run", "-p", "odd", picture, plugins=site), 1, "'odd'", *words)
    assert not picture.with_name("photo-colorized.png").exists()


@pytest.mark.slow
def test_a_plugin_that_hangs_or_dies(
    distribution: Callable[..., Path], colortk: Run, picture: Path
) -> None:
    body = (
        "import os, time; value = lightness.mean();"
        " time.sleep(60) if value < 10 else os._exit(3) if value > 90 else None; " + ORANGE
    )
    site = distribution("moody", colorizer_module("moody", "moody", body))
    for name, value in (("dark", 0), ("white", 255), ("middle", 128)):
        Image.new("L", (40, 40), value).save(picture.parent / f"{name}.png")
    run = colortk(
        "run", "-p", "moody", "dark.png", "white.png", "middle.png", "--timeout", "4", plugins=site
    )
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert "no answer on a picture in 4 s" in lines[0]
    assert "died" in lines[1]
    assert "exit code 3" in lines[1]
    assert (picture.parent / "middle-colorized.png").exists()
    assert run.stdout.splitlines() == ["middle-colorized.png"]


def test_a_plugin_whose_factory_fails(
    distribution: Callable[..., Path], colortk: Run, picture: Path
) -> None:
    body = colorizer_module("odd", "odd", "pass").replace("self.options = options", "1 / 0")
    run = colortk("run", "-p", "odd", picture, plugins=distribution("odd", body))
    one_line(run, 3, "cannot be loaded", "ZeroDivisionError")


def test_a_plugin_that_dies_while_loading(
    distribution: Callable[..., Path], colortk: Run, picture: Path
) -> None:
    body = colorizer_module("odd", "odd", "pass").replace(
        "self.options = options", "import os; os._exit(5)"
    )
    site = distribution("odd", body)
    run = colortk("run", "-p", "odd", picture, "--timeout", "5", plugins=site)
    one_line(run, 3, "died while loading", "exit code 5")


def test_artifacts_missing_and_altered(
    distribution: Callable[..., Path], colortk: Run, picture: Path
) -> None:
    body = colorizer_module(
        "trained",
        "trained",
        "pass",
        ", package='trained_data', artifacts=(__import__('colortk').Artifact('w.npz', '0' * 64),)",
    ).replace("self.options = options", "artifacts.read('w.npz')")
    site = distribution("trained", body)
    (site / "trained_data" / "artifacts").mkdir(parents=True)
    (site / "trained_data" / "__init__.py").touch()
    one_line(colortk("run", "-p", "trained", picture, plugins=site), 4, "w.npz", "missing")
    (site / "trained_data" / "artifacts" / "w.npz").write_bytes(b"altered")
    one_line(colortk("run", "-p", "trained", picture, plugins=site), 4, "w.npz", "not trusted")
    one_line(colortk("run", "-p", "sift_mlp", picture, "--weights", "nowhere"), 4, "nowhere")


@pytest.mark.slow
def test_fifty_files_of_which_three_are_bad(colortk: Run, tmp_path: Path, site: Path) -> None:
    names = [f"{number:02}.png" for number in range(50)]
    for number, name in enumerate(names):
        if number in (7, 8, 49):
            (tmp_path / name).write_bytes(b"not a picture")
        else:
            Image.fromarray(photo(20, 30, number)[..., 0]).save(tmp_path / name)
    (tmp_path / "out").mkdir()
    run = colortk("run", "-p", "orange", *names, "-o", "out", plugins=site)
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert len(lines) == 4
    assert [
        line for line in lines if "07.png" in line or "08.png" in line or "49.png" in line
    ] == lines[:3]
    assert lines[3] == "colortk: 47 colorized, 3 failed"
    assert len(list((tmp_path / "out").iterdir())) == 47
    rows = [
        json.loads(line)
        for line in colortk(
            "run", "-p", "orange", *names, "-o", "out", "--force", "--json", plugins=site
        ).stdout.splitlines()
    ]
    assert len(rows) == 50
    assert sum(row["error"] is not None for row in rows) == 3


def test_two_inputs_with_one_name(colortk: Run, tmp_path: Path, site: Path) -> None:
    for folder in ("a", "b", "out"):
        (tmp_path / folder).mkdir()
    for folder in ("a", "b"):
        Image.new("L", (9, 9)).save(tmp_path / folder / "same.png")
    run = colortk(
        "run", "-p", "orange", "a/same.png", "b/same.png", "-o", "out", "--force", plugins=site
    )
    assert run.returncode == 1
    assert "already holds the result of 'a/same.png'" in run.stderr
    again = ("run", "-p", "orange", "a/same.png", "b/same.png", "-o", "out", "--skip-existing")
    run = colortk(*again, plugins=site)
    assert run.returncode == 1, "a second picture of that name must not pass as done"
    assert "already holds the result of 'a/same.png'" in run.stderr


def test_options_reach_the_plugin(
    distribution: Callable[..., Path], colortk: Run, picture: Path
) -> None:
    body = (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Options:\n    amount: float = 0.0\n"
        + colorizer_module(
            "dial",
            "dial",
            "return np.full((*lightness.shape, 2), self.options.amount, np.float32)",
            ", options=Options",
        )
    )
    site = distribution("dial", body)
    run = colortk("run", "-p", "dial", picture, "--option", "amount=30", plugins=site)
    assert run.returncode == 0, run.stderr
    lab = rgb2lab(np.asarray(Image.open(picture.with_name("photo-colorized.png"))))
    assert lab[20:40, 20:40, 1].mean() > 20
    one_line(
        colortk("run", "-p", "dial", picture, "--option", "amuont=3", plugins=site),
        2,
        "did you mean 'amount'?",
    )
    one_line(
        colortk("run", "-p", "dial", picture, "--option", "amount=x", plugins=site), 2, "type float"
    )
    one_line(
        colortk("run", "-p", "dial", picture, "--option", "amount", plugins=site), 2, "name=value"
    )


def test_opencv_without_libgl_is_one_line(colortk: Run, picture: Path) -> None:
    fake = picture.parent / "fake"
    fake.mkdir()
    (fake / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    run = colortk("run", "-p", "gray", picture, plugins=fake)
    one_line(run, 3, "libGL.so.1", "apt-get install libgl1")
    doctor = colortk("doctor", plugins=fake)
    assert doctor.returncode == 3
    assert "libGL.so.1" in doctor.stdout


@pytest.mark.slow
def test_samples_and_doctor(colortk: Run, tmp_path: Path) -> None:
    assert "china.jpg" in colortk("samples").stdout
    run = colortk("samples", "-o", "s", "--gray")
    assert run.returncode == 0, run.stderr
    grey = np.asarray(Image.open(tmp_path / "s" / "china-gray.png").convert("RGB")).astype(int)
    assert grey.shape == (427, 640, 3)
    assert (np.ptp(grey, axis=-1) == 0).all()
    assert colortk("samples", "-o", "s").returncode == 0
    assert (tmp_path / "s" / "china.jpg").exists()
    doctor = colortk("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    assert {row["what"] for row in json.loads(doctor.stdout)} >= {
        "numpy",
        "import cv2",
        "plugin sift_mlp",
    }
