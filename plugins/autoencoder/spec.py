"""Specification of ``autoencoder``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

from .options import Options

#: The publications to cite.
BIBTEX = r"""@misc{darban2024colorizing,
  author = {Darban, Parsa},
  title = {Colorizing Grayscale Images},
  howpublished = {Report of a course in computer vision, fall 2024},
  year = {2024}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="autoencoder",
            summary="Convolutional autoencoder, 256 pixels (Darban 2024)",
            factory="colortk_plugins.autoencoder.colorizer:colorizer",
            package="colortk_plugins.autoencoder",
            working_size=WorkingSize(short=256, multiple=8),
            artifacts=declared("colortk_plugins.autoencoder"),
            options=Options,
            trainer="colortk_plugins.autoencoder.train:train",
            paper="Darban (2024), Colorizing grayscale images",
            bibtex=BIBTEX,
        )
    ]
