"""Choose what a sealed process may read: Python, code and libraries, but no pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

#: Folders and files of the system that programs need. None of them holds a user's files.
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/sys", "/nix/store", "/gnu/store",
    "/opt/rocm", "/opt/cuda", "/opt/intel", "/opt/nvidia", "/run/opengl-driver",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone",
    "/etc/alternatives", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/OpenCL",
    "/etc/vulkan", "/etc/fonts", "/etc/ssl/openssl.cnf",
)  # fmt: skip
#: Files that stay readable in a folder with pictures.
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth", ".zip", ".egg")


@dataclass(frozen=True)
class Readable:
    """Readable paths (recursive), and folders whose names may be listed but not read.

    ``listed``: folders that contain both code and hidden files. Python lists a folder to import
    from it.
    """

    paths: list[str]
    listed: list[str]


def readable_paths(extra: Iterable[Path], folders: Iterable[str], trees: Iterable[str]) -> Readable:
    """Return the paths that a sealed process may read.

    Parameters
    ----------
    extra : iterable of Path
        Paths besides Python, installed packages and the system. Files are readable wherever they
        lie: they are weights.
    folders : iterable of str
        Absolute folders with pictures: of the files directly in them only code is readable.
    trees : iterable of str
        Absolute folders of which nothing is readable.

    Returns
    -------
    Readable
        Absolute paths.
    """
    hidden, closed, named = set(folders), set(trees), list(map(str, extra))
    paths: list[str] = []
    listed: list[str] = []
    for root in dict.fromkeys([*_SYSTEM, *code_roots(), *named]):
        if os.path.isfile(root) and root in named:
            paths.append(os.path.abspath(root))
        elif os.path.exists(root):
            paths += _without(os.path.abspath(root), hidden, closed, listed)
    return Readable(list(dict.fromkeys(paths)), list(dict.fromkeys(listed)))


def code_roots() -> list[str]:
    """Return the folders and archives in which this process finds modules."""
    roots = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    roots += [path or os.getcwd() for path in sys.path]
    roots += [os.path.dirname(os.path.realpath(sys.executable))]
    roots += os.environ.get("LD_LIBRARY_PATH", "").split(":")
    for finder in sys.meta_path:  # packages that are installed to be edited
        module = sys.modules.get(getattr(finder, "__module__", ""))
        roots += [str(path) for path in getattr(module, "MAPPING", {}).values()]
    for name in ("colortk", "colortk_plugins"):
        spec = find_spec(name)
        roots += list(spec.submodule_search_locations or ()) if spec else []
    return [os.path.abspath(root) for root in roots if root and os.path.abspath(root) != "/"]


def is_beneath(path: str, roots: Iterable[str]) -> bool:
    """Return whether ``path`` is one of ``roots`` or below it, with links resolved or not."""
    names = {path, os.path.realpath(path)}
    tops = {top for root in roots for top in (root, os.path.realpath(root))}
    return any(
        name == top or name.startswith(top.rstrip("/") + "/") for name in names for top in tops
    )


def _without(root: str, hidden: set[str], closed: set[str], listed: list[str]) -> list[str]:
    """Return ``root``, or the visible paths below it if something there is hidden."""
    real = os.path.realpath(root)
    if is_beneath(root, closed):
        return []
    if not any(is_beneath(path, [real]) for path in hidden | closed):
        return [root]
    if not os.path.isdir(root):
        return [root]
    flat = any(os.path.realpath(path) == real for path in hidden)
    paths = []
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir() or not flat or entry.name.endswith(_CODE):
                paths += _without(entry.path, hidden, closed, listed)
    if paths:  # otherwise its name would only reveal where the pictures are
        listed.append(root)
    return paths
