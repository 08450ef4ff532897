"""The published ONNX files of DDColor."""

from __future__ import annotations

from colortk.plugin import Artifact

from ..onnx_model.published import Published, by_name

_LICENSE = "Apache-2.0, as the repository piddnad/DDColor"
_VARVE = (
    "https://huggingface.co/K-Arthur/varve-ddcolor-onnx/resolve/main/",
    "https://github.com/K-Arthur/varve/releases/download/models-v1/",
)
_FACEFUSION = (
    "https://huggingface.co/facefusion/models-3.0.0/resolve/main/",
    "https://github.com/facefusion/facefusion-assets/releases/download/models-3.0.0/",
)
#: No published file of this model has a SHA-256 that we know: the user names a file.
_ANY_FILE = "0" * 64

FILES = by_name(
    Published(
        "tiny",
        "DDColor-T, small and fast (Kang 2023)",
        Artifact(
            "ddcolor-tiny.onnx",
            "1410b455cd230a587c38b5771a0193aa6f28bb89b0e29566fbdb791bb1310c47",
            tuple(f"{folder}ddcolor-tiny.onnx" for folder in _VARVE),
            223_650_419,
            _LICENSE,
        ),
    ),
    Published(
        "paper",
        "DDColor-L of the paper (Kang 2023), from a file that you export",
        Artifact("ddcolor_paper.onnx", _ANY_FILE),
    ),
    Published(
        "modelscope",
        "DDColor-L, which its authors recommend (Kang 2023)",
        Artifact(
            "ddcolor.onnx",
            "9c881551a0caf29ea283be09e863a841b5bf454b83299357f483f49f6ca18193",
            tuple(f"{folder}ddcolor.onnx" for folder in _VARVE),
            915_477_115,
            _LICENSE,
        ),
    ),
    Published(
        "artistic",
        "DDColor-L, trained on artistic pictures too (Kang 2023)",
        Artifact(
            "ddcolor_artistic.onnx",
            "adad4b897990d627e139e858e8a6552c1f99e39e49e811d21e8f591803c877f1",
            tuple(f"{folder}ddcolor_artistic.onnx" for folder in _FACEFUSION),
            980_103_562,
            _LICENSE,
        ),
    ),
)
