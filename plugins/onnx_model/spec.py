"""Specification of ``onnx_model``."""

from __future__ import annotations

from colortk.plugin import Artifact, ColorizerSpec, WorkingSize, hookimpl

from .options import Options

#: Stands for the file that the user names with ``--weights``. The digest is that of no file.
NETWORK = "network.onnx"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="onnx_model",
            summary="Any ONNX file (--weights FILE), described by options",
            factory="colortk_plugins.onnx_model.colorizer:OnnxModel",
            working_size=WorkingSize(short=512),
            artifacts=(Artifact(NETWORK, "0" * 64),),
            options=Options,
        )
    ]
