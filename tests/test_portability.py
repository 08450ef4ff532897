"""colortk works without functions that only Linux has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import photo

#: Modules and names that Windows, macOS or both lack.
WITHOUT = """
import os, signal, socket, subprocess, sys, tempfile, threading, multiprocessing, ctypes
for module in ("resource", "fcntl", "termios", "pwd", "grp", "pty"):
    sys.modules[module] = None
for name in ("fork", "memfd_create", "getuid", "geteuid", "getegid", "getgid", "killpg", "setsid",
             "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC", "mkfifo", "sched_getaffinity",
             "posix_fadvise", "statvfs", "getpgid", "register_at_fork", "get_blocking"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGSTOP", "SIGCONT", "SIGALRM",
             "pthread_sigmask", "pthread_kill", "sigwaitinfo", "setitimer", "alarm"):
    if hasattr(signal, name):
        delattr(signal, name)
"""


def test_run_of_one_picture_works_without_linux_functions(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "x.jpg")
    code = WITHOUT + (
        "from colortk.cli.main import invoke\n"
        f"raise SystemExit(invoke(['run', '-p', 'effnet_bins', {str(tmp_path / 'x.jpg')!r}]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    with Image.open(tmp_path / "x-colorized.jpg") as result:
        assert result.size == Image.fromarray(photo()).size


@pytest.mark.slow
def test_every_module_can_be_imported_without_linux_functions() -> None:
    code = WITHOUT + (
        "import importlib, pkgutil, colortk\n"
        "heavy = ('colortk.training', 'colortk.ui', 'colortk.harness.lpips', 'colortk.runtime.keras_weights')\n"
        "for module in pkgutil.walk_packages(colortk.__path__, 'colortk.'):\n"
        "    if not module.name.startswith(heavy):\n"
        "        importlib.import_module(module.name)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_folder_of_the_page_works_without_linux_functions(tmp_path: Path) -> None:
    code = WITHOUT + (
        "from pathlib import Path\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from colortk.ui.page_folder import page_folder\n"
        "from colortk.ui.visitor_registry import VisitorRegistry, new_token\n"
        "with page_folder() as folder:\n"
        "    result = VisitorRegistry(folder).result_folder(new_token(), 'window', 'picture')\n"
        "    (result / 'x.png').write_bytes(b'x')\n"
        "    print(result.exists())\n"
        "print(folder.exists())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout.split(), run.stderr) == (["True", "False"], "")
