"""Read trained files, and check that their SHA-256 is the declared one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from colortk.errors import ArtifactError
from colortk.plugin.spec import Artifact, ColorizerSpec
from colortk.store import reading

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
    """A folder with trained files.

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
    """

    plugin: str
    folder: Traversable
    artifacts: tuple[Artifact, ...]
    named_by_user: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the names and digests of all artifacts; empty if there are none."""
        if not self.artifacts:
            return ""
        lines = sorted(f"{item.name} {item.sha256}" for item in self.artifacts)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def read(self, name: str) -> bytes:
        """Return the content of an artifact.

        Raises
        ------
        ArtifactError
            If the artifact is missing, or its digest is not the declared one.
        """
        digest = {item.name: item.sha256 for item in self.artifacts}.get(name)
        hint = f"reinstall the plugin or train it: colortk fit --plugin {self.plugin}"
        if digest is None and self.named_by_user:
            raise ArtifactError(
                f"the weights in '{self.folder}' are not weights of plugin '{self.plugin}'",
                f"there is no '{name}' among them",
                f"use a folder that colortk fit --plugin {self.plugin} wrote",
            )
        if digest is None:
            raise ArtifactError(
                f"plugin '{self.plugin}' has no trained artifact '{name}'",
                "its manifest does not list it",
                hint,
            )
        try:
            content = reading.content(self.folder / name)
        except OSError as error:
            raise ArtifactError(
                f"artifact '{name}' of plugin '{self.plugin}' is missing", str(error), hint
            ) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise ArtifactError(
                f"artifact '{name}' of plugin '{self.plugin}' is not trusted",
                "its SHA-256 differs from the one in the manifest",
                hint,
            )
        return content


def artifacts_of(spec: ColorizerSpec, weights: Path | None = None) -> ArtifactFolder:
    """Return the artifacts of a plugin, or those that ``fit`` wrote to the folder ``weights``.

    Raises
    ------
    ArtifactError
        If the folder has no manifest, or a damaged one.
    """
    if weights is None:
        try:
            folder = files(spec.package) / "artifacts" if spec.package else Path("artifacts")
        except (ModuleNotFoundError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"plugin '{spec.name}' names the package '{spec.package}'", str(error)
            ) from error
        return ArtifactFolder(spec.name, folder, spec.artifacts)
    try:
        text = reading.content(weights / MANIFEST, reading.MANIFEST_BYTES)
    except OSError as error:
        raise ArtifactError(
            f"no weights in '{weights}'",
            f"its {MANIFEST} cannot be read",
            "use a folder that colortk fit wrote",
        ) from error
    return ArtifactFolder(spec.name, weights, _listed(text, str(weights)), named_by_user=True)
