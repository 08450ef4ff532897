"""Specifications of the plugins of DDColor."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..onnx_model.published import published_colorizers
from .files import FILES
from .options import Options

#: The publications to cite.
BIBTEX = r"""@inproceedings{kang2023ddcolor,
  author = {Kang, Xiaoyang and Yang, Tao and Ouyang, Wenqi and Ren, Peiran and Li, Lingzhi
            and Xie, Xuansong},
  title = {{DDColor}: Towards Photo-Realistic Image Colorization via Dual Decoders},
  booktitle = {IEEE/CVF International Conference on Computer Vision (ICCV)},
  pages = {328--338},
  year = {2023}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return one specification for each published network."""
    return published_colorizers(
        "ddcolor",
        FILES.values(),
        Options,
        short=512,
        paper=(
            "Kang, Yang, Ouyang, Ren, Li, Xie (2023), DDColor: Towards Photo-Realistic Image"
            " Colorization via Dual Decoders, ICCV"
        ),
        bibtex=BIBTEX,
    )
