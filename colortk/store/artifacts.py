"""Find the trained files of a plugin, or those that the user named in their place."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from colortk.errors import ArtifactError
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec, MetricSpec
from colortk.plugin.weights_folder import external_files, weights_name
from colortk.store import reading
from colortk.store.artifact_folder import ArtifactFolder
from colortk.store.artifact_manifest import MANIFEST, listed_artifacts


def metric_artifacts(name: str) -> ArtifactFolder:
    """Return the trained files of a metric, for the function that computes it.

    Parameters
    ----------
    name : str
        Name of an installed metric.

    Returns
    -------
    ArtifactFolder
        As the factory of a colorizer gets them: see :class:`colortk.plugin.Artifacts`.

    Raises
    ------
    UsageError, PluginError, ArtifactError
        If there is no such metric, it is broken, or its files are missing.
    """
    return artifacts_of(registry().metric(name))


def artifacts_of(spec: ColorizerSpec | MetricSpec, weights: Path | None = None) -> ArtifactFolder:
    """Return the artifacts of a plugin, or those that the user named.

    Parameters
    ----------
    spec : ColorizerSpec or MetricSpec
        The declaration of the plugin.
    weights : Path, optional
        Of a colorizer: a folder that ``fit`` wrote, a folder with files of the declared names, or a
        file.

    Raises
    ------
    ArtifactError
        If the folder has no weights, or a damaged manifest; if the file can be no artifact.
    UsageError
        If the file cannot be read.
    """
    if isinstance(spec, MetricSpec):
        paths = {file.artifact.name: file.path for file in external_files(spec)}
        return ArtifactFolder(weights_name(spec), Path("artifacts"), spec.artifacts, paths=paths)
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
