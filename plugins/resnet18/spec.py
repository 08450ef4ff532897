"""Specification of ``resnet18``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

#: The publications to cite.
BIBTEX = r"""@misc{kazerooni_grayscale,
  author = {Kazerooni, Parsa and Mehmeto{\u{g}}lu, Utku},
  title = {Gray-Scale Image Colorization Using Deep Learning},
  howpublished = {Y{\i}ld{\i}z Technical University, Istanbul}
}

@inproceedings{he2016deep,
  author = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  title = {Deep Residual Learning for Image Recognition},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  pages = {770--778},
  year = {2016},
  doi = {10.1109/CVPR.2016.90}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="resnet18",
            summary="ResNet-18 encoder, small decoder (Kazerooni and Mehmetoglu)",
            factory="colortk_plugins.resnet18.colorizer:colorizer",
            package="colortk_plugins.resnet18",
            working_size=WorkingSize(short=192, multiple=32),
            artifacts=declared("colortk_plugins.resnet18"),
            trainer="colortk_plugins.resnet18.train:train",
            train_options="colortk_plugins.resnet18.training:Training",
            paper="Kazerooni, Mehmetoglu, Gray-scale Image Colorization Using Deep Learning",
            bibtex=BIBTEX,
        )
    ]
