"""DDColor: gray sRGB in, a* and b* out."""

from __future__ import annotations

from colortk.plugin import Artifacts

from ..onnx_model import options as onnx_model
from ..onnx_model.colorizer import OnnxModel
from .files import FILES
from .options import Options


class DDColor(OnnxModel):
    """Runs an ONNX file of DDColor.

    Parameters
    ----------
    artifacts : Artifacts
        The file.
    options : Options or None
        The size of the network's input.
    file : str
        Name of the artifact.
    """

    default_size = 512

    def __init__(self, artifacts: Artifacts, options: Options | None, file: str) -> None:
        self.file = file
        size = (options or Options()).size
        model = onnx_model.Options(input="gray_rgb", output="ab", size=size, check=False)
        super().__init__(artifacts, model)


def tiny(artifacts: Artifacts, options: Options | None) -> DDColor:
    """Return DDColor-T."""
    return DDColor(artifacts, options, FILES["tiny"].artifact.name)


def paper(artifacts: Artifacts, options: Options | None) -> DDColor:
    """Return DDColor-L with the weights of the paper."""
    return DDColor(artifacts, options, FILES["paper"].artifact.name)


def modelscope(artifacts: Artifacts, options: Options | None) -> DDColor:
    """Return DDColor-L with the weights that were published on ModelScope."""
    return DDColor(artifacts, options, FILES["modelscope"].artifact.name)


def artistic(artifacts: Artifacts, options: Options | None) -> DDColor:
    """Return DDColor-L with the weights for artistic pictures."""
    return DDColor(artifacts, options, FILES["artistic"].artifact.name)
