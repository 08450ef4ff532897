"""Trained weights: bytes whose SHA-256 is the declared one, or an error."""

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
    """The artifacts that the manifest of ``package`` lists; empty if nothing is trained yet."""
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
    """Whether it can only be a file in the folder, on any system."""
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0") and name.isprintable()


def manifest_of(folder: ArtifactFolder) -> dict[str, Any]:
    """What the manifest beside the artifacts tells; empty if there is none.

    Raises ``ArtifactError`` for one that is damaged.
    """
    try:
        text = reading.content(folder.folder / MANIFEST, reading.MANIFEST_BYTES)
    except OSError:
        return {}
    _listed(text, folder.plugin)  # raises for one that is damaged
    found: dict[str, Any] = reading.parsed(text)
    return found


@dataclass(frozen=True)
class ArtifactFolder:
    """A folder of trained files and what their digests must be. ``given``: named with --weights."""

    plugin: str
    folder: Traversable
    artifacts: tuple[Artifact, ...]
    given: bool = False

    @property
    def digest(self) -> str:
        """One SHA-256 over the names and digests of all artifacts; empty if there are none."""
        if not self.artifacts:
            return ""
        lines = sorted(f"{item.name} {item.sha256}" for item in self.artifacts)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def read(self, name: str) -> bytes:
        """Verified content of ``name``. Raises ``ArtifactError``."""
        wanted = {item.name: item.sha256 for item in self.artifacts}.get(name)
        again = f"reinstall the plugin or train it: colortk fit --plugin {self.plugin}"
        if wanted is None and self.given:
            raise ArtifactError(
                f"the weights in '{self.folder}' are not of plugin '{self.plugin}'",
                f"there is no '{name}' among them",
                f"name a folder that colortk fit --plugin {self.plugin} wrote",
            )
        if wanted is None:
            raise ArtifactError(
                f"plugin '{self.plugin}' has no trained artifact '{name}'",
                "not in its manifest",
                again,
            )
        try:
            content = reading.content(self.folder / name)
        except OSError as error:
            raise ArtifactError(
                f"artifact '{name}' of plugin '{self.plugin}' is missing", str(error), again
            ) from error
        if hashlib.sha256(content).hexdigest() != wanted:
            raise ArtifactError(
                f"artifact '{name}' of plugin '{self.plugin}' is not trusted",
                "its SHA-256 is not the one in its manifest",
                again,
            )
        return content


def artifacts_of(spec: ColorizerSpec, weights: Path | None = None) -> ArtifactFolder:
    """The artifacts of a plugin, or those that ``fit`` wrote to the folder ``weights``."""
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
            "name a folder that colortk fit wrote",
        ) from error
    return ArtifactFolder(spec.name, weights, _listed(text, str(weights)), given=True)
