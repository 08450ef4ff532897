"""Find the trained files of a plugin, or those that the user named in their place."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from colortk.errors import ArtifactError
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.weights_folder import external_files
from colortk.store import reading
from colortk.store.artifact_folder import ArtifactFolder
from colortk.store.artifact_manifest import MANIFEST, listed_artifacts


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
            listed = listed_artifacts(text, str(weights))
            return ArtifactFolder(spec.name, weights, listed, named_by_user=True)
    return ArtifactFolder(
        spec.name, folder, given.artifacts, paths=paths | given.paths, foreign=given.foreign
    )


def _names(spec: ColorizerSpec) -> str:
    """Return the end of a hint: the files that a folder of weights may contain."""
    external = [file.artifact.name for file in external_files(spec)]
    return f", or a folder with {', '.join(external)}" if external else ""
