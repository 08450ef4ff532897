"""The ONNX network of a published checkpoint, which is converted when it is first used."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from colortk.plugin.spec import Artifacts
from colortk.runtime import onnx_graph
from colortk.store.torch_checkpoint import is_checkpoint, read_checkpoint
from colortk.types import Array


def published_network(
    artifacts: Artifacts, name: str, to_onnx: Callable[[Mapping[str, Array]], bytes]
) -> Path | bytes:
    """Return the network of an artifact, which is a PyTorch checkpoint or an ONNX file.

    Parameters
    ----------
    artifacts : Artifacts
        What the factory of the plugin gets.
    name : str
        Name of the artifact.
    to_onnx : callable
        Called with the tensors of a checkpoint by name. It returns the content of the ONNX file,
        which is kept in the user's folder of weights until the module of the function changes.

    Returns
    -------
    Path or bytes
        For :class:`colortk.runtime.inference.OnnxNetwork`: the path of the file, or its content if
        the folder of weights cannot be written.

    Raises
    ------
    ArtifactError
        If the file is missing, not trusted, or damaged.
    """

    def convert(path: Path) -> bytes | None:
        return to_onnx(read_checkpoint(path)) if is_checkpoint(path) else None

    modules = (sys.modules[to_onnx.__module__], onnx_graph)
    return artifacts.converted(name, convert, "\n".join(map(inspect.getsource, modules)))
