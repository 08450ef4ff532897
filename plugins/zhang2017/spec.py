"""Specification of ``zhang2017``."""

from __future__ import annotations

from colortk.plugin import Artifact, ColorizerSpec, Requirement, WorkingSize, hookimpl

#: The checkpoint that the authors published.
CHECKPOINT = "siggraph17-df00044c.pth"


#: The publications to cite.
BIBTEX = r"""@article{zhang2017realtime,
  author = {Zhang, Richard and Zhu, Jun-Yan and Isola, Phillip and Geng, Xinyang and Lin, Angela S.
            and Yu, Tianhe and Efros, Alexei A.},
  title = {Real-Time User-Guided Image Colorization with Learned Deep Priors},
  journal = {ACM Transactions on Graphics},
  volume = {36},
  number = {4},
  year = {2017},
  doi = {10.1145/3072959.3073703}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="zhang2017",
            summary="U-Net that was trained with hints (Zhang 2017, SIGGRAPH)",
            factory="colortk_plugins.zhang2017.colorizer:Zhang2017",
            working_size=WorkingSize(short=256, square=True),
            guided=True,
            requires=(Requirement("onnx", "pip install onnx"),),
            artifacts=(
                Artifact(
                    CHECKPOINT,
                    "df00044c0a4d7c3edcecf6f75437ce346a66e7a42612d9b968e1a7e17dbc6f66",
                    url=(
                        f"https://colorizers.s3.us-east-2.amazonaws.com/{CHECKPOINT}",
                        "https://github.com/clibdev/colorization/releases/latest/download/"
                        "colorization-siggraph-17.pth",
                    ),
                    license="BSD-2-Clause, as the repository richzhang/colorization",
                ),
            ),
            paper=(
                "Zhang, Zhu, Isola, Geng, Lin, Yu, Efros (2017), Real-Time User-Guided Image"
                " Colorization with Learned Deep Priors, SIGGRAPH"
            ),
            bibtex=BIBTEX,
        )
    ]
