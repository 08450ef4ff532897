"""Specifications of the plugins of DeOldify."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..onnx_model.published import published_colorizers
from .files import FILES
from .options import Options

#: The publications to cite.
BIBTEX = r"""@misc{antic2019deoldify,
  author = {Antic, Jason},
  title = {{DeOldify}},
  howpublished = {https://github.com/jantic/DeOldify},
  year = {2019}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return one specification for each published network."""
    return published_colorizers(
        "deoldify",
        FILES.values(),
        Options,
        short=640,
        paper="Antic (2019), DeOldify, https://github.com/jantic/DeOldify",
        bibtex=BIBTEX,
    )
