"""``colortk run`` as a process: pixels, metadata, formats and options."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from conftest import Run, colorizer_module, one_line, photo


def size_of(path: str | Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_the_output_is_written_beside_the_input(colortk: Run, picture: Path, site: Path) -> None:
    run = colortk("run", "-p", "orange", picture, plugins=site)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert run.stdout.strip() == str(picture.with_name("photo-colorized.png"))
    gray = np.asarray(Image.open(picture))
    result = np.asarray(Image.open(picture.with_name("photo-colorized.png")))
    assert result.shape == (48, 64, 3)
    lab = rgb2lab(result)
    wanted = rgb2lab(np.repeat(gray[..., None], 3, 2))[..., 0]
    assert np.abs(lab[..., 0] - wanted).mean() < 0.3
    assert np.percentile(np.abs(lab[..., 0] - wanted), 99.9) < 1.0
    middle = (wanted > 40) & (wanted < 80)
    assert np.abs(np.arctan2(lab[..., 2], lab[..., 1])[middle] - np.arctan2(40, 20)).max() < 0.1


def test_the_installed_command_colorizes_a_file(colortk: Run, picture: Path) -> None:
    run = colortk("run", "--plugin", "sift_mlp", picture, "--json")
    assert run.returncode == 0, run.stderr
    row = json.loads(run.stdout)
    assert {"input", "output", "plugin", "width", "height", "seconds", "error"} <= set(row)
    assert (row["width"], row["height"], row["error"]) == (64, 48, None)
    assert {"read", "predict", "chroma", "write", "total"} == set(row["seconds"])
    assert size_of(row["output"]) == (64, 48)


def test_a_color_picture_is_reduced_to_its_lightness(
    colortk: Run, tmp_path: Path, site: Path
) -> None:
    Image.fromarray(photo()).save(tmp_path / "color.png")
    assert colortk("run", "-p", "gray", "color.png").returncode == 0
    result = np.asarray(Image.open(tmp_path / "color-colorized.png"))
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


def test_a_picture_is_read_and_written_through_pipes(
    colortk: Run, picture: Path, site: Path
) -> None:
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
def test_tiny_and_thin_pictures_are_colorized(
    size: tuple[int, int], colortk: Run, tmp_path: Path
) -> None:
    Image.new("L", size, 128).save(tmp_path / "thin.png")
    run = colortk("run", "-p", "sift_mlp", "thin.png")
    assert run.returncode == 0, run.stderr
    assert size_of(tmp_path / "thin-colorized.png") == size


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40000, 10), (10, 40000)])
def test_pictures_wider_than_the_remap_limit_of_opencv(
    size: tuple[int, int], colortk: Run, tmp_path: Path, site: Path
) -> None:
    Image.new("L", size, 128).save(tmp_path / "long.png")
    run = colortk("run", "-p", "orange", "long.png", plugins=site)
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / "long-colorized.png") as image:
        assert image.size == size
        assert len(image.getcolors(100) or []) == 1, "one gray gives one orange, without seams"


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
    one_line(colortk("run", "-p", "sift_mlp", picture, "--option", "x=1"), 2, "has no options")


@pytest.mark.slow
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


@pytest.mark.slow
def test_samples_and_doctor(colortk: Run, tmp_path: Path) -> None:
    assert "china.jpg" in colortk("samples").stdout
    run = colortk("samples", "-o", "s", "--gray")
    assert run.returncode == 0, run.stderr
    gray = np.asarray(Image.open(tmp_path / "s" / "china-gray.png").convert("RGB")).astype(int)
    assert gray.shape == (427, 640, 3)
    assert (np.ptp(gray, axis=-1) == 0).all()
    for _ in range(2):  # the first command of the README, repeated
        assert colortk("samples", "-o", "s").returncode == 0
    mine = tmp_path / "s" / "china.jpg"
    mine.write_bytes(b"mine")
    one_line(colortk("samples", "-o", "s"), 1, "its content differs from the sample", "--force")
    assert mine.read_bytes() == b"mine"
    doctor = colortk("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    assert {row["what"] for row in json.loads(doctor.stdout)} >= {
        "numpy",
        "import cv2",
        "plugin sift_mlp",
    }
