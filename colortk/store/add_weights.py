"""Copy a file that the user brings into the folder of weights, or delete the files of a plugin."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from colortk.errors import ArtifactError, EnvironmentProblem, PictureError, UsageError
from colortk.io.content_digest import content_digest
from colortk.io.files import temporary_file
from colortk.io.regular_files import open_regular
from colortk.plugin.artifact_checks import is_file_name
from colortk.plugin.weights_folder import WeightsFile, stored_files, weights_folder
from colortk.store.locked_file import make_folder

_CHUNK = 1 << 20


def add_weights(
    plugin: str, files: list[WeightsFile], source: Path, is_replaceable: bool = True
) -> WeightsFile:
    """Copy a file into the user's folder of weights, if a plugin declares its digest.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    files : list of WeightsFile
        The files that it declares and that the user has to bring.
    source : Path
        The file, of any name.
    is_replaceable : bool
        Whether ``--weights`` can name another file: the plugin is a colorizer.

    Returns
    -------
    WeightsFile
        The file that ``source`` is.

    Raises
    ------
    UsageError
        If the file cannot be read.
    ArtifactError
        If the plugin does not declare its digest.
    EnvironmentProblem
        If it cannot be written.
    """
    if source.is_dir():
        raise UsageError(f"cannot read '{source}'", "it is a folder", "name a file")
    digest = content_digest(source)
    match = next((file for file in files if file.artifact.sha256 == digest), None)
    if match is None:
        known = ", ".join(f"{f.artifact.name} {f.artifact.sha256[:16]}…" for f in files)
        raise ArtifactError(
            f"'{source}' is not a file of plugin '{plugin}'",
            f"its SHA-256 is {digest[:16]}…, and these are declared: {known}",
            f"to use it nevertheless, give it with --weights '{source}'" if is_replaceable else "",
        )
    make_folder(match.path)
    try:
        with temporary_file(match.path, force=True) as temporary:
            copied = _copy(source, temporary)
            if copied != digest:
                raise ArtifactError(f"'{source}' changed while it was copied")
    except PictureError as error:
        raise EnvironmentProblem(error.problem, error.reason, error.hint) from error
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write '{match.path}'", error.strerror or str(error)
        ) from error
    return match


def _copy(source: Path, target: Path) -> str:
    """Copy a file in small parts, and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with open_regular(source) as reader, open(target, "wb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


def remove_weights(plugin: str) -> list[Path]:
    """Delete all files of a plugin in the user's folder of weights, incomplete ones included.

    Returns
    -------
    list of Path
        The files; empty if there are none.

    Raises
    ------
    EnvironmentProblem
        If one cannot be deleted.
    """
    folder = weights_folder() / plugin
    if not is_file_name(plugin) or folder.is_symlink():
        return []
    files = list(stored_files(plugin))
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot delete '{error.filename or folder}'", error.strerror or str(error)
        ) from error
    return files
