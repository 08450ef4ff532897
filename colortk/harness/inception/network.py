"""Features of the Inception network of FID, from the ONNX file that ``build.py`` writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from colortk.errors import ArtifactError
from colortk.harness.metrics.pair import ScoredPicture
from colortk.runtime.subprocesses import threads
from colortk.types import Float32

#: Name of the file, its input and output, and the number of features.
NAME, INPUT, OUTPUT, FEATURES = "inception.onnx", "pictures", "features", 2048
#: The environment variable with the path of the file.
VARIABLE = "COLORTK_INCEPTION"


@dataclass(frozen=True)
class PublishedFile:
    """A file that others published: name, address, SHA-256 (hex) and bytes."""

    name: str
    url: str
    sha256: str
    size: int


#: The weights that pytorch-fid uses, ported from the TensorFlow graph inception-2015-12-05.
SOURCE = PublishedFile(
    "pt_inception-2015-12-05-6726825d.pth",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    95_628_359,
)


def inception(picture: ScoredPicture) -> Float32:
    """Return the 2,048 features that FID and KID compare, float32 (2048,).

    Raises
    ------
    ArtifactError
        If ``COLORTK_INCEPTION`` does not name the network that ``build.py`` writes.
    """
    session = _session(os.getpid(), os.environ.get(VARIABLE, ""))
    features: Float32 = session.run(None, {INPUT: picture.pixels[None]})[0][0]
    return features


@cache
def _session(process: int, path: str) -> Any:
    """Return a session for each process: threads do not survive a fork."""
    import onnxruntime

    advice = "docs/metrics.md says how to build it"
    if not path:
        raise ArtifactError("FID has no network", f"{VARIABLE} is not set", advice)
    problem = f"'{path}' ({VARIABLE}) is not the Inception network of FID"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        content = Path(path).read_bytes()
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ArtifactError(problem, error.strerror or str(error), advice) from None
    except Exception as error:  # ONNX Runtime has its own exceptions
        raise ArtifactError(problem, " ".join(str(error).split())[:200], advice) from None
    inputs = [(value.name, value.type) for value in session.get_inputs()]
    outputs = [(value.name, value.shape[1:]) for value in session.get_outputs()]
    if inputs != [(INPUT, "tensor(uint8)")] or outputs != [(OUTPUT, [FEATURES])]:
        raise ArtifactError(problem, "its inputs or outputs have other names or shapes", advice)
    return session
