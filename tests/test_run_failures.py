"""``colortk run`` with bad pictures, bad plugins and interruptions: messages and exit codes."""

from __future__ import annotations

import ctypes
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from conftest import ORANGE, Run, colorizer_module, leftovers, one_line, photo, wait_for_end


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "everyone", "code", "line"),
    [
        ("SIGINT", True, 130, "colortk: interrupted\n"),
        ("SIGTERM", False, 143, "colortk: terminated\n"),
        ("SIGTERM", True, 143, "colortk: terminated\n"),
    ],
)
def test_an_interrupted_run_exits_with_130(
    name: str,
    everyone: bool,
    code: int,
    line: str,
    distribution: Callable[..., Path],
    picture: Path,
    tmp_path: Path,
) -> None:
    """Interrupt while a plugin runs in its own process, which must end, too."""
    body = "import os, time; open('started', 'w').write(f'{os.getpid()} '); time.sleep(600)"
    site = distribution("slow", colorizer_module("slow", "slow", body))
    main = "from colortk.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", main, "run", "-p", "slow", str(picture), "--timeout", "500"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)}, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    started = tmp_path / "started"
    while not (started.exists() and " " in started.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    (os.killpg if everyone else os.kill)(process.pid, getattr(signal, name))
    _, errors = process.communicate(timeout=240)
    assert process.returncode == code
    assert errors == line
    wait_for_end(int(started.read_text()))
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
        ("directory", ("folder without pictures",)),
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
    """Make permissions count for root in the child (drop CAP_DAC_OVERRIDE and _READ_SEARCH)."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


def test_unreadable_inputs_are_one_line(colortk: Run, picture: Path) -> None:
    picture.chmod(0)
    one_line(
        colortk("run", "-p", "gray", picture, preexec_fn=without_override), 1, "Permission denied"
    )


def test_output_folder_read_only(colortk: Run, picture: Path) -> None:
    folder = picture.parent / "out"
    folder.mkdir(mode=0o555)
    run = colortk("run", "-p", "gray", picture, "-o", folder, preexec_fn=without_override)
    one_line(run, 1, "Permission denied")


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
def test_a_misbehaving_plugin_is_one_line(
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
        "run", "-p", "moody", "dark.png", "white.png", "middle.png", "--timeout", "15", plugins=site
    )
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert "no reply on a picture within 15 s" in lines[0]
    assert "died" in lines[1]
    assert "exit code 3" in lines[1]
    assert (picture.parent / "middle-colorized.png").exists()
    assert run.stdout.splitlines() == ["middle-colorized.png"]


def test_a_failing_factory_is_one_line(
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
    run = colortk("run", "-p", "odd", picture, "--timeout", "60", plugins=site)
    one_line(run, 3, "died while loading", "exit code 5")


def test_missing_and_altered_artifacts_exit_with_4(
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
    (picture.parent / "other").mkdir()
    (picture.parent / "other" / "manifest.json").write_text('{"artifacts": {}}')
    run = colortk("run", "-p", "sift_mlp", picture, "--weights", "other")
    one_line(run, 4, "'other' are not weights of plugin 'sift_mlp'", "fit --plugin sift_mlp wrote")


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


def test_opencv_without_libgl_is_one_line(colortk: Run, picture: Path) -> None:
    fake = picture.parent / "fake"
    fake.mkdir()
    (fake / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    run = colortk("run", "-p", "gray", picture, plugins=fake)
    one_line(run, 3, "libGL.so.1", "apt-get install libgl1")
    doctor = colortk("doctor", plugins=fake)
    assert doctor.returncode == 3
    assert "libGL.so.1" in doctor.stdout
