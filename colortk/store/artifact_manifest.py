"""Read the manifests that list the trained files of a package or of a folder."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from colortk.errors import ArtifactError
from colortk.plugin.spec import Artifact
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
    return listed_artifacts(text, package)


def listed_artifacts(text: bytes, where: str) -> tuple[Artifact, ...]:
    """Return the artifacts in the text of a manifest. Raises ``ArtifactError`` if it is damaged."""
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


def manifest_of(folder: Traversable, plugin: str) -> dict[str, Any]:
    """Return the content of the manifest in the folder of artifacts; empty if there is none.

    Raises
    ------
    ArtifactError
        If the manifest is damaged.
    """
    try:
        text = reading.content(folder / MANIFEST, reading.MANIFEST_BYTES)
    except OSError:
        return {}
    listed_artifacts(text, plugin)  # raises for one that is damaged
    manifest: dict[str, Any] = reading.parsed(text)
    return manifest
