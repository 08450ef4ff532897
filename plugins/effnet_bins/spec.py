"""Specification of ``effnet_bins``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

from .options import Options

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

@inproceedings{tan2019efficientnet,
  author = {Tan, Mingxing and Le, Quoc V.},
  title = {{EfficientNet}: Rethinking Model Scaling for Convolutional Neural Networks},
  booktitle = {International Conference on Machine Learning (ICML)},
  series = {Proceedings of Machine Learning Research},
  volume = {97},
  pages = {6105--6114},
  year = {2019}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="effnet_bins",
            summary="the best colors of this project; how likely each color is, by an EfficientNet",
            factory="colortk_plugins.effnet_bins.colorizer:colorizer",
            package="colortk_plugins.effnet_bins",
            working_size=WorkingSize(short=256, multiple=32),
            artifacts=declared("colortk_plugins.effnet_bins"),
            options=Options,
            trainer="colortk_plugins.effnet_bins.train:train",
            train_options="colortk_plugins.effnet_bins.training:Training",
            samples=True,
            guided=True,
            paper="of colortk; after Zhang (2016), Colorful Image Colorization",
            bibtex=BIBTEX,
        )
    ]
