"""The file that a metric needs and that is not shipped, as part of the key of its scores."""

from __future__ import annotations

import hashlib
import os

from colortk.errors import ArtifactError
from colortk.io.regular_files import open_regular
from colortk.plugin.spec import MetricSpec


def weights_digest(spec: MetricSpec) -> str:
    """Return the SHA-256 (hex) of the file that ``spec.weights_variable`` names.

    Parameters
    ----------
    spec
        A metric of :func:`colortk.plugin.registry.registry`.

    Returns
    -------
    str
        Empty for a metric without such a file.

    Raises
    ------
    ArtifactError
        If the file cannot be read.
    """
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
