"""``colortk weights`` as a process, and the status "needs weights" in all commands."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import ArtifactError, ColortkError
from colortk.metrics import score
from colortk.plugin.discover import DeclaredPlugin
from colortk.plugin.registry import Registry, registry
from colortk.plugin.spec import AnySpec, ColorizerSpec
from conftest import NEED_WEIGHTS, Run, one_line, photo
from weights_server import WeightsServer

CONTENT = random.Random(3).randbytes(300_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()

#: A plugin that paints everything in a color that depends on its weights, read through their path.
MODULE = """
from dataclasses import dataclass
import numpy as np
from colortk.plugin import Artifact, ColorizerSpec, WorkingSize, hookimpl

@dataclass(frozen=True)
class Options:
    gain: float = 1.0

class Colorizer:
    def __init__(self, artifacts, options):
        with open(artifacts.path("net.bin"), "rb") as file:
            first = file.read(1)[0]
        assert first == artifacts.read("net.bin")[0]
        self.ab = np.float32([first % 40, 20]) * np.float32(options.gain)
    def predict_ab(self, lightness):
        return np.zeros((*lightness.shape, 2), np.float32) + self.ab

@hookimpl
def colortk_colorizers():
    net = Artifact("net.bin", "{digest}", {urls}, {size}, "CC-BY-4.0")
    return [ColorizerSpec(name="fetched", summary="for tests", factory="fetched:Colorizer",
                          artifacts=(net,), options=Options, working_size=WorkingSize(short=32))]
"""


#: A metric whose value is the first byte of its file.
METRIC = """
from colortk.plugin import Artifact, MetricSpec, hookimpl, metric_artifacts

def first_byte(result):
    return metric_artifacts("byte_metric").read("net.bin")[0]

@hookimpl
def colortk_metrics():
    net = Artifact("net.bin", "{digest}", "{url}", {size}, "CC-BY-4.0")
    return [MetricSpec("byte_metric", "for tests", "measured:first_byte", None,
                       needs_reference=False, artifacts=(net,))]
