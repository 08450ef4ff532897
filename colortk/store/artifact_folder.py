"""Read trained files, and check that their SHA-256 is the declared one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path

from colortk.errors import ArtifactError, UsageError
from colortk.plugin.spec import Artifact
from colortk.plugin.weights_folder import WeightsFile, need, weights_path
from colortk.store import reading
from colortk.store.conversions import store_conversion, stored_conversion


@dataclass(frozen=True)
class ArtifactFolder:
    """A folder with trained files, and the paths of those that lie elsewhere.

    Attributes
    ----------
    plugin : str
        Name of the plugin.
    folder : Traversable
        The folder.
    artifacts : tuple of Artifact
        Names and digests of the files.
    named_by_user : bool
        The folder was named with ``--weights``.
    paths : mapping of str to Path
        Files that do not lie in the folder, by name: in the user's folder of weights, or named
        with ``--weights``.
    foreign : tuple of str
        Names of the files that the user named and whose digest is not the declared one.
    """

    plugin: str
    folder: Traversable
    artifacts: tuple[Artifact, ...]
    named_by_user: bool = False
    paths: Mapping[str, Path] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the names and digests of all artifacts; empty if there are none."""
        if not self.artifacts:
            return ""
        lines = sorted(f"{item.name} {item.sha256}" for item in self.artifacts)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def foreign_note(self) -> str:
        """A sentence for the user about files with another digest; empty if there are none."""
        if not self.foreign:
            return ""
        files = ", ".join(f"'{self.paths[name]}'" for name in self.foreign)
        return (
            f"foreign weights: the SHA-256 of {files} is not one that plugin '{self.plugin}'"
            " declares; results are stored under this SHA-256"
        )

    def require(self) -> None:
        """Check that the files are there which the user has to bring; no content is read.

        Raises
        ------
        ArtifactError
            If one is missing, not complete, or has another size than declared.
        """
        files = [
            WeightsFile(self.plugin, artifact, self.paths[artifact.name])
            for artifact in self.artifacts
            if artifact.name in self.paths
        ]
        missing = [file for file in files if file.state != "present"]
        if missing:
            raise ArtifactError(f"plugin '{self.plugin}' has no weights", f"it {need(missing)}")

    def read(self, name: str) -> bytes:
        """Return the content of an artifact.

        Raises
        ------
        ArtifactError
            If the artifact is missing, or its digest is not the declared one.
        """
        artifact = self._artifact(name)
        try:
            content = reading.content(self._location(artifact))
        except OSError as error:
            raise self._missing(artifact, str(error)) from error
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise self._untrusted(artifact)
        return content

    def path(self, name: str) -> Path:
        """Return the path of an artifact whose content has been checked in small parts.

        A file is not read again in a process as long as its size and times stay the same.

        Raises
        ------
        ArtifactError
            As :meth:`read`; also if the artifact lies in an archive.
        """
        from colortk.io.content_digest import content_digest

        artifact = self._artifact(name)
        location = self._location(artifact)
        if not isinstance(location, Path):
            raise self._missing(artifact, "it lies in an archive and has no path")
        if not location.is_file():
            raise self._missing(artifact, "there is no such file")
        try:
            digest = content_digest(location)
        except UsageError as error:
            raise self._missing(artifact, error.reason) from error
        if digest != artifact.sha256:
            raise self._untrusted(artifact)
        return location

    def converted(
        self, name: str, convert: Callable[[Path], bytes | None], version: str
    ) -> Path | bytes:
        """Return a file that is made from an artifact once, and is kept for later.

        Parameters
        ----------
        name : str
            Name of the artifact.
        convert : callable
            Called with its path, unless the file is there. It returns the content of the file, or
            ``None`` if the artifact is to be used as it is.
        version : str
            Changes whenever ``convert`` makes another file.

        Returns
        -------
        Path or bytes
            The file in the user's folder of weights; the path of the artifact if it is to be used
            as it is; the content if the folder cannot be written, or the artifact is foreign.

        Raises
        ------
        ArtifactError
            As :meth:`read`.
        """
        artifact = self._artifact(name)
        folder = weights_path(self.plugin, artifact).parent
        is_kept = name in self.paths and name not in self.foreign
        path = self.path(name)  # checks the artifact, also where its conversion is used
        if is_kept and (stored := stored_conversion(folder, version)) is not None:
            return stored
        content = convert(path)
        if content is None:
            return path
        return (store_conversion(folder, version, content) if is_kept else None) or content

    def _artifact(self, name: str) -> Artifact:
        artifact = {item.name: item for item in self.artifacts}.get(name)
        if artifact is not None:
            return artifact
        if self.named_by_user:
            raise ArtifactError(
                f"the weights in '{self.folder}' are not weights of plugin '{self.plugin}'",
                f"there is no '{name}' among them",
                f"use a folder that colortk fit --plugin {self.plugin} wrote",
            )
        raise ArtifactError(
            f"plugin '{self.plugin}' has no trained artifact '{name}'",
            "its manifest does not list it",
            f"reinstall the plugin or train it: colortk fit --plugin {self.plugin}",
        )

    def _location(self, artifact: Artifact) -> Traversable:
        return self.paths.get(artifact.name) or self.folder / artifact.name

    def _missing(self, artifact: Artifact, reason: str) -> ArtifactError:
        problem = f"artifact '{artifact.name}' of plugin '{self.plugin}' is missing"
        return ArtifactError(problem, reason, self._hint(artifact))

    def _untrusted(self, artifact: Artifact) -> ArtifactError:
        where = "declared one" if artifact.name in self.paths else "one in the manifest"
        return ArtifactError(
            f"artifact '{artifact.name}' of plugin '{self.plugin}' is not trusted",
            f"its SHA-256 differs from the {where}",
            self._hint(artifact),
        )

    def _hint(self, artifact: Artifact) -> str:
        if artifact.name not in self.paths:
            return f"reinstall the plugin or train it: colortk fit --plugin {self.plugin}"
        if artifact.urls:
            return f"colortk weights get {self.plugin}"
        return f"colortk weights add {self.plugin} FILE"
