"""The user's folder of weights: files that plugins declare and that come with no package.

A file lies at ``PLUGIN/DIGEST/NAME``, where ``DIGEST`` is a part of its SHA-256. So two versions of
a plugin can each have their own file of the same name, and a file never has to be replaced.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from colortk.plugin.spec import Artifact, ColorizerSpec, MetricSpec

#: Characters of the digest in the name of a folder.
DIGEST_LENGTH = 16
#: End of the name of a file whose download is not complete.
PART = ".part"

#: A digest that no file has: the plugin runs any file that the user names with ``--weights``.
ANY_FILE = "0" * 64

State = Literal["present", "partial", "damaged", "missing"]


def weights_folder() -> Path:
    """Return the user's folder of weights, an absolute path. It may not exist yet.

    The environment variable ``COLORTK_WEIGHTS`` names it. The default is in the user's data folder.
    """
    value = os.environ.get("COLORTK_WEIGHTS")
    if value:
        return Path(value).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("colortk") / "weights"


def is_external(spec: ColorizerSpec | MetricSpec, artifact: Artifact) -> bool:
    """Return whether the user has to bring a file: it lies in no package."""
    return isinstance(spec, MetricSpec) or bool(artifact.urls) or not spec.package


def weights_path(plugin: str, artifact: Artifact) -> Path:
    """Return where a file of a plugin lies in the user's folder, whether it exists or not."""
    return weights_folder() / plugin / artifact.sha256[:DIGEST_LENGTH] / artifact.name


@dataclass(frozen=True)
class WeightsFile:
    """A declared file that the user has to bring.

    Parameters
    ----------
    plugin : str
        Name of the plugin that declares it, or the ``weights_name`` of a metric.
    artifact : Artifact
        Its declaration.
    path : Path
        Where it lies, or would lie.
    """

    plugin: str
    artifact: Artifact
    path: Path

    @property
    def bytes_present(self) -> int:
        """Size of the file, or of the part that is downloaded."""
        return max(_size(self.path), 0) or max(_size(part_path(self.path)), 0)

    @property
    def state(self) -> State:
        """What a look at the folder tells: the content is not read.

        "damaged": it has another size than declared, or is not a regular file.
        """
        size = _size(self.path)
        if size < 0:
            if os.path.lexists(self.path):
                return "damaged"
            return "partial" if _size(part_path(self.path)) > 0 else "missing"
        return "damaged" if self.artifact.size and size != self.artifact.size else "present"


def part_path(path: Path) -> Path:
    """Return the name under which an incomplete download of ``path`` lies beside it."""
    return path.with_name(path.name + PART)


def weights_name(spec: ColorizerSpec | MetricSpec) -> str:
    """Return the name under which the files of a plugin lie in the user's folder."""
    return (spec.weights_name if isinstance(spec, MetricSpec) else "") or spec.name


def external_files(spec: ColorizerSpec | MetricSpec) -> list[WeightsFile]:
    """Return the files of a plugin that the user has to bring, in the order of the declaration."""
    name = weights_name(spec)
    return [
        WeightsFile(name, artifact, weights_path(name, artifact))
        for artifact in spec.artifacts
        if is_external(spec, artifact)
    ]


def missing_weights(spec: ColorizerSpec | MetricSpec) -> list[WeightsFile]:
    """Return the files of a plugin that are not in the user's folder. No content is read."""
    return [file for file in external_files(spec) if file.state != "present"]


def need(files: list[WeightsFile]) -> str:
    """Say in one line which files a plugin needs and which command gets them.

    Parameters
    ----------
    files : list of WeightsFile
        Files of one plugin; not empty.
    """
    names = [
        file.artifact.name + (f" ({size_text(file.artifact.size)})" if file.artifact.size else "")
        for file in files
    ]
    if any(file.artifact.sha256 == ANY_FILE for file in files):
        return "needs a file: name it with --weights FILE"
    verb = "get" if all(file.artifact.urls for file in files) else "add"
    end = "" if verb == "get" else " FILE"
    return f"needs {', '.join(names)}: colortk weights {verb} {files[0].plugin}{end}"


def stored_files(plugin: str) -> Iterator[Path]:
    """Yield all files in the user's folder that belong to a plugin, incomplete ones included."""
    for folder, folders, names in os.walk(weights_folder() / plugin):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def stored_plugins() -> list[str]:
    """Return the names of the plugins that have a folder in the user's folder."""
    try:
        with os.scandir(weights_folder()) as entries:
            return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def size_text(size: int) -> str:
    """Return a size in bytes for people: "912 MB", "1.4 GB"."""
    if size < 1000:
        return f"{size} bytes"
    for factor, unit in ((1e3, "kB"), (1e6, "MB"), (1e9, "GB")):
        if size < 999.5 * factor or unit == "GB":
            value = size / factor
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    raise AssertionError


def _size(path: Path) -> int:
    """Return the size of a regular file; −1 if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1
