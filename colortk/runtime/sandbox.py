"""A process that runs a plugin while the plugin is scored: sealed off from the pictures.

A process can be sealed in four aspects:

paths
    The process finds no path to a picture in command lines, its environment, its working directory
    or its open files.
files
    It can open nothing but Python, its own code, weights and options, and system libraries.
network
    It has no network.
processes
    It can neither see nor signal nor trace any process but its own.

On Linux this takes user, process, mount and network namespaces, and Landlock; where the kernel
forbids one of them, the aspects that depend on it are reported as not sealed. ``COLORTK_SEAL=off``
seals nothing.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.io.files import process_exists
from colortk.plugin.weights_folder import weights_folder
from colortk.runtime.readable import is_beneath, readable_paths

ASPECTS = ("paths", "files", "network", "processes")
#: Environment variables that a sealed process keeps, and beginnings of their names.
_KEPT_VARIABLES = {
    "PATH", "LANG", "LANGUAGE", "TZ", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONUTF8",
    "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT",
    "CUDA_VISIBLE_DEVICES",
    "COLORTK_THREADS", "COLORTK_DEVICE", "COLORTK_PROVIDERS", "COLORTK_STRICT",
    "ORT_DISABLE_TELEMETRY",
    "OPENCV_FOR_THREADS_NUM",
}  # fmt: skip
_KEPT_BEGINNINGS = ("LC_", "OMP_", "KMP_", "MKL_", "OPENBLAS_", "NVIDIA_", "MALLOC_")
#: Prefix of temporary folders of sealed processes; the number of the parent process follows.
_FOLDER_PREFIX = "colortk-sealed-"
#: Devices of graphics processors.
_GPUS = ("/dev/nvidia*", "/dev/dri", "/dev/kfd")


@dataclass(frozen=True)
class Hidden:
    """Folders that a sealed process must not read, even if they lie inside a readable code folder.

    Parameters
    ----------
    folders : tuple of str
        Folders with pictures. Folders in them, and Python files, stay readable.
    trees : tuple of str
        Folders that are hidden with their whole content: the store.
    """

    folders: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()


def _delete_stale() -> None:
    """Delete temporary folders left by killed processes."""
    for path in glob.glob(f"{glob.escape(tempfile.gettempdir())}/{_FOLDER_PREFIX}*-*"):
        number = os.path.basename(path).removeprefix(_FOLDER_PREFIX).partition("-")[0]
        if number.isdecimal() and not process_exists(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def sealing_enabled() -> bool:
    """Return ``False`` if ``COLORTK_SEAL=off`` is set, else ``True``."""
    return os.environ.get("COLORTK_SEAL") != "off"


class Sandbox:
    """The parent's side: a folder for the process, and the paths that the process may read.

    Parameters
    ----------
    extra : iterable of Path
        Paths to be readable besides Python and the plugin's code: weights.
    hidden : Hidden
        Folders to leave out even if they lie beneath a readable folder.
    """

    def __init__(self, extra: Iterable[Path], hidden: Hidden) -> None:
        _delete_stale()
        self._folder = tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-")
        self.work, self.root = f"{self._folder}/work", f"{self._folder}/root"
        for name in ("work/home", "work/tmp", "work/inputs", "root"):
            os.makedirs(f"{self._folder}/{name}")
        self._readable = readable_paths(extra, hidden.folders, hidden.trees)
        self._inputs = 0

    def with_copy(self, path: Path) -> Path:
        """Return where the process finds a copy of the file or folder ``path``.

        Raises ``OSError`` if it cannot be copied.
        """
        self._inputs += 1
        copy_path = Path(self.work, "inputs", str(self._inputs))
        copy_path.mkdir()
        copy = copy_path / (path.name or "input")
        if path.is_dir():
            shutil.copytree(path, copy)
        else:
            shutil.copyfile(path, copy)
        return copy

    def policy(self) -> dict[str, Any]:
        """Return the settings for :func:`seal`. They contain no path to a picture."""
        return {
            "work": self.work,
            "root": self.root,
            "readable": self._readable.paths,
            "listed": self._readable.listed,
        }

    def module_path(self) -> list[str]:
        """Return ``sys.path`` without folders in which the process may read nothing."""
        paths, listed = self._readable.paths, self._readable.listed
        entries = [os.path.abspath(entry) for entry in sys.path]
        return [entry for entry in entries if entry in listed or is_beneath(entry, paths)]

    def environment(self) -> dict[str, str]:
        """Return the environment of the process: of the user's, only settings of computation."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if name in _KEPT_VARIABLES or name.startswith(_KEPT_BEGINNINGS)
        }
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), f"{self.work}/tmp")
        # By default this folder lies in the user's home folder, which is another one there.
        weights = {"COLORTK_WEIGHTS": str(weights_folder())}
        return variables | temporary | weights | {"HOME": f"{self.work}/home"}

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def seal(policy: dict[str, Any], parent: int) -> tuple[dict[str, bool], bool]:
    """Seal this process, before anything of the plugin is imported.

    Parameters
    ----------
    policy : dict
        See :meth:`Sandbox.policy`.
    parent : int
        Process number of this process's parent.

    Returns
    -------
    aspects : dict of bool
        Whether each of ``ASPECTS`` is sealed.
    watched : bool
        Whether this process ends when its parent does.
    """
    aspects = dict.fromkeys(ASPECTS, False)
    home = os.environ["HOME"]
    os.chdir(home)
    if not sys.platform.startswith("linux"):
        return aspects, False
    from colortk.runtime import landlock, namespaces

    work, readable = policy["work"], policy["readable"]
    devices = [path for pattern in _GPUS for path in glob.glob(pattern)]
    rooted = namespaced = False
    with contextlib.suppress(OSError):
        namespaces.enter(parent)
        namespaced = True
    if namespaced:
        with contextlib.suppress(OSError):
            namespaces.change_root(policy["root"], readable, [work, *devices])
            rooted = True
        namespaces.fork_from_init()
        with contextlib.suppress(OSError):
            namespaces.drop_capabilities()
        os.chdir(home)
    version = 0
    writable = [work, *devices, *(f"/dev/{name}" for name in namespaces.DEVICES)]
    if rooted:
        writable += ["/dev/shm", "/proc"]
    readable_paths = ["/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/self"]
    with contextlib.suppress(OSError):
        version = landlock.restrict([*readable, *readable_paths], policy["listed"], writable)
    alone = rooted or version >= 1
    aspects["files"] = alone
    # Landlock cannot let a folder be listed without showing the names of its hidden files.
    aspects["paths"] = rooted or (version >= 1 and not policy["listed"])
    aspects["network"] = rooted  # without another root, sockets that are files stay in reach
    aspects["processes"] = (namespaced and alone) or version >= 6
    return aspects, namespaced
