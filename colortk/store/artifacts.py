"""Read trained files, and check that their SHA-256 is the declared one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from colortk.errors import ArtifactError, UsageError
from colortk.plugin.spec import Artifact, ColorizerSpec
from colortk.store import reading
from colortk.store.weights_folder import WeightsFile, external_files, need

MANIFEST = "manifest.json"


def declared(package: str) -> tuple[Artifact, ...]:
    """Return the artifacts that the manifest of a package lists.

    Parameters
    ----------
    package : str
        Name of a package with a folder ``artifacts``.

    Returns
    -------
    tuple of Artifact
        Empty if there is no manifest yet.

    Raises
    ------
    ArtifactError
        If the manifest is damaged.
    """
    try:
        text = reading.content(files(package) / "artifacts" / MANIFEST, reading.MANIFEST_BYTES)
    except (OSError, ModuleNotFoundError):
        return ()
    return _listed(text, package)


def _listed(text: bytes, where: str) -> tuple[Artifact, ...]:
    try:
        listed = reading.parsed(text)["artifacts"]
        if not all(_is_name(name) for name in listed):
            raise ValueError("it names a file outside its folder")
        return tuple(Artifact(str(name), str(row["sha256"])) for name, row in listed.items())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"the manifest of {where} cannot be read", repr(error)) from error


def _is_name(name: str) -> bool:
    """Return whether a name means a file directly in the folder, on every system."""
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0") and name.isprintable()


def manifest_of(folder: ArtifactFolder) -> dict[str, Any]:
    """Return the content of the manifest beside the artifacts; empty if there is none.

    Raises
    ------
    ArtifactError
        If the manifest is damaged.
    """
    try:
        text = reading.content(folder.folder / MANIFEST, reading.MANIFEST_BYTES)
    except OSError:
        return {}
    _listed(text, folder.plugin)  # raises for one that is damaged
    manifest: dict[str, Any] = reading.parsed(text)
    return manifest


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


def artifacts_of(spec: ColorizerSpec, weights: Path | None = None) -> ArtifactFolder:
    """Return the artifacts of a plugin, or those that the user named.

    Parameters
    ----------
    spec : ColorizerSpec
        The declaration of the plugin.
    weights : Path, optional
        A folder that ``fit`` wrote, a folder with files of the declared names, or a file.

    Raises
    ------
    ArtifactError
        If the folder has no weights, or a damaged manifest; if the file can be no artifact.
    UsageError
        If the file cannot be read.
    """
    try:
        folder = files(spec.package) / "artifacts" if spec.package else Path("artifacts")
    except (ModuleNotFoundError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"plugin '{spec.name}' names the package '{spec.package}'", str(error)
        ) from error
    paths = {file.artifact.name: file.path for file in external_files(spec)}
    if weights is None:
        return ArtifactFolder(spec.name, folder, spec.artifacts, paths=paths)
    from colortk.store.given_weights import given_file, given_folder

    if weights.is_file():
        given = given_file(spec, weights)
    else:
        try:
            text = reading.content(weights / MANIFEST, reading.MANIFEST_BYTES)
        except OSError as error:
            named = given_folder(spec, weights)
            if named is None:
                raise ArtifactError(
                    f"no weights in '{weights}'",
                    f"its {MANIFEST} cannot be read",
                    f"use a folder that colortk fit wrote{_names(spec)}",
                ) from error
            given = named
        else:
            listed = _listed(text, str(weights))
            return ArtifactFolder(spec.name, weights, listed, named_by_user=True)
    return ArtifactFolder(
        spec.name, folder, given.artifacts, paths=paths | given.paths, foreign=given.foreign
    )


def _names(spec: ColorizerSpec) -> str:
    """Return the end of a hint: the files that a folder of weights may contain."""
    external = [file.artifact.name for file in external_files(spec)]
    return f", or a folder with {', '.join(external)}" if external else ""
