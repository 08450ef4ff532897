"""A plugin cannot find the originals while it is scored, or the report says that it could."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.errors import PredictionError
from colortk.harness.sealing import summarize_sealing
from colortk.harness.summary_rows import PluginRow, PredictionSeconds
from colortk.plugin.registry import registry
from colortk.report.captions import sealing_notes
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import PluginRequest
from colortk.runtime.readable import readable_paths
from colortk.runtime.sandbox import ASPECTS, Hidden, Sandbox
from conftest import COLORIZER, Run, colorizer_module, photo
from spy_plugin import spy_source

MARK = "secret_originals"
ZEROS = "np.zeros((*lightness.shape, 2), np.float32)"
ALL, NONE = dict.fromkeys(ASPECTS, True), dict.fromkeys(ASPECTS, False)


@dataclass
class Scene:
    """Pictures, a store and listeners that a plugin must not reach, and the plugin's site."""

    pictures: Path
    store: Path
    site: Path
    hidden: Hidden


@pytest.fixture
def scene(
    tmp_path: Path, distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    # The folders lie beneath the one in which the plugin's code is found: the hardest case.
    site = tmp_path / "site"
    pictures, store = site / "data" / MARK, site / f"store-{MARK}"
    for folder in (pictures, store):
        folder.mkdir(parents=True)
    Image.fromarray(photo(64, 64)).save(pictures / "a.png")
    Image.fromarray(photo(64, 64, 1)).save(site / "beside.png")
    (store / "scores.db").write_bytes(b"scores")
    monkeypatch.setenv("COLORTK_STORE", str(store))
    monkeypatch.setenv("SECRET", str(pictures))
    monkeypatch.setenv("PWD", str(pictures))
    monkeypatch.chdir(pictures)
    secret = ctypes.create_string_buffer(b"originals")
    with (
        socket.socket() as tcp,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as named,
        open(pictures / "a.png", "rb"),
    ):
        tcp.bind(("127.0.0.1", 0))
        abstract.bind("\0" + MARK[::-1])
        name = f"/tmp/{MARK}-{os.getpid()}"
        named.bind(name)
        for one in (tcp, abstract, named):
            one.listen(8)
        source = spy_source(
            [pictures / "a.png", store / "scores.db", site / "beside.png"],
            [pictures, store], MARK, os.getpid(), ctypes.addressof(secret),
            tcp.getsockname()[1], name,
        )  # fmt: skip
        distribution("spy", source)
        hidden = Hidden((str(pictures), str(site)), (str(store),))
        yield Scene(pictures, store, site, hidden)
        os.unlink(name)
    sys.modules.pop("spy", None)


@pytest.fixture
def installed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.syspath_prepend(str(scene.site))
    registry.cache_clear()
    yield scene
    monkeypatch.undo()
    registry.cache_clear()


def found_by(plugin: Isolated) -> dict[str, list[str]]:
    with pytest.raises(PredictionError) as caught:
        plugin.predict(np.zeros((8, 8), np.float32))
    text = str(caught.value)
    assert "FOUND " in text, text
    findings: dict[str, list[str]] = json.JSONDecoder().raw_decode(text.partition("FOUND ")[2])[0]
    return findings


def test_a_sealed_plugin_finds_nothing(installed: Scene) -> None:
    with Isolated(PluginRequest("spy"), 60, hidden=installed.hidden) as plugin:
        sealed, findings = plugin.sealed, found_by(plugin)
    for aspect in ASPECTS:
        if sealed[aspect]:
            assert aspect not in findings, findings
    if sys.platform == "linux" and namespaces_allowed():
        assert sealed == ALL
    assert not (installed.pictures / "planted").exists()


def namespaces_allowed() -> bool:
    """Check the namespaces with util-linux, an independent program."""
    command = ["unshare", "--user", "--pid", "--mount", "--net", "--fork", "true"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def test_the_spy_plugin_finds_everything_that_is_not_sealed(
    installed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prove that the plugin of the test above finds files that are not hidden."""
    monkeypatch.setenv("COLORTK_SEAL", "off")
    with Isolated(PluginRequest("spy"), 60, hidden=installed.hidden) as plugin:
        assert plugin.sealed == NONE
        findings = found_by(plugin)
    assert set(findings) == set(ASPECTS)
    for what in ("environ:", "links:", "environment:", "variables:"):
        assert any(line.startswith(what) for line in findings["paths"]), what
    for what in ("tcp:", "abstract:", "socket file:"):
        assert any(line.startswith(what) for line in findings["network"]), what


#: Code of a child process for which the kernel forbids namespaces, Landlock or both.
FORBIDDEN = """
import json, os, sys
from colortk.runtime import landlock, namespaces, sandbox
def refuse(*_): raise OSError("forbidden")
if "namespaces" in sys.argv: namespaces.enter = refuse
if "root" in sys.argv: namespaces.change_root = refuse
if "landlock" in sys.argv: landlock.restrict = refuse
policy = json.loads(sys.stdin.read())
os.environ["HOME"] = policy["work"] + "/home"
aspects, _ = sandbox.seal(policy, os.getppid())
sys.path.insert(0, sys.argv[1])
import spy
print("SEALED", json.dumps([aspects, spy.seek()]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="namespaces and Landlock are Linux's")
@pytest.mark.parametrize("missing", ["namespaces", "root", "landlock", "namespaces landlock"])
def test_aspects_that_the_kernel_cannot_seal_are_reported(scene: Scene, missing: str) -> None:
    sandbox = Sandbox([scene.site], scene.hidden)
    policy = json.dumps(sandbox.policy())
    try:
        run = subprocess.run(
            [sys.executable, "-P", "-c", FORBIDDEN, str(scene.site), *missing.split()],
            capture_output=True, text=True, env=sandbox.environment(), cwd=sandbox.work, timeout=240,
            input=policy,
        )  # fmt: skip
    finally:
        sandbox.close()
    assert "SEALED" in run.stdout, run.stderr
    sealed, findings = json.loads(run.stdout.partition("SEALED ")[2])
    for aspect in ASPECTS:
        if sealed[aspect]:
            assert aspect not in findings, findings
    if "namespaces" in missing:
        assert not sealed["network"]
    if missing == "namespaces landlock":
        assert sealed == NONE


def test_files_beside_code_are_readable_except_pictures(scene: Scene) -> None:
    readable = readable_paths([scene.site], scene.hidden.folders, scene.hidden.trees)
    paths = readable.paths
    ours = {path for path in paths if path.startswith(str(scene.site))}
    assert f"{scene.site}/spy.py" in ours
    assert any(path.endswith(".dist-info") for path in ours)
    assert not any(MARK in path or path.endswith(".png") for path in ours)
    assert str(scene.site) not in ours
    assert str(scene.site) in readable.listed
    assert str(scene.site.parent) not in paths


OPTIONS = """
from dataclasses import dataclass
from pathlib import Path

@dataclass(frozen=True)
class Options:
    reference: Path = Path("none")
    folder: Path = Path("none")
    word: str = ""
"""
READS = """
        text = self.options.reference.read_text() + (self.options.folder / "b").read_text()
        raise RuntimeError(f"READ {text} {self.options.word} FROM {self.options.reference}")
"""


def test_files_named_by_options_are_passed_by_content(
    distribution: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = OPTIONS + COLORIZER.format(
        module="reader", name="reader", body=READS.strip(), more=", options=Options"
    )
    site = distribution("reader", module)
    place = tmp_path / MARK
    place.mkdir()
    (place / "a").write_text("first")
    (place / "b").write_text("second")
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    options = (f"reference={place / 'a'}", f"folder={place}", "word=third")
    try:
        with Isolated(PluginRequest("reader", options), 60, hidden=Hidden()) as plugin:
            with pytest.raises(PredictionError, match="READ firstsecond third FROM") as caught:
                plugin.predict(np.zeros((8, 8), np.float32))
            where = str(caught.value).partition("FROM ")[2].split()[0]
            assert MARK not in where
            options_key = plugin.options_key
        with Isolated(PluginRequest("reader", options), 60) as plugin:
            assert plugin.options_key == options_key, "a result's key depends on the content alone"
    finally:
        monkeypatch.undo()
        registry.cache_clear()
        sys.modules.pop("reader", None)
    assert not Path(where).exists(), "the copy is deleted with the process"


@pytest.mark.slow
def test_a_sealed_process_that_is_killed_is_reported_as_such(
    distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """
        import os, signal, subprocess
        value = int(lightness[0, 0])
        if value == 1: os.kill(os.getpid(), signal.SIGKILL)
        if value == 2: os.abort()
        if value == 3: os._exit(7)
        if value == 4 and os.getpid() == 2:  # never outside a process namespace
            os.kill(-1, signal.SIGKILL)
        return np.zeros((*lightness.shape, 2), np.float32)
    """
    site = distribution("ender", colorizer_module("ender", "ender", body.strip()))
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    try:
        with Isolated(PluginRequest("ender"), 60, hidden=Hidden()) as plugin:
            ways = {1: "SIGKILL", 2: "SIGABRT", 3: "exit code 7"}
            if plugin.sealed["processes"]:
                ways[4] = ""  # the kill ends only its own processes, not this one
            for value, why in ways.items():
                if why:
                    with pytest.raises(PredictionError, match=why):
                        plugin.predict(np.full((4, 4), value, np.float32))
                else:
                    plugin_or_nothing(plugin, value)
            assert not plugin.predict(np.zeros((4, 4), np.float32)).any()
    finally:
        monkeypatch.undo()
        registry.cache_clear()
        sys.modules.pop("ender", None)


def plugin_or_nothing(plugin: Isolated, value: int) -> None:
    with contextlib.suppress(PredictionError):
        plugin.predict(np.full((4, 4), value, np.float32))


@pytest.mark.slow
def test_compare_states_the_sealed_aspects(colortk: Run, scene: Scene, tmp_path: Path) -> None:
    run = colortk(
        "compare", ".", scene.site / "beside.png", "-p", "spy", "-p", "mean_color", "--json", "-m", "psnr",
        "--html", tmp_path / "report.html", plugins=scene.site, cwd=scene.pictures,
        env={"COLORTK_STORE": str(scene.store), "COLORTK_REPEATS": "0"},
    )  # fmt: skip
    report = json.loads(run.stdout)
    plugins = {row["name"]: row for row in report["plugins"]}
    failures = [row["error"] for row in report["failures"] if row["plugin"] == "spy"]
    assert len(failures) == 2
    for text in failures:
        findings = json.JSONDecoder().raw_decode(text.partition("FOUND ")[2])[0]
        for aspect, sealed in plugins["spy"]["sealed"].items():
            assert not (sealed and aspect in findings), findings
    table = colortk("compare", scene.pictures, "-p", "mean_color", "-m", "psnr", plugins=scene.site)
    (line,) = sealing_notes([plugin_row("mean_color", plugins["mean_color"]["sealed"])])
    assert line in table.stdout + table.stderr
    assert line in (tmp_path / "report.html").read_text()


def plugin_row(name: str, sealed: dict[str, bool | None]) -> PluginRow:
    """Return a table row of which only name and sealing matter."""
    seconds = PredictionSeconds(1.0, 1.0)
    return PluginRow(
        name, name, "", "", "", {}, None, "", 1, 0, {}, None, seconds, None, None, sealed
    )


def test_a_caption_names_unsealed_plugins() -> None:
    reports = [ALL, ALL | {"network": False}]
    assert summarize_sealing(reports) == ALL | {"network": False}
    assert summarize_sealing([None]) == dict.fromkeys(ASPECTS)
    plugins = [plugin_row("a", ALL), plugin_row("b", summarize_sealing(reports))]
    assert sealing_notes(plugins) == [
        "While a plugin was scored: paths sealed; files sealed; network not sealed (b);"
        " network sealed (a); processes sealed (docs/protocol.md)"
    ]
    assert sealing_notes([plugin_row("a", {})]) == []
