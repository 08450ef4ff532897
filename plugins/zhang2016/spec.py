"""Specification of ``zhang2016``."""

from __future__ import annotations

from colortk.plugin import Artifact, ColorizerSpec, Requirement, WorkingSize, hookimpl

#: The checkpoint that the authors published.
CHECKPOINT = "colorization_release_v2-9b330a0b.pth"


#: The publications to cite.
BIBTEX = r"""@inproceedings{zhang2016colorful,
  author = {Zhang, Richard and Isola, Phillip and Efros, Alexei A.},
  title = {Colorful Image Colorization},
  booktitle = {European Conference on Computer Vision (ECCV)},
  series = {Lecture Notes in Computer Science},
  volume = {9907},
  pages = {649--666},
  year = {2016},
  doi = {10.1007/978-3-319-46487-9_40}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="zhang2016",
            summary="VGG-like network, 313 classes of color (Zhang 2016, ECCV)",
            factory="colortk_plugins.zhang2016.colorizer:Zhang2016",
            working_size=WorkingSize(short=256, square=True),
            requires=(Requirement("onnx", "pip install onnx"),),
            artifacts=(
                Artifact(
                    CHECKPOINT,
                    "9b330a0bae53f4ded77b1e23defbf78beaa09c10ebc4c4999e8e4f4a160b93f9",
                    url=(
                        f"https://colorizers.s3.us-east-2.amazonaws.com/{CHECKPOINT}",
                        "https://github.com/clibdev/colorization/releases/latest/download/"
                        "colorization-eccv-16.pth",
                    ),
                    license="BSD-2-Clause, as the repository richzhang/colorization",
                ),
            ),
            paper="Zhang, Isola, Efros (2016), Colorful Image Colorization, ECCV",
            bibtex=BIBTEX,
        )
    ]
