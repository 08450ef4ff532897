"""DDColor: gray sRGB in, a* and b* out."""

from __future__ import annotations

from ..onnx_model.published_model import PublishedModel
from .files import FILES


class DDColor(PublishedModel):
    """Runs an ONNX file of DDColor."""

    network_input = "gray_rgb"
    network_output = "ab"


tiny = DDColor.of(FILES["tiny"])
paper = DDColor.of(FILES["paper"])
modelscope = DDColor.of(FILES["modelscope"])
artistic = DDColor.of(FILES["artistic"])
