"""Whether the files that a metric needs are there, and what gets them."""

from __future__ import annotations

import os

from colortk.plugin.spec import MetricSpec
from colortk.plugin.weights_folder import missing_weights, need


def has_artifacts(spec: MetricSpec) -> bool:
    """Return whether all declared files of a metric lie in the user's folder of weights."""
    return bool(spec.artifacts) and not missing_weights(spec)


def missing_files(spec: MetricSpec) -> str:
    """Return in one line which files a metric needs and what gets them; empty if none is missing.

    No content is read. The file that ``weights_variable`` names replaces the declared files.
    """
    if not (spec.artifacts or spec.weights_variable) or has_artifacts(spec):
        return ""
    if spec.weights_variable and os.environ.get(spec.weights_variable):
        return ""
    if spec.artifacts:
        return need(missing_weights(spec))
    return f"needs a file that is not included: set {spec.weights_variable} to the path of it"
