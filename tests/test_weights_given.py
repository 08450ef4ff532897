"""Weights from the user: ``--weights FILE|DIR``, large files by path, sealed processes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.errors import ArtifactError, Notice, UsageError
from colortk.harness.plugin_variants import parse_variant
from colortk.plugin.registry import registry
from colortk.plugin.spec import Artifact, ColorizerSpec, WorkingSize
from colortk.plugin.spec_checks import check_spec
from colortk.plugin.weights_folder import missing_weights, size_text, weights_path
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import PluginRequest
from colortk.runtime.sandbox import Hidden
from colortk.store.artifacts import artifacts_of
from conftest import Run, one_line
from test_weights_cli import MODULE

CONTENT = bytes([9]) + b"weights" * 100
DIGEST = hashlib.sha256(CONTENT).hexdigest()
URL = "https://example.org/net.bin"
FOREIGN = bytes([30]) + b"other"
FOREIGN_DIGEST = hashlib.sha256(FOREIGN).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def site(distribution: Callable[..., Path]) -> Path:
    text = MODULE.format(digest=DIGEST, urls=repr(URL), size=len(CONTENT))
    return distribution("fetched", text)


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    yield
    registry.cache_clear()
    sys.modules.pop("fetched", None)


def spec(*artifacts: Artifact, package: str = "") -> ColorizerSpec:
    size = WorkingSize(short=32)
    return ColorizerSpec("fetched", "x", "a:b", package, working_size=size, artifacts=artifacts)


NET = Artifact("net.bin", DIGEST, URL, len(CONTENT))
CENTERS = Artifact("centers.bin", "c" * 64, URL)


def put(spec: ColorizerSpec, artifact: Artifact, content: bytes) -> Path:
    path = weights_path(spec.name, artifact)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_declared_file_is_that_artifact_whatever_its_name(tmp_path: Path) -> None:
    plugin, file = spec(NET), tmp_path / "download (1)"
    file.write_bytes(CONTENT)
    artifacts = artifacts_of(plugin, file)
    assert artifacts.digest == artifacts_of(plugin).digest
    assert (artifacts.foreign, artifacts.foreign_note) == ((), "")
    assert artifacts.read("net.bin") == CONTENT
    assert artifacts.path("net.bin") == file


def test_another_file_is_foreign_and_has_its_own_key(tmp_path: Path) -> None:
    plugin, file = spec(NET), tmp_path / "mine.bin"
    file.write_bytes(FOREIGN)
    artifacts = artifacts_of(plugin, file)
    assert artifacts.digest == hashlib.sha256(f"net.bin {FOREIGN_DIGEST}".encode()).hexdigest()
    assert artifacts.foreign == ("net.bin",)
    assert "mine.bin' is not one that plugin 'fetched' declares" in artifacts.foreign_note
    assert artifacts.read("net.bin") == FOREIGN
    file.write_bytes(FOREIGN + b"changed")
    with pytest.raises(ArtifactError, match="is not trusted"):
        artifacts.read("net.bin")
    assert artifacts_of(plugin, file).digest != artifacts.digest


def test_of_several_artifacts_the_digest_or_the_name_decides(tmp_path: Path) -> None:
    plugin = spec(NET, CENTERS)
    put(plugin, NET, CONTENT)
    file = tmp_path / "centers.bin"
    file.write_bytes(FOREIGN)
    artifacts = artifacts_of(plugin, file)
    assert artifacts.foreign == ("centers.bin",)
    assert artifacts.read("net.bin") == CONTENT  # from the folder of weights
    assert artifacts.read("centers.bin") == FOREIGN
    assert artifacts_of(plugin, tmp_path).digest == artifacts.digest
    file.rename(tmp_path / "unknown.bin")
    with pytest.raises(ArtifactError, match="replaces: 'net.bin', 'centers.bin'"):
        artifacts_of(plugin, tmp_path / "unknown.bin")
    with pytest.raises(ArtifactError, match="or a folder with net.bin, centers.bin"):
        artifacts_of(plugin, tmp_path)
    with pytest.raises(ArtifactError, match="has no weights"):
        artifacts_of(spec(), tmp_path / "unknown.bin")
    with pytest.raises(ArtifactError, match="no weights in"):
        artifacts_of(plugin, tmp_path / "missing")


def test_what_is_missing_is_named(folder: Path) -> None:
    plugin = spec(NET, CENTERS)
    with pytest.raises(ArtifactError, match=r"needs net.bin \(701 bytes\), centers.bin: colortk w"):
        artifacts_of(plugin).require()
    path = put(plugin, NET, CONTENT[:-1])
    put(plugin, CENTERS, b"any size: none is declared")
    assert [file.artifact for file in missing_weights(plugin)] == [NET]
    path.write_bytes(CONTENT)
    assert missing_weights(plugin) == []
    artifacts_of(plugin).require()
    with pytest.raises(ArtifactError, match=r"not trusted.*colortk weights get fetched"):
        artifacts_of(plugin).path("centers.bin")
    brought = spec(Artifact("only.bin", "d" * 64))
    with pytest.raises(ArtifactError, match="weights add fetched FILE"):
        artifacts_of(brought).require()
    shipped = spec(Artifact("manifest.json", "d" * 64), package="colortk_plugins.effnet_bins")
    assert missing_weights(shipped) == []


@pytest.mark.parametrize(
    ("artifact", "word"),
    [
        (Artifact("net.bin", DIGEST, "http://example.org/x"), "http is not allowed"),
        (Artifact("net.bin", DIGEST, ("https://a.org/x", "ftp://b.org/x")), "ftp is not allowed"),
        (Artifact("net.bin", DIGEST.upper(), URL), "64 lower-case hexadecimal"),
        (Artifact("../net.bin", DIGEST, URL), "not that of a file"),
        (Artifact("net:bin", DIGEST, URL), "not that of a file"),
        (Artifact(".net", DIGEST, URL), "not that of a file"),
        (Artifact("net.bin", DIGEST, URL, -1), "expected a number of bytes"),
        (Artifact("net.bin", DIGEST, URL, True), "expected a number of bytes"),
        (Artifact("net.bin", DIGEST, [URL]), "neither text nor a tuple"),  # type: ignore[arg-type]
        (Artifact("net.bin", DIGEST, URL, 1, None), "license"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_declaration_is_refused(artifact: Artifact, word: str) -> None:
    assert word in (check_spec(spec(artifact), ColorizerSpec) or "")


def test_declarations_with_and_without_addresses_are_valid() -> None:
    for artifacts in ((NET, CENTERS), (Artifact("net.bin", DIGEST, (URL, URL + "?2"), 5, "MIT"),)):
        assert check_spec(spec(*artifacts), ColorizerSpec) is None
    assert check_spec(spec(Artifact("x", "short"), package="p"), ColorizerSpec) is None
    assert "same name" in (check_spec(spec(NET, NET), ColorizerSpec) or "")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (912_345_678, "912 MB"),
     (999_600_000, "1.0 GB"), (9_960, "10 kB"), (12_000_000_000, "12 GB")],
)  # fmt: skip
def test_sizes_are_short(size: int, text: str) -> None:
    assert size_text(size) == text


def test_a_large_file_is_in_memory_at_most_once(tmp_path: Path) -> None:
    size = 32 << 20
    content = b"\7" * size
    artifact = Artifact("net.bin", hashlib.sha256(content).hexdigest(), URL, size)
    plugin = spec(artifact)
    put(plugin, artifact, content)
    del content
    peaks = []
    for access in (artifacts_of(plugin).path, artifacts_of(plugin).read):
        tracemalloc.start()
        result: Any = access("net.bin")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        del result
    assert peaks[0] < size / 10
    assert peaks[1] < size * 1.1


@pytest.mark.slow
def test_commands_take_a_file_and_note_that_it_is_foreign(
    colortk: Run, site: Path, tmp_path: Path, picture: Path
) -> None:
    (tmp_path / "mine.bin").write_bytes(FOREIGN)
    (tmp_path / "good.bin").write_bytes(CONTENT)
    outputs = []
    for name in ("mine.bin", "good.bin"):
        run = colortk(
            "run",
            picture,
            "-p",
            "fetched",
            "--weights",
            name,
            "-o",
            f"{name}.png",
            "--json",
            plugins=site,
        )
        assert run.returncode == 0, run.stderr
        assert ("note: foreign weights: the SHA-256 of 'mine.bin'" in run.stderr) == (
            name == "mine.bin"
        )
        row = json.loads(run.stdout)
        assert row["foreign_weights"] == (["net.bin"] if name == "mine.bin" else [])
        outputs.append(np.asarray(Image.open(tmp_path / f"{name}.png")))
    assert not np.array_equal(*outputs)
    two = ("plugins", "check", "fetched", "gray", "--weights", "mine.bin")
    one_line(colortk(*two, plugins=site), 2, "they belong to one plugin")


@pytest.mark.slow
def test_checks_take_a_file_and_options(colortk: Run, site: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(FOREIGN)
    check = ("plugins", "check", "fetched", "--json", "--weights", "mine.bin", "--option")
    run = colortk(*check, "gain=2", plugins=site)
    assert run.returncode == 0, run.stdout
    assert "note: foreign weights" in run.stderr
    assert {row["status"] for row in json.loads(run.stdout)} == {"passed", "not run"}
    rows = json.loads(colortk(*check, "gain=20", plugins=site).stdout)
    failed = {row["check"] for row in rows if row["status"] == "failed"}
    assert failed == {"returns_chroma_of_the_right_shape"}, "ab of 600 is not plausible"
    one_line(colortk(*check, "gian=2", plugins=site), 2, "did you mean 'gain'?")


@pytest.mark.usefixtures("installed")
def test_a_variant_takes_a_file_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.bin").write_bytes(FOREIGN)
    Path("good.bin").write_bytes(CONTENT)
    with pytest.warns(Notice, match="foreign weights"):
        foreign = parse_variant("fetched:gain=2@mine.bin")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        good = parse_variant("fetched@good.bin")
    declared = artifacts_of(spec(NET)).digest
    assert good.key.artifact == declared != foreign.key.artifact
    assert foreign.options == {"gain": 2.0}
    assert (foreign.foreign_weights, good.foreign_weights) == (("net.bin",), ())
    with pytest.raises(ArtifactError, match="colortk weights get fetched"):
        parse_variant("fetched")
    with pytest.raises(UsageError):
        parse_variant("fetched:gain=2@no.bin")


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "where",
    [
        "default",
        "in the store",
        *(pytest.param(w, marks=pytest.mark.slow) for w in ("variable", "through a link", "file")),
    ],
)
def test_a_sealed_process_reads_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    request = PluginRequest("fetched")
    if where == "default":
        monkeypatch.delenv("COLORTK_WEIGHTS")
        for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
            monkeypatch.setenv(name, str(tmp_path / "home"))
    elif where == "in the store":
        monkeypatch.setenv("COLORTK_WEIGHTS", str(store / "weights"))
    elif where == "through a link":
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "link"))
    if where == "file":
        file = store / "given.bin"
        file.write_bytes(CONTENT)
        request = PluginRequest("fetched", weights=file)
    else:
        put(registry().colorizer("fetched")[1], NET, CONTENT)
    with Isolated(request, timeout=60, hidden=Hidden(trees=(str(store),))) as plugin:
        ab = plugin.predict(np.full((8, 8), 50, np.float32))
        assert plugin.digest == artifacts_of(spec(NET)).digest
    assert ab[0, 0].tolist() == [CONTENT[0] % 40, 20]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are sealed on Linux")
@pytest.mark.usefixtures("installed")
def test_a_sealed_process_cannot_read_other_files_beside_its_weights(
    tmp_path: Path, distribution: Callable[..., Path], folder: Path
) -> None:
    put(registry().colorizer("fetched")[1], NET, CONTENT)
    beside = folder / "fetched" / "secret.bin"
    beside.write_bytes(b"secret")
    module = sys.modules["fetched"]
    text = Path(str(module.__file__)).read_text()
    probe = f"        self.ab[1] = __import__('os').access({str(beside)!r}, 4)\n"
    Path(str(module.__file__)).write_text(
        text.replace("    def predict_ab", probe + "    def predict_ab")
    )
    with Isolated(PluginRequest("fetched"), timeout=60, hidden=Hidden()) as plugin:
        if not plugin.sealed["files"]:
            pytest.skip("the kernel seals no files")
        ab = plugin.predict(np.full((8, 8), 50, np.float32))
    assert os.access(beside, os.R_OK)
    assert ab[0, 0, 1] == 0