"""


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(CONTENT).running() as running:
        yield running


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights of all processes of a test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def install(distribution: Callable[..., Path], server: WeightsServer) -> Callable[..., Path]:
    def installed(*behaviors: str, size: int = len(CONTENT)) -> Path:
        urls = tuple(server.url(behavior) for behavior in behaviors)
        return distribution("fetched", MODULE.format(digest=DIGEST, urls=repr(urls), size=size))

    return installed


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run the command in this process: ``command("run", …, plugins=DIR)``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))

    def run(*arguments: Any, plugins: Path) -> subprocess.CompletedProcess[str]:
        if str(plugins) not in sys.path:
            monkeypatch.syspath_prepend(str(plugins))
        registry.cache_clear()
        words = [str(argument) for argument in arguments]
        code = invoke(words)
        output = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, output.out, output.err)

    yield run
    registry.cache_clear()
    sys.modules.pop("fetched", None)


def stored(weights: Path) -> Path:
    return weights / "fetched" / DIGEST[:16] / "net.bin"


def listed(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {row["file"]: row for row in json.loads(run.stdout)}


def test_get_list_verify_run_and_remove(
    command: Run, install: Callable[..., Path], server: WeightsServer, weights: Path, picture: Path
) -> None:
    site = install("status/404", "ok")
    row = listed(command("weights", "list", "--json", plugins=site))["net.bin"]
    assert (row["status"], row["size"], row["license"]) == ("missing", 300_000, "CC-BY-4.0")
    one_line(
        command("run", picture, "-p", "fetched", plugins=site), 4,
        "plugin 'fetched' has no weights", "needs net.bin (300 kB): colortk weights get fetched",
    )  # fmt: skip
    one_line(
        command("weights", "get", "fetched", plugins=site), 2, "license: CC-BY-4.0", "add --yes"
    )
    assert server.requests == []
    run = command("weights", "get", "fetched", "--yes", plugins=site)
    assert run.returncode == 0, run.stderr
    assert "404" in run.stderr
    assert "net.bin is verified and stored" in run.stderr
    assert stored(weights).read_bytes() == CONTENT
    server.requests.clear()
    run = command("weights", "get", "fetched", plugins=site)  # nothing to download or ask
    assert (run.returncode, server.requests) == (0, [])
    run = command("weights", "verify", "--json", plugins=site)
    assert (run.returncode, listed(run)["net.bin"]["status"]) == (0, "verified")
    run = command("run", picture, "-p", "fetched", "-o", "out.png", plugins=site)
    assert run.returncode == 0, run.stderr
    assert server.requests == []
    stored(weights).write_bytes(b"x" * len(CONTENT))
    one_line(
        command("run", picture, "-p", "fetched", "-o", "new.png", plugins=site), 4,
        "'net.bin' of plugin 'fetched' is not trusted", "colortk weights get fetched",
    )  # fmt: skip
    run = command("weights", "verify", plugins=site)
    assert run.returncode == 4
    assert "is damaged" in run.stderr
    run = command("weights", "remove", "fetched", plugins=site)
    assert (run.returncode, "deleted 1 file" in run.stderr) == (0, True)
    assert not (weights / "fetched").exists()


def test_every_failure_is_one_line(
    command: Run,
    install: Callable[..., Path],
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = install("wrong")
    (tmp_path / "other.bin").write_bytes(b"other")
    get = ("weights", "get", "fetched", "--yes")
    failed = command(*get, plugins=site)
    assert failed.returncode == 4
    last = failed.stderr.splitlines()[-1]
    assert last.startswith("colortk: cannot download 'net.bin': 127.0.0.1:")
    assert "other bytes than declared" in last
    assert not stored(weights).exists()
    one_line(
        command("weights", "add", "fetched", "other.bin", plugins=site), 4,
        "'other.bin' is not a file of plugin 'fetched'", "--weights 'other.bin'",
    )  # fmt: skip
    one_line(command("weights", "add", "fetched", "no.bin", plugins=site), 2, "no.bin")
    one_line(command("weights", "add", "fetched", tmp_path, plugins=site), 2, "it is a folder")
    one_line(command("weights", "add", "gray", "other.bin", plugins=site), 2, "needs no weights")
    one_line(command("weights", "get", "fetche", plugins=site), 2, "did you mean 'fetched'?")
    one_line(command("weights", "remove", "fetche", plugins=site), 2, "did you mean")
    one_line(command("weights", "remove", "..", plugins=site), 2, "no colorizer '..'")
    run = command("weights", "verify", "fetched", "--json", plugins=site)
    assert (run.returncode, listed(run)["net.bin"]["status"]) == (4, "missing")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "file" / "weights"))
    one_line(command(*get, plugins=site), 3, "cannot be created", "COLORTK_WEIGHTS")


def test_add_takes_a_file_of_any_name(
    command: Run,
    install: Callable[..., Path],
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = install()  # no address: the user can only bring the file
    one_line(command("weights", "get", "fetched", "-y", plugins=site), 4, "weights add fetched")
    (tmp_path / "download (1).bin").write_bytes(CONTENT)
    run = command("weights", "add", "fetched", "download (1).bin", plugins=site)
    assert run.returncode == 0, run.stderr
    assert stored(weights).read_bytes() == CONTENT
    assert [path.name for path in stored(weights).parent.iterdir()] == ["net.bin"]
    (weights / "gone" / "abc").mkdir(parents=True)
    (weights / "gone" / "abc" / "old.bin").write_bytes(b"old")
    assert listed(command("weights", "list", "--json", plugins=site))["old.bin"]["status"] == (
        "unused"
    )
    assert command("weights", "remove", "gone", plugins=site).returncode == 0
    assert not (weights / "gone").exists()


def test_the_status_is_shown_everywhere(
    command: Run, install: Callable[..., Path], tmp_path: Path
) -> None:
    site = install("ok")
    need = "needs net.bin (300 kB): colortk weights get fetched"
    rows = json.loads(command("plugins", "list", "--json", plugins=site).stdout)
    row = next(row for row in rows if row["name"] == "fetched")
    assert (row["status"], row["summary"]) == ("needs weights", need)
    shown = command("plugins", "show", "fetched", plugins=site)
    assert "license CC-BY-4.0" in shown.stdout
    assert need in shown.stdout
    one_line(command("plugins", "check", "fetched", plugins=site), 4, "colortk weights get fetched")


@pytest.mark.slow
def test_doctor_and_the_page_show_the_status(
    colortk: Run, command: Run, install: Callable[..., Path]
) -> None:
    from colortk.ui.page import _needs_weights
    from colortk.ui.plugin_pool import create_plugin_pool

    site = install("ok")
    need = "needs net.bin (300 kB): colortk weights get fetched"
    run = colortk("doctor", "--json", plugins=site)
    row = next(row for row in json.loads(run.stdout) if row["what"] == "plugin fetched")
    assert (run.returncode, row["status"], row["detail"]) == (0, "needs weights", need)
    command("weights", "list", plugins=site)
    pool, notes = create_plugin_pool([])
    assert "fetched" not in pool.labels
    assert pool.needs_weights.keys() - NEED_WEIGHTS == {"fetched"}
    assert (pool.needs_weights["fetched"], notes) == (need, [])
    assert f"<b>fetched</b> {need}" in _needs_weights(pool.needs_weights)


@pytest.mark.slow
def test_a_comparison_of_all_skips_the_plugin_with_a_line(
    command: Run, install: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colortk.harness import requested_specs

    site = install("ok")
    Image.fromarray(photo()).save(tmp_path / "a.png")
    one_line(
        command("compare", "a.png", "-p", "fetched", plugins=site), 4, "colortk weights get fetched"
    )
    original = Registry.of

    def two_colorizers(self: Registry, kind: type[AnySpec]) -> dict[str, DeclaredPlugin]:
        names = ("fetched", "gray")
        plugins = original(self, kind)
        return {n: plugins[n] for n in names} if kind is ColorizerSpec else plugins

    monkeypatch.setattr(Registry, "of", two_colorizers)
    variants, left_out = requested_specs.requested_variants(None, True, None, "ratio")
    assert [variant.label for variant in variants] == ["gray"]
    assert left_out == {
        "fetched": "plugin 'fetched' has no weights: it needs net.bin (300 kB):"
        " colortk weights get fetched"
    }


def process(*arguments: str, site: Path) -> subprocess.Popen[str]:
    code = "from colortk.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def part_bytes(weights: Path) -> bytes:
    return stored(weights).with_name("net.bin.part").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_download_is_continued(
    colortk: Run,
    install: Callable[..., Path],
    server: WeightsServer,
    weights: Path,
    number: signal.Signals,
) -> None:
    site = install("half")
    get = ("weights", "get", "fetched", "--yes")
    running = process(*get, site=site)
    assert server.half_sent.wait(240)
    while not stored(weights).with_name("net.bin.part").exists() or len(part_bytes(weights)) < (
        len(CONTENT) // 2
    ):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(number)
    _, stderr = running.communicate(timeout=240)
    assert (
        running.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    )
    if number != signal.SIGKILL:
        assert "Run the same command to continue" in stderr
        assert "Traceback" not in stderr
    assert part_bytes(weights) == CONTENT[: len(CONTENT) // 2]
    assert not stored(weights).exists()
    assert listed(colortk("weights", "list", "--json", plugins=site))["net.bin"]["status"] == (
        "partial"
    )
    server.release.set()  # the server sends half of the rest, and so on
    server.requests.clear()
    run = colortk(*get, plugins=site)
    assert run.returncode == 0, run.stderr
    assert server.requests[0][1]["Range"] == "bytes=150000-"
    assert stored(weights).read_bytes() == CONTENT
    assert [path.name for path in stored(weights).parent.iterdir()] == ["net.bin"]


@pytest.mark.slow
def test_two_processes_get_a_file_once(
    install: Callable[..., Path], server: WeightsServer, weights: Path
) -> None:
    site = install("half")
    running = [process("weights", "get", "fetched", "--yes", site=site)]
    assert server.half_sent.wait(240)
    running.append(process("weights", "get", "fetched", "--yes", site=site))
    assert running[1].stderr is not None
    line = running[1].stderr.readline()
    assert "another process downloads 'net.bin'" in line
    server.release.set()
    for one in running:
        one.communicate(timeout=240)
    assert [one.returncode for one in running] == [0, 0]
    assert stored(weights).read_bytes() == CONTENT
    starts = [headers.get("Range") for _, headers in server.requests]
    assert starts.count(None) == 1, "each byte is requested once"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="file size limits")
def test_a_disk_that_takes_no_more_bytes_gives_one_line(
    install: Callable[..., Path], server: WeightsServer, weights: Path
) -> None:
    site = install("ok")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from colortk.cli.main import main; main()"
    )
    run = subprocess.run(
        [sys.executable, "-B", "-c", code, "weights", "get", "fetched", "--yes"],
        env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 3
    last = run.stderr.splitlines()[-1]
    assert "cannot write" in last
    assert "100,000 bytes are kept" in last
    assert "Traceback" not in run.stderr
    assert part_bytes(weights) == CONTENT[:100_000]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals")
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_terminal_asks_once_and_shows_progress(
    install: Callable[..., Path], weights: Path, answer: str
) -> None:
    import pty

    site = install("ok")
    controller, terminal = pty.openpty()
    code = "from colortk.cli.main import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "weights", "get", "fetched"],
        env={**os.environ, "PYTHONPATH": str(site), "TERM": "xterm", "COLUMNS": "200"},
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    output = b""
    while b"[y/N]" not in output:
        output += os.read(controller, 4096)
    text = output.decode()
    assert "license: CC-BY-4.0" in text
    assert "source: http://127.0.0.1" in text
    os.write(controller, f"{answer}\n".encode())
    try:
        while data := os.read(controller, 4096):
            output += data
    except OSError:  # the other end is closed
        pass
    os.close(controller)
    text = output.decode()
    assert text.count("[y/N]") == 1
    if answer == "n":
        assert running.wait(240) == 4
        assert (
            "plugin 'fetched' still has no weights: the license was not accepted, and nothing was"
            " downloaded (run the same command again to accept it)" in text
        )
        assert not weights.exists()
    else:
        assert running.wait(240) == 0
        assert "300.0/300.0 kB" in text
        assert stored(weights).read_bytes() == CONTENT


@pytest.mark.slow
def test_a_run_imports_no_http_library(
    install: Callable[..., Path], weights: Path, picture: Path, tmp_path: Path
) -> None:
    site = install("ok")
    stored(weights).parent.mkdir(parents=True)
    stored(weights).write_bytes(CONTENT)
    code = (
        "import sys; from colortk.cli.main import invoke;"
        "assert invoke(['run', sys.argv[1], '-p', 'fetched', '-o', 'out.png']) == 0;"
        "assert invoke(['plugins', 'list']) == 0;"
        "print('LOADED', *{'urllib.request', 'http', 'http.client', 'ssl'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(picture)], capture_output=True, text=True, check=True,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)},
    )  # fmt: skip
    assert run.stdout.splitlines()[-1].split() == ["LOADED"]


def test_a_metric_of_another_package_gets_its_file(
    command: Run,
    distribution: Callable[..., Path],
    server: WeightsServer,
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = METRIC.format(digest=DIGEST, url=server.url("ok"), size=len(CONTENT))
    site = distribution("measured", module)
    need = "needs net.bin (300 kB): colortk weights get byte_metric"
    rows = json.loads(command("plugins", "list", "--kind", "metric", "--json", plugins=site).stdout)
    row = next(row for row in rows if row["name"] == "byte_metric")
    assert (row["status"], row["summary"]) == ("needs weights", need)
    assert (
        f"reason:               {need}"
        in command("plugins", "show", "byte_metric", plugins=site).stdout
    )
    with pytest.raises(ArtifactError, match="'byte_metric' cannot be computed: it needs net.bin"):
        score(photo(), photo(), ["byte_metric"])
    run = command("weights", "get", "byte_metric", "--yes", plugins=site)
    assert run.returncode == 0, run.stderr
    stored = weights / "byte_metric" / DIGEST[:16] / "net.bin"
    assert stored.read_bytes() == CONTENT
    assert score(photo(), photo(), ["byte_metric"]) == {"byte_metric": CONTENT[0]}
    assert (
        listed(command("weights", "list", "--json", plugins=site))["net.bin"]["status"] == "present"
    )
    stored.write_bytes(bytes(len(CONTENT)))
    with pytest.raises(ColortkError, match=r"is not trusted.*colortk weights get byte_metric"):
        score(photo(), photo(), ["byte_metric"])
    assert command("weights", "remove", "byte_metric", plugins=site).returncode == 0
    assert not stored.exists()
    sys.modules.pop("measured", None)


@pytest.mark.parametrize(
    ("name", "suggestion"), [("fld", "fid"), ("ddcolor_tyni", "ddcolor_tiny"), ("zhangg2016", "zhang2016")]
)  # fmt: skip
def test_misspelled_names_of_plugins_and_metrics_are_suggested(
    name: str, suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("get", "verify"):
        assert invoke(["weights", verb, name]) == 2
        error = capsys.readouterr().err
        assert f"no colorizer or metric '{name}': did you mean '{suggestion}'?" in error
    assert invoke(["weights", "get", "qqqq"]) == 2
    assert "no colorizer 'qqqq'" in capsys.readouterr().err
