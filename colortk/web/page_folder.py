"""Write the page: its files, the exported colorizer, and the files of ONNX Runtime Web."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from colortk.errors import EnvironmentProblem, UsageError
from colortk.io.files import refuse_special, special_kind, temporary_folder, write_atomic

#: Version of the npm package onnxruntime-web that the page was tested with.
RUNTIME_VERSION = "1.30.0"
#: Files of the package, from its folder `dist`.
RUNTIME_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
#: Files of the page. `offline.js` is written last: it lists all others.
PAGE_FILES = ("index.html", "page.css", "page.js", "worker.js")
#: Most bytes of a file of the runtime; the largest has 14 MB.
_MAX_BYTES = 1 << 27
_INSTALL = f"npm pack onnxruntime-web@{RUNTIME_VERSION}"


def runtime_files(source: Path) -> dict[str, bytes]:
    """Return the files of ONNX Runtime Web that the page needs.

    Parameters
    ----------
    source : Path
        The package onnxruntime-web: its folder, or its archive (``.tgz``) from ``npm pack``.

    Raises
    ------
    EnvironmentProblem
        If ``source`` is missing, or is no such package.
    """
    try:
        if source.is_dir():
            folder = source / "dist" if (source / "dist").is_dir() else source
            return {f"runtime/{name}": (folder / name).read_bytes() for name in RUNTIME_FILES}
        return _from_archive(source)
    except (OSError, tarfile.TarError, KeyError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise EnvironmentProblem(
            f"'{source}' is not the package onnxruntime-web",
            reason,
            f"{_INSTALL}, and name the file with --runtime",
        ) from error


def _from_archive(path: Path) -> dict[str, bytes]:
    contents = {}
    with tarfile.open(path) as archive:
        for name in RUNTIME_FILES:
            member = archive.getmember(f"package/dist/{name}")
            stream = archive.extractfile(member) if member.size <= _MAX_BYTES else None
            if stream is None:
                raise KeyError(f"{member.name} is not a regular file")
            contents[f"runtime/{name}"] = stream.read()
    return contents


def page_files(
    model: bytes, facts: Mapping[str, str], runtime: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return all files of the page by their paths in its folder.

    Parameters
    ----------
    model : bytes
        The exported colorizer, with strength as an input.
    facts : mapping of str to str
        Its metadata. The page shows plugin, license and version.
    runtime : mapping of str to bytes
        The files from :func:`runtime_files`.
    """
    source = files("colortk.web")
    contents = {name: (source / name).read_bytes() for name in PAGE_FILES}
    contents |= {"colorize.onnx": model, **runtime}
    shown = {key: facts[key] for key in ("plugin", "license", "colortk")}
    contents["facts.json"] = json.dumps(shown).encode()
    script = (source / "offline.js").read_text("utf-8")
    digest = hashlib.sha256(script.encode())
    for name in sorted(contents):
        digest.update(name.encode() + b"\0" + hashlib.sha256(contents[name]).digest())
    script = script.replace("__VERSION__", digest.hexdigest()[:16])
    script = script.replace("__FILES__", json.dumps(["./", *sorted(contents)]))
    return contents | {"offline.js": script.encode()}


def check_target(folder: Path, force: bool) -> None:
    """Refuse, before the work, a folder that cannot be written after it.

    Raises
    ------
    UsageError
        If ``folder`` is a file, or is not empty and ``force`` is false, or cannot be created.
    """
    if special_kind(folder) != "a folder":
        refuse_special(folder, UsageError)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is a file", hint="name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        reason, hint = "it is not empty", "use --force to replace the files of the page in it"
        raise UsageError(f"'{folder}' exists", reason, hint)
    if not folder.absolute().parent.is_dir():
        raise UsageError(f"cannot create '{folder}'", "there is no such folder", "create it first")


def write_page(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of the page to a folder, which is new, empty, or has an older page.

    Raises
    ------
    ColortkError
        If a file cannot be written. A new folder then is not left behind.
    """
    if folder.is_dir() and any(folder.iterdir()):
        _write(folder, contents)
        return
    try:
        with temporary_folder(folder) as temporary:
            _write(temporary, contents)
    except OSError as error:
        raise UsageError(f"cannot create '{folder}'", error.strerror or str(error)) from error


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, data in contents.items():  # offline.js, which makes browsers update, is the last
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, data, force=True)
