"""DeOldify: gray sRGB from 0 to 255 in, sRGB from 0 to 255 out."""

from __future__ import annotations

from ..onnx_model.published_model import PublishedModel
from .files import FILES


class DeOldify(PublishedModel):
    """Runs an ONNX file of DeOldify."""

    network_input = "gray_rgb_255"
    network_output = "rgb_255"


artistic = DeOldify.of(FILES["artistic"])
stable = DeOldify.of(FILES["stable"])
video = DeOldify.of(FILES["video"])
