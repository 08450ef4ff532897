"""A Dask scheduler that is not one, is silent or is lost gives one line soon."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import colorizer_module, one_line, photo
from test_cluster import cluster

Run = Callable[..., "subprocess.CompletedProcess[Any]"]


@contextlib.contextmanager
def listener(greeting: bytes | None = None, reply: bytes = b"") -> Iterator[str]:
    """The address of a program that is not a scheduler: silent, greeting, or an HTTP server."""
    held = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                held.append(connection)
                if greeting:
                    connection.sendall(greeting)
                if reply:
                    connection.recv(100)
                    connection.sendall(reply)
                    connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (None, "accepts the connection but does not reply"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "another program replies there"),
        (b"220", "another program replies there"),
    ],
)
def test_an_address_that_is_not_a_scheduler_is_refused(
    greeting: bytes | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colortk.runtime import dask_client as module

    monkeypatch.setattr(module, "GREETING_TIMEOUT", 60 if greeting else 0.3)
    with listener(greeting) as address, pytest.raises(OSError, match=words):
        module.check_scheduler(address)
    with pytest.raises(OSError, match="refused"):
        module.check_scheduler(address)
    with pytest.raises(ValueError, match="tcp://host:port"):
        module.check_scheduler("nothing")


def test_a_hanging_dask_call_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    from colortk.runtime import dask_client as module

    monkeypatch.setattr(module, "END_TIMEOUT", 0.1)
    ended = threading.Event()
    before = time.monotonic()
    module.call_bounded(ended.wait, 600)
    assert time.monotonic() - before < 200
    ended.set()


def test_the_body_is_interrupted_when_the_scheduler_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from colortk.errors import EnvironmentProblem
    from colortk.runtime import dask_client as module

    monkeypatch.setattr(module, "CHECK_INTERVAL", 0.05)
    monkeypatch.setattr(module, "END_TIMEOUT", 0.2)
    handler = signal.getsignal(signal.SIGUSR2)
    with listener(b"\x10" + bytes(7)) as address:
        module.check_scheduler(address)
    with (
        pytest.raises(EnvironmentProblem, match="was lost .*--resume"),
        module._watch_scheduler(address),
    ):
        time.sleep(600)
    signal.signal(signal.SIGUSR2, handler)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["run", "compare"])
@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_commands_end_if_no_scheduler_answers(
    verb: str, reply: bytes, picture: Path, colortk: Run
) -> None:
    with listener(reply=reply) as address:
        run = colortk(verb, picture, "-p", "gray", "--backend", "dask", "--scheduler", address)
    one_line(run, 3, f"no Dask scheduler at '{address}'")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("verb", ["run", "compare"])
def test_losing_the_scheduler_ends_the_run_with_a_message(
    verb: str, how: signal.Signals, tmp_path: Path, distribution: Callable[..., Path]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for seed in range(100):
        Image.fromarray(photo(24, 24, seed)).save(pictures / f"{seed:03}.png")
    body = "import time; time.sleep(1); return np.repeat(lightness[..., None] / 10, 2, 2)"
    site = distribution("slow", colorizer_module("slow", "slow", body))
    environment = {
        "PYTHONPATH": str(site), "COLORTK_STORE": str(tmp_path / "store"),
    }  # fmt: skip
    more = ["-o", "out/"] if verb == "run" else ["-m", "psnr"]
    with cluster(tmp_path, environment) as (address, _):
        code = "from colortk.cli.main import main; main()"
        command = subprocess.Popen(
            [sys.executable, "-c", code, verb, "pictures", "-p", "slow", *more, "--backend", "dask",
             "--scheduler", address],
            cwd=tmp_path, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + 240
        while done_so_far(tmp_path) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        port = int(address.rpartition(":")[2])
        os.kill(listening_process(port), how)
        _, error = command.communicate(timeout=240)
    assert command.returncode == 3, error
    assert error.count("\n") == 1, error
    assert "Dask scheduler" in error
    assert "was lost" in error


def done_so_far(folder: Path) -> int:
    """Count the pictures that `run` has written or `compare` has stored."""
    store = folder / "store" / "results.sqlite"
    if store.exists():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(store)) as db:
            return int(db.execute("SELECT COUNT(*) FROM pictures").fetchone()[0])
    return len(list(folder.glob("out/*.png")))


def listening_process(port: int) -> int:
    """Return the process that listens on a local TCP port, from /proc/net/tcp."""
    (inode,) = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == f"socket:[{inode}]":
                return int(link.parts[2])
    raise AssertionError("nothing listens there")
