"""Under a memory limit, a crash of a library gives one line and an exit code."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.errors import PluginError, out_of_memory
from conftest import leftovers, photo

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs Linux")
Run = Callable[..., "subprocess.CompletedProcess[Any]"]


def limited(kilobytes: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024, kilobytes * 1024))

    return limit


def supervised(body: str, **options: Any) -> subprocess.Popen[str]:
    """Run ``body`` in a process under a memory limit, as the command does."""
    code = (
        "import os, signal, sys, time\n"
        "from colortk.runtime.memory_limit import supervise\n"
        "end = supervise()\n" + body
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=limited(2_000_000), **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "a library ended the process (SIGSEGV)"),
        ("os.abort()", "a library ended the process (SIGABRT)"),
        ("os.write(2, b'OpenBLAS error: no\\n'); os._exit(1)", "a library ended the process ("),
    ],
)
def test_a_crash_is_one_line(body: str, words: str) -> None:
    process = supervised(body)
    out, err = process.communicate(timeout=240)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"colortk: not enough memory: {words}")
    assert "a limit of 2,000,000 kB is set: raise it with ulimit -v" in err
    assert err.count("\n") == 1


def test_a_reported_failure_keeps_its_exit_code_and_message() -> None:
    body = (
        "print('out', flush=True); print('line', file=sys.stderr)\n"
        "os.write(2, b'of a library\\nOpenBLAS warning: memory\\n'); end(); os._exit(7)"
    )
    process = supervised(body)
    out, err = process.communicate(timeout=240)
    assert (process.returncode, out, err) == (7, "out\n", "line\nof a library\n")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_reach_the_child_process(name: str) -> None:
    body = (
        # A print here could meet the unfinished flush of "ready", which Python refuses.
        "def stop(number, frame): os.write(1, b'%d\\n' % number); end(); os._exit(9)\n"
        f"signal.signal(signal.{name}, stop); print('ready', flush=True); time.sleep(600)"
    )
    with supervised(body) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.stdout.readline() == f"{int(getattr(signal, name))}\n"
        assert process.wait(timeout=240) == 9


def test_a_killed_child_is_not_reported_as_out_of_memory() -> None:
    process = supervised("os.kill(os.getpid(), signal.SIGKILL)")
    assert process.communicate(timeout=240)[1] == ""
    assert process.returncode == 128 + signal.SIGKILL


def test_the_child_process_ends_with_its_parent() -> None:
    with supervised("print(os.getpid(), flush=True); time.sleep(600)") as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.kill()
    until = time.monotonic() + 120
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    state = Path(f"/proc/{worker}/stat")
    assert not state.exists() or state.read_text().rpartition(") ")[2][0] == "Z"


def test_without_a_limit_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from colortk.runtime import memory_limit

    monkeypatch.setattr("os.fork", lambda: pytest.fail("no process is needed"))
    monkeypatch.setattr(memory_limit, "address_limit", lambda: None)
    memory_limit.supervise()()


def test_which_failures_count_as_out_of_memory() -> None:
    assert out_of_memory(MemoryError())
    assert out_of_memory(OSError(12, "Cannot allocate memory"))
    assert out_of_memory(RuntimeError("can't start new thread"))
    assert out_of_memory(RuntimeError("[ONNXRuntimeError] : 1 : FAIL : std::bad_alloc"))
    assert not out_of_memory(ValueError("a bad header"))
    assert not out_of_memory(None)
    error = PluginError("it cannot be loaded")
    error.__cause__ = MemoryError()
    assert out_of_memory(error)


def test_scipy_is_refused_if_it_would_hang() -> None:
    body = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (250_000 << 10, 250_000 << 10))\n"
        "import numpy\n"
        "held = bytearray(90 << 20)\n"
        "try:\n    import scipy.linalg\n"
        "except MemoryError as error: print(error, flush=True)\n"
        "end(); os._exit(0)"
    )
    process = supervised(body)
    assert process.communicate(timeout=240)[0] == "SciPy cannot be loaded\n"


def check(run: subprocess.CompletedProcess[Any], folder: Path, wanted: bytes) -> None:
    """Assert a correct picture with exit code 0, or one line and no picture."""
    out = folder / "out.png"
    if run.returncode == 0:
        assert out.read_bytes() == wanted
        out.unlink()
        return
    assert run.returncode in (1, 3), run.stderr
    assert run.stderr.startswith("colortk: "), run.stderr
    assert run.stderr.count("\n") == 1, run.stderr
    assert "not enough memory" in run.stderr
    assert not out.exists()
    assert leftovers(folder) == []


@pytest.mark.slow
@pytest.mark.parametrize("plugin", ["effnet_bins", "sift_mlp", "gray"])
def test_a_run_under_a_memory_limit_succeeds_or_prints_one_line(
    plugin: str, tmp_path: Path, colortk: Run
) -> None:
    Image.fromarray(photo()).save(tmp_path / "photo.png")
    command = ("run", "-p", plugin, "photo.png", "-o", "out.png")
    assert colortk(*command).returncode == 0
    wanted = (tmp_path / "out.png").read_bytes()
    (tmp_path / "out.png").unlink()
    codes = []
    for size in (*range(100_000, 700_000, 40_000), 800_000, 1_200_000, 3_000_000):
        run = colortk(*command, preexec_fn=limited(size))
        codes.append(run.returncode)
        check(run, tmp_path, wanted)
    assert codes[0] != 0
    assert codes[-1] == 0


def test_a_run_that_cannot_load_libraries_prints_one_line(
    picture: Path, tmp_path: Path, colortk: Run
) -> None:
    run = colortk("run", picture, "-o", "out.png", preexec_fn=limited(400_000))
    assert run.returncode != 0
    check(run, tmp_path, b"")
