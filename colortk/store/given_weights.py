"""Weights that the user names with ``--weights FILE|DIR``, compared with the declared digests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from colortk.errors import ArtifactError
from colortk.io.content_digest import content_digest
from colortk.plugin.spec import Artifact, ColorizerSpec


@dataclass(frozen=True)
class GivenWeights:
    """The declared files of a plugin, some of them replaced by files that the user named.

    Parameters
    ----------
    artifacts : tuple of Artifact
        All files of the plugin. A foreign file has its own digest.
    paths : dict of str to Path
        Where the files lie that the user named, by artifact.
    foreign : tuple of str
        Names of the artifacts whose file has another digest than declared.
    """

    artifacts: tuple[Artifact, ...]
    paths: dict[str, Path]
    foreign: tuple[str, ...]


def given_file(spec: ColorizerSpec, file: Path) -> GivenWeights:
    """Return the files of a plugin with ``file`` in place of the artifact that it is.

    A file with a declared digest is that artifact, whatever its name is. Any other file is foreign:
    it takes the place of the artifact of its name, or of the only artifact.

    Raises
    ------
    ArtifactError
        If the plugin has no artifact that the file can replace.
    UsageError
        If the file cannot be read.
    """
    if not spec.artifacts:
        raise ArtifactError(
            f"--weights '{file}' cannot be used", f"plugin '{spec.name}' has no weights"
        )
    digest = content_digest(file)
    by_digest = [a.name for a in spec.artifacts if a.sha256 == digest]
    by_name = [a.name for a in spec.artifacts if a.name == file.name]
    only = [a.name for a in spec.artifacts] if len(spec.artifacts) == 1 else []
    names = by_digest or by_name or only
    if not names:
        known = ", ".join(f"'{artifact.name}'" for artifact in spec.artifacts)
        raise ArtifactError(
            f"--weights '{file}' cannot be used",
            f"its SHA-256 and its name match none of the files of plugin '{spec.name}'",
            f"give it the name of the file that it replaces: {known}",
        )
    return _replaced(spec, {names[0]: file})


def given_folder(spec: ColorizerSpec, folder: Path) -> GivenWeights | None:
    """Return the files of a plugin with those of the same names in ``folder``.

    Artifacts that are not in the folder stay where they are.

    Returns
    -------
    GivenWeights or None
        ``None`` if the folder has no file with the name of an artifact.
    """
    paths = {a.name: folder / a.name for a in spec.artifacts if (folder / a.name).is_file()}
    return _replaced(spec, paths) if paths else None


def _replaced(spec: ColorizerSpec, paths: dict[str, Path]) -> GivenWeights:
    artifacts = [
        replace(artifact, sha256=content_digest(paths[artifact.name]), url="", size=0)
        if artifact.name in paths
        else artifact
        for artifact in spec.artifacts
    ]
    pairs = zip(spec.artifacts, artifacts, strict=True)
    foreign = tuple(old.name for old, new in pairs if old.sha256 != new.sha256)
    return GivenWeights(tuple(artifacts), paths, foreign)
