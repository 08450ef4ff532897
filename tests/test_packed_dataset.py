"""Packed datasets: content, excluded pictures, and trainings that read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from colortk.errors import ArtifactError, UsageError
from colortk.io.difference_hash import HashIndex, difference_hash
from colortk.training.data.pack import PackRequest, pack
from colortk.training.data.packed import PackedDataset
from colortk.training.data.source import FolderSource, PackedSource
from colortk.types import Array
from tiny_fits import SMALL, fit


def cloud(height: int, width: int, seed: int) -> Array:
    """Return a picture of smooth random colors; different seeds give dissimilar pictures."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def make_pictures(root: Path) -> Path:
    """Two folders: four photographs; and one photograph, its copy, a gray picture and an unreadable file."""
    (root / "a").mkdir(parents=True)
    (root / "b" / "c").mkdir(parents=True)
    for seed in range(4):
        Image.fromarray(cloud(48, 80, seed)).save(root / "a" / f"{seed}.png")
    Image.fromarray(cloud(300, 200, 9)).save(root / "b" / "c" / "large.png")
    Image.fromarray(cloud(48, 80, 2)).save(root / "b" / "c" / "copy.jpg", quality=80)
    Image.fromarray(cloud(48, 80, 7)).convert("L").save(root / "b" / "c" / "gray.png")
    (root / "b" / "c" / "broken.png").write_bytes(b"no picture")
    return root


def test_the_hash_equals_an_independent_implementation() -> None:
    picture = Image.fromarray(cloud(64, 72, 3))
    small = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.BOX), np.int64)
    expected = int("".join("01"[int(b > a)] for row in small for a, b in pairwise(row)), 2)
    assert (difference_hash(np.asarray(picture)) ^ expected).bit_count() <= 2


def test_hash_survives_resizing_and_blur_and_tells_pictures_apart() -> None:
    picture = Image.fromarray(cloud(200, 260, 5))
    value = difference_hash(np.asarray(picture))
    half = difference_hash(np.asarray(picture.resize((130, 100), Image.Resampling.BICUBIC)))
    blurred = difference_hash(np.asarray(picture.filter(ImageFilter.GaussianBlur(1))))
    other = difference_hash(cloud(200, 260, 6))
    assert (value ^ half).bit_count() <= 2
    assert (value ^ blurred).bit_count() <= 2
    assert (value ^ other).bit_count() > 8


@pytest.mark.parametrize("radius", [0, 2, 3])
def test_index_finds_what_a_full_search_finds(radius: int) -> None:
    rng = np.random.default_rng(radius)
    known = [int(v) for v in rng.integers(2**64, size=200, dtype=np.uint64)]
    index = HashIndex(radius)
    for value in known:
        index.add(value)
    for flips in range(6):
        for value in known[:40]:
            bits = rng.choice(64, flips, replace=False)
            changed = value ^ sum(1 << int(bit) for bit in bits)
            full = any((changed ^ other).bit_count() <= radius for other in known)
            assert (changed in index) == full


def test_packed_pictures_are_those_of_the_files(tmp_path: Path) -> None:
    data = make_pictures(tmp_path / "data")
    lines: list[str] = []
    request = PackRequest(data, tmp_path / "out", 60, {"a": "CC0"}, print_message=lines.append)
    description = pack(request)
    rows = {row["name"]: row for row in description["folders"]}
    assert rows["a"]["pictures"] == 4
    assert rows["a"]["terms"] == "CC0"
    assert rows["b/c"]["dropped"] == {"gray": 1, "near-duplicate": 1, "unreadable": 1}
    assert len(lines) == 1
    assert "broken.png" in lines[0]
    packed = PackedDataset(tmp_path / "out")
    assert [path.name for path in packed.paths] == [f"{n}.png" for n in range(4)] + ["large.png"]
    for seed in range(4):
        assert (packed.read(tmp_path / "out" / "a" / f"{seed}.png") == cloud(48, 80, seed)).all()
    assert packed.read(tmp_path / "out" / "b" / "c" / "large.png").shape == (90, 60, 3)


