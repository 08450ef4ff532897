"""DeOldify: gray sRGB from 0 to 255 in, sRGB from 0 to 255 out."""

from __future__ import annotations

from colortk.plugin import Artifacts

from ..onnx_model import options as onnx_model
from ..onnx_model.colorizer import OnnxModel
from .files import FILES
from .options import Options


class DeOldify(OnnxModel):
    """Runs an ONNX file of DeOldify.

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
        model = onnx_model.Options(input="gray_rgb_255", output="rgb_255", size=size, check=False)
        super().__init__(artifacts, model)


def artistic(artifacts: Artifacts, options: Options | None) -> DeOldify:
    """Return the model with strong colors."""
    return DeOldify(artifacts, options, FILES["artistic"].artifact.name)


def stable(artifacts: Artifacts, options: Options | None) -> DeOldify:
    """Return the model for portraits and landscapes."""
    return DeOldify(artifacts, options, FILES["stable"].artifact.name)


def video(artifacts: Artifacts, options: Options | None) -> DeOldify:
    """Return the model for films."""
    return DeOldify(artifacts, options, FILES["video"].artifact.name)
