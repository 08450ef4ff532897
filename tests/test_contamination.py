"""Pictures that a plugin was trained on: hashes beside weights, and comparisons that name them."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import ArtifactError, UsageError
from colortk.harness.compare import compare
from colortk.harness.contamination import hash_sources, seen_pictures
from colortk.harness.results import Results
from colortk.harness.run_options import RunOptions
from colortk.harness.sources import find_sources
from colortk.io.difference_hash import SortedHashes
from colortk.plugin.registry import registry
from colortk.report.captions import caption
from colortk.store.artifacts import artifacts_of
from colortk.store.training_hashes import TrainingHashes, read_training_hashes

SINGLE = RunOptions(jobs=1, repeats=False)


def cloud(seed: int, side: int = 96) -> Image.Image:
    """A smooth picture, whose hash survives another size."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (9, 10, 3), dtype=np.uint8))
    return small.resize((side + 20, side), Image.Resampling.BICUBIC)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The weights of `mean_color` in a folder of their own, without hashes."""
    folder = tmp_path / "weights"
    shutil.copytree(str(files("colortk_plugins.mean_color") / "artifacts"), folder)
    (folder / "training.hashes").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["training_hashes"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_the_shipped_weights_have_hashes() -> None:
    """All that were trained list what they have seen; a pretrained encoder has seen more."""
    registered = registry()
    for name, least, complete in (
        ("effnet_bins", 20_000, False),
        ("autoencoder", 20_000, False),
        ("sift_mlp", 20_000, True),
        ("acharya_tanh_natural", 2_500, True),
        ("mean_chrominance", 600, True),
    ):
        hashes = read_training_hashes(artifacts_of(registered.colorizer(name)[1]))
        assert hashes is not None, name
        assert len(hashes.values) > least
        assert hashes.complete is complete


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """Three pictures; of the first two, smaller copies are used for training."""
    (tmp_path / "scored").mkdir()
    (tmp_path / "train").mkdir()
    for seed in range(3):
        cloud(seed, 200).save(tmp_path / "scored" / f"{seed}.png")
    for seed in (0, 1, 7):
        cloud(seed, 200).resize((92, 84)).save(tmp_path / "train" / f"t{seed}.jpg", quality=80)
    return tmp_path / "scored"


def record(tmp_path: Path, weights: Path, *more: str) -> int:
    data = str(tmp_path / "train")
    return invoke(["datasets", "hashes", "--data", data, "--weights", str(weights), *more])


def test_hashes_are_written_beside_weights(
    tmp_path: Path, weights: Path, scored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = registry().colorizer("mean_color")[1]
    before = artifacts_of(spec, weights)
    assert read_training_hashes(before) is None
    assert record(tmp_path, weights) == 0
    assert "3 different pictures recorded" in capsys.readouterr().out
    content = (weights / "training.hashes").read_bytes()
    entry = json.loads((weights / "manifest.json").read_text())["training_hashes"]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert (len(content), entry["pictures"], entry["complete"]) == (24, 3, True)
    after = artifacts_of(spec, weights)
    assert after.digest == before.digest
    hashes = read_training_hashes(after)
    assert hashes is not None
    values = np.frombuffer(content, "<u8")
    assert hashes == TrainingHashes(frozenset(int(v) for v in values), True)
    assert list(values) == sorted(values)
    assert record(tmp_path, weights, "--pretrained") == 0
    assert read_training_hashes(artifacts_of(spec, weights)).complete is False
    (weights / "training.hashes").write_bytes(content[:-8])
    with pytest.raises(ArtifactError, match="SHA-256"):
        read_training_hashes(artifacts_of(spec, weights))
    (weights / "training.hashes").unlink()
    with pytest.raises(ArtifactError, match="cannot be used"):
        read_training_hashes(artifacts_of(spec, weights))
    assert record(tmp_path, tmp_path / "train") == 4


def test_a_plugin_without_weights_has_seen_nothing() -> None:
    spec = registry().colorizer("gray")[1]
    assert read_training_hashes(artifacts_of(spec)) == TrainingHashes(frozenset(), True)


def test_copies_are_recognized_and_hashes_are_stored(
    tmp_path: Path, scored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = find_sources([scored])[0]
    (tmp_path / "store").mkdir()
    with Results(tmp_path / "store") as results:
        copies = find_sources([tmp_path / "train"])[0]
        trained = frozenset(hash_sources(copies, results).values())
        hashes = hash_sources(sources, results)
        monkeypatch.setattr("colortk.harness.contamination.decode", None)  # would fail
        assert hash_sources(sources, results) == hashes
    seen = seen_pictures({"a": TrainingHashes(trained, True), "b": None}, hashes)
    names = {source.picture: Path(source.name).name for source in sources}
    assert {names[picture] for picture in seen["a"]} == {"0.png", "1.png"}
    assert seen["b"] == set()


@pytest.mark.slow
def test_compare_counts_and_leaves_out_seen_pictures(
    tmp_path: Path, weights: Path, scored: Path
) -> None:
    plugin = f"mean_color@{weights}"
    run = {"run_options": SINGLE, "store": tmp_path / "store", "changes": {"short_side": 64}}
    unknown = f"mean_color@{tmp_path / 'unknown'}"
    shutil.copytree(weights, tmp_path / "unknown")
    record(tmp_path, weights)
    found = compare([scored], [plugin, unknown], ["psnr"], **run).summary()
    seen = {row.name: row.seen for row in found.plugins}
    assert (seen[plugin].pictures, seen[plugin].complete) == (2, True)
    assert seen[unknown].pictures is None
    assert seen["gray"].pictures == 0
    assert f"pictures seen in training: {plugin} 2; unknown of {unknown}" in caption(found)
    record(tmp_path, weights, "--pretrained")
    rest = compare([scored], [plugin], ["psnr"], unseen=True, **run).summary()
    assert (rest.images, rest.left_out_seen) == (1, 2)
    lines = "\n".join(caption(rest))
    assert "left out by --unseen: 2 pictures that a plugin was trained on" in lines
    assert f"{plugin} 0 (at least: pretrained)" in lines
    (scored / "2.png").unlink()
    with pytest.raises(UsageError, match="leaves no picture"):
        compare([scored], [plugin], ["psnr"], unseen=True, **run)


@pytest.mark.slow
def test_training_on_a_packed_dataset_writes_hashes(tmp_path: Path) -> None:
    for seed in range(6):
        (tmp_path / "data").mkdir(exist_ok=True)
        cloud(seed).save(tmp_path / "data" / f"{seed}.png")
    packed, out = str(tmp_path / "packed"), str(tmp_path / "out")
    assert invoke(["datasets", "pack", "--data", str(tmp_path / "data"), "-o", packed]) == 0
    assert invoke(["fit", "--plugin", "mean_color", "--data", packed, "-o", out]) == 0
    spec = registry().colorizer("mean_color")[1]
    hashes = read_training_hashes(artifacts_of(spec, tmp_path / "out"))
    assert hashes is not None
    description = json.loads((tmp_path / "packed" / "dataset.json").read_text())
    assert len(hashes.values) == description["pictures"]
    assert hashes.complete


@pytest.mark.parametrize("radius", [0, 2, 5])
def test_near_hashes_are_found_as_by_comparing_all(radius: int) -> None:
    rng = random.Random(radius)
    values = [rng.getrandbits(64) for _ in range(300)] + [0, 2**64 - 1]
    index = SortedHashes(frozenset(values), radius)
    found = []
    for _ in range(400):
        query = rng.choice(values)
        for _ in range(rng.randint(0, 8)):
            query ^= 1 << rng.randrange(64)
        near = any((query ^ value).bit_count() <= radius for value in values)
        assert (query in index) == near
        found.append(near)
    assert 20 < sum(found) < 380
    assert 0 not in SortedHashes((), radius)