def test_file_content_of_a_packed_picture_has_its_pixels(tmp_path: Path) -> None:
    pack(PackRequest(make_pictures(tmp_path / "data"), tmp_path / "out"))
    source = PackedSource(tmp_path / "out")
    (tmp_path / "one.png").write_bytes(source.file_content(source.paths[1]))
    assert (np.asarray(Image.open(tmp_path / "one.png")) == cloud(48, 80, 1)).all()
    assert (
        FolderSource(tmp_path / "data").read(tmp_path / "data/a/1.png") == cloud(48, 80, 1)
    ).all()


def test_excluded_pictures_are_left_out(tmp_path: Path) -> None:
    value = difference_hash(cloud(48, 80, 1)) ^ 0b101
    request = PackRequest(
        make_pictures(tmp_path / "data"), tmp_path / "out", exclude=frozenset({value})
    )
    assert pack(request)["folders"][0]["dropped"] == {"excluded": 1}


def test_a_stopped_run_is_resumed_and_gives_the_same(tmp_path: Path) -> None:
    data = make_pictures(tmp_path / "data")
    whole = pack(PackRequest(data, tmp_path / "whole"))

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # at the broken file of the second folder
        pack(PackRequest(data, tmp_path / "parts", print_message=stop))
    with pytest.raises(UsageError, match="--resume"):
        pack(PackRequest(data, tmp_path / "parts"))
    with pytest.raises(UsageError, match="short side"):
        pack(PackRequest(data, tmp_path / "parts", 99, resume=True))
    assert pack(PackRequest(data, tmp_path / "parts", resume=True)) == whole
    for name in ("000.pixels", "001.pixels"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not [path for path in (tmp_path / "parts").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("damage", ["short", "index", "version"])
def test_a_damaged_dataset_is_refused(tmp_path: Path, damage: str) -> None:
    pack(PackRequest(make_pictures(tmp_path / "data"), tmp_path / "out"))
    if damage == "short":
        path = tmp_path / "out" / "000.pixels"
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "index":
        (tmp_path / "out" / "000.npz").write_bytes(b"PK")
    else:
        path = tmp_path / "out" / "dataset.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    with pytest.raises(ArtifactError, match="pack it again"):
        PackedDataset(tmp_path / "out")


def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    code = "from colortk.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "datasets", "pack", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=400,
    )


def test_the_command_prints_folders_and_refuses_bad_lists(tmp_path: Path) -> None:
    data = make_pictures(tmp_path / "data")
    (tmp_path / "terms.tsv").write_text("b/c\tpublic domain\n")
    (tmp_path / "hashes.txt").write_text(f"{difference_hash(cloud(48, 80, 0)):x}\n")
    done = run_command(
        "--data", data, "-o", tmp_path / "out", "--terms", tmp_path / "terms.tsv",
        "--exclude", tmp_path / "hashes.txt",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "a: 3 pictures; left out: 1 excluded" in done.stdout
    assert json.loads((tmp_path / "out/dataset.json").read_text())["folders"][1]["terms"] == (
        "public domain"
    )
    (tmp_path / "terms.tsv").write_text("nowhere\tpublic domain\n")
    bad = run_command("--data", data, "-o", tmp_path / "x", "--terms", tmp_path / "terms.tsv")
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
    (tmp_path / "hashes.txt").write_text("xyz\n")
    bad = run_command("--data", data, "-o", tmp_path / "x", "--exclude", tmp_path / "hashes.txt")
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)


@pytest.mark.slow
def test_training_on_packed_pictures_equals_training_on_files(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    for seed in range(16):
        (tmp_path / "data" / "p").mkdir(parents=True, exist_ok=True)
        Image.fromarray(cloud(64, 72, seed)).save(tmp_path / "data" / "p" / f"{seed:02}.png")
    pack(PackRequest(tmp_path / "data", tmp_path / "packed"))
    for name in ("data", "packed"):
        fit(
            "-p", "autoencoder", "--data", tmp_path / name, "-o", tmp_path / f"of-{name}",
            "--epochs", 1, "--side", 32, *SMALL,
        )  # fmt: skip
    one, other = ((tmp_path / f"of-{n}" / "network.onnx").read_bytes() for n in ("data", "packed"))
    assert one == other
