"""Features of the Inception network of FID, from the user's weights or an ONNX file."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from colortk.errors import ArtifactError
from colortk.harness.inception.build import converted_network
from colortk.harness.inception.layout import FEATURES, INPUT, OUTPUT
from colortk.harness.metrics.pair import ScoredPicture
from colortk.plugin.metric_files import has_artifacts
from colortk.plugin.registry import registry
from colortk.plugin.weights_folder import external_files
from colortk.runtime.subprocesses import threads
from colortk.store.artifacts import metric_artifacts
from colortk.types import Float32

#: The environment variable with the path of the ONNX file that ``build.py`` writes. It is used if
#: the weights are not in the user's folder of weights.
VARIABLE = "COLORTK_INCEPTION"


def inception(picture: ScoredPicture) -> Float32:
    """Return the 2,048 features that FID and KID compare, float32 (2048,).

    Raises
    ------
    ArtifactError
        If the weights are neither in the user's folder of weights, nor does ``COLORTK_INCEPTION``
        name the network that ``build.py`` writes.
    """
    spec = registry().metric("fid")
    is_artifact = has_artifacts(spec)
    path = external_files(spec)[0].path if is_artifact else os.environ.get(VARIABLE, "")
    session = _session(os.getpid(), str(path), is_artifact)
    features: Float32 = session.run(None, {INPUT: picture.pixels[None]})[0][0]
    return features


def prepare() -> None:
    """Convert the weights in the user's folder, unless this was done before.

    Raises
    ------
    ArtifactError
        If they are damaged, or if the package onnx is missing.
    """
    if has_artifacts(registry().metric("fid")):
        converted_network(metric_artifacts("fid"))


inception.prepare = prepare  # type: ignore[attr-defined]


@cache
def _session(process: int, path: str, is_artifact: bool) -> Any:
    """Return a session for each process: threads do not survive a fork."""
    import onnxruntime

    source_name = f"'{path}'" if is_artifact else f"'{path}' ({VARIABLE})"
    problem = f"{source_name} is not the Inception network of FID"
    advice = "colortk weights get fid" if is_artifact else "docs/metrics.md says how to build it"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        network = converted_network(metric_artifacts("fid")) if is_artifact else Path(path)
        content = network.read_bytes() if isinstance(network, Path) else network
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except ArtifactError:
        raise
    except OSError as error:
        raise ArtifactError(problem, error.strerror or str(error), advice) from None
    except Exception as error:  # ONNX Runtime has its own exceptions
        raise ArtifactError(problem, " ".join(str(error).split())[:200], advice) from None
    inputs = [(value.name, value.type) for value in session.get_inputs()]
    outputs = [(value.name, value.shape[1:]) for value in session.get_outputs()]
    if inputs != [(INPUT, "tensor(uint8)")] or outputs != [(OUTPUT, [FEATURES])]:
        raise ArtifactError(problem, "its inputs or outputs have other names or shapes", advice)
    return session
