"""The published ONNX files of DeOldify."""

from __future__ import annotations

from colortk.plugin import Artifact

from ..onnx_model.published import Published, by_name

_LICENSE = "MIT, as the repository jantic/DeOldify"
_ROPE = "https://github.com/Alucard24/rope-assets/releases/download/v1.0.7/"

FILES = by_name(
    Published(
        "artistic",
        "DeOldify, strong colors (Antic 2019)",
        Artifact(
            "deoldify_artistic.onnx",
            "9ac296cf05fecbdb604f50211f632b722402bc1f9a96ee5a8987b01c0c3c688f",
            (
                "https://huggingface.co/facefusion/models-3.0.0/resolve/main/"
                "deoldify_artistic.onnx",
                "https://github.com/facefusion/facefusion-assets/releases/download/"
                "models-3.0.0/deoldify_artistic.onnx",
            ),
            255_044_725,
            _LICENSE,
        ),
    ),
    Published(
        "stable",
        "DeOldify, for portraits and landscapes (Antic 2019)",
        Artifact(
            "ColorizeStable.fp16.onnx",
            "666811485bfd37b236fdef695dbf50de7d3a430b10dbf5a3001d1609de06ad88",
            f"{_ROPE}ColorizeStable.fp16.onnx",
            license=_LICENSE,
        ),
    ),
    Published(
        "video",
        "DeOldify, for films (Antic 2019)",
        Artifact(
            "ColorizeVideo.fp16.onnx",
            "4d93b3cca8aa514bdf18a0ed00b25e36de5a9cc70b7aec7e60132632f6feced3",
            f"{_ROPE}ColorizeVideo.fp16.onnx",
            license=_LICENSE,
        ),
    ),
)
