"""Specification of ``vgg16_residual``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

#: The publications to cite.
BIBTEX = r"""@misc{zaman2020image,
  author = {Zaman, Tahseen},
  title = {Image Colorization with Deep Convolutional Neural Networks},
  howpublished = {Project, Master in Information Technology, University of Dhaka},
  year = {2020}
}

@inproceedings{simonyan2015very,
  author = {Simonyan, Karen and Zisserman, Andrew},
  title = {Very Deep Convolutional Networks for Large-Scale Image Recognition},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year = {2015},
  note = {arXiv:1409.1556}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="vgg16_residual",
            summary="VGG16 encoder, decoder with residual connections (Zaman 2020)",
            factory="colortk_plugins.vgg16_residual.colorizer:colorizer",
            package="colortk_plugins.vgg16_residual",
            working_size=WorkingSize(short=224, multiple=32),
            artifacts=declared("colortk_plugins.vgg16_residual"),
            trainer="colortk_plugins.vgg16_residual.train:train",
            train_options="colortk_plugins.vgg16_residual.training:Training",
            paper="Zaman (2020), Image Colorization with Deep Convolutional Neural Networks",
            bibtex=BIBTEX,
        )
    ]
