"""The files that a metric needs and that are not shipped, as part of the key of its scores."""

from __future__ import annotations

import hashlib
import os

from colortk.errors import ArtifactError
from colortk.io.regular_files import open_regular
from colortk.plugin.metric_files import has_artifacts
from colortk.plugin.spec import MetricSpec
from colortk.store.artifacts import artifacts_of


def weights_digest(spec: MetricSpec) -> str:
    """Return the SHA-256 (hex) of the files that a metric uses.

    Parameters
    ----------
    spec
        A metric of :func:`colortk.plugin.registry.registry`.

    Returns
    -------
    str
        That of the names and digests of its artifacts if they are in the user's folder of weights,
        or else that of the file which ``spec.weights_variable`` names. Empty for a metric without
        files.

    Raises
    ------
    ArtifactError
        If the file cannot be read.
    """
    if has_artifacts(spec):
        return artifacts_of(spec).digest
    if not spec.weights_variable:
        return ""
    path = os.environ.get(spec.weights_variable, "")
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(
            f"metric '{spec.name}' cannot be computed",
            f"cannot read '{path}': {error.strerror}",
            f"set {spec.weights_variable} to the path of its file",
        ) from None
