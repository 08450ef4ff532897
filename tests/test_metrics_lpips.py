"""The network of LPIPS: verified, one session per process, converted from a checkpoint without executing it."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from colortk.errors import ArtifactError, PictureError
from colortk.harness.lpips import network
from colortk.harness.lpips.build import SHA256
from colortk.harness.lpips.checkpoint import read
from colortk.metrics import score
from conftest import photo

ARTIFACTS = Path(network.__file__).parent / "artifacts"


def test_the_shipped_network_is_the_one_in_its_manifest() -> None:
    manifest = json.loads((ARTIFACTS / "manifest.json").read_text("utf-8"))
    entry = manifest["artifacts"][network.NAME]
    content = (ARTIFACTS / network.NAME).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(content) == entry["bytes"] < 5.5e6
    assert manifest["source"]["sha256"] == SHA256
    notice = (ARTIFACTS / "README.md").read_text("utf-8")
    assert SHA256 in notice
    assert "Copyright (c) 2018, Richard Zhang" in notice
    assert "Copyright (c) Soumith Chintala 2016" in notice


def test_features_of_a_batch_are_those_of_its_pictures() -> None:
    batch = np.stack([photo(64, 80), photo(64, 80, 1)])
    together = network.features(batch)
    for index in range(2):
        alone = network.features(batch[index : index + 1])
        for one, both in zip(alone, together, strict=True):
            assert both[index] == pytest.approx(one[0], abs=1e-5)
    assert [layer.shape[1] for layer in together] == [64, 192, 384, 256, 256]


@pytest.mark.parametrize(("height", "width"), [(31, 31), (31, 400), (33, 47)])
def test_the_smallest_pictures(height: int, width: int) -> None:
    truth = photo(height, width)
    assert score(truth, truth, ["lpips"]) == {"lpips": 0.0}
    assert 0 < score(photo(height, width, 1)[::-1], truth, ["lpips"])["lpips"] < 2
    small = truth[:30]
    with pytest.raises(PictureError, match="too small for LPIPS: .* × 30, at least 31 × 31"):
        score(small, small, ["lpips"])
    assert "lpips" not in score(small, small)


@pytest.mark.parametrize("damage", ["altered", "missing", "no manifest"])
def test_a_network_that_is_not_trusted_is_not_run(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "artifacts"
    shutil.copytree(ARTIFACTS, place)
    if damage == "altered":
        content = bytearray((place / network.NAME).read_bytes())
        content[len(content) // 2] ^= 1
        (place / network.NAME).write_bytes(bytes(content))
    else:
        (place / (network.NAME if damage == "missing" else "manifest.json")).unlink()
    for module in ("colortk.harness.lpips.network", "colortk.store.artifact_manifest"):
        monkeypatch.setattr(f"{module}.files", lambda package: tmp_path)
    with pytest.raises(ArtifactError, match="LPIPS cannot be used: .*reinstall colorization-tool"):
        network._session.__wrapped__(0)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_a_session_of_its_own(tmp_path: Path) -> None:
    code = """
import os, numpy as np
from colortk.metrics import score
a = np.zeros((64, 64, 3), np.uint8); b = a + np.arange(64, dtype=np.uint8)[:, None]
first = score(a, b, ["lpips"])
if os.fork() == 0:
    os._exit(0 if score(a, b, ["lpips"]) == first else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=tmp_path)
    assert run.stdout.split() == ["0"], run.stderr


def checkpoint(tmp_path: Path, value: object, protocol: int = 3) -> Path:
    """Pickle an array as NumPy 1 does, with any installed NumPy."""
    path = tmp_path / "some.ckpt"
    content = pickle.dumps(value, protocol=protocol)
    path.write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    return path


class Payload:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.mark}",)


def test_an_lpips_checkpoint_is_converted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tree = {
        "one": {"kernel": rng.normal(size=(3, 3, 2, 5)).astype(np.float32)},
        "two": {"deep": {"bias": np.arange(4, dtype=np.float32)}},
    }
    found = read(checkpoint(tmp_path, tree))
    assert np.array_equal(found["one"]["kernel"], tree["one"]["kernel"])
    assert np.array_equal(found["two"]["deep"]["bias"], tree["two"]["deep"]["bias"])


def test_nothing_in_a_checkpoint_runs(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    array = np.ones(3, np.float32)
    for value in (
        Payload(mark),
        {"a": array, "b": Payload(mark)},
        {"a": np.ones(3, np.float64)},
        {"a": np.array([Payload(mark)], object)},
        {"a": "text"},
        {"a": [array]},
        7,
    ):
        for protocol in range(2, 6):
            with pytest.raises(ArtifactError, match="checkpoint cannot be read"):
                read(checkpoint(tmp_path, value, protocol))
    whole = checkpoint(tmp_path, {"a": array}).read_bytes()
    for damaged in (b"", b"no pickle", whole[:-5], whole[:40], whole[:2] + whole[3:]):
        path = tmp_path / "damaged"
        path.write_bytes(damaged)
        with pytest.raises(ArtifactError, match="checkpoint cannot be read"):
            read(path)
    assert not mark.exists()


def test_an_unknown_lpips_checkpoint_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    path = checkpoint(tmp_path, {"a": np.ones(3, np.float32)})
    command = [sys.executable, "-m", "colortk.harness.lpips.build", str(path), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert run.returncode == 1
    assert "not the checkpoint from which LPIPS is built" in run.stderr
    assert run.stderr.count("\n") == 1
