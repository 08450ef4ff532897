"""Specification of ``sift_mlp``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

SHORT = 128


#: The publications to cite.
BIBTEX = r"""@misc{team2supervised,
  author = {{Team 2}},
  title = {Supervised Colorization of Grayscale Images Using Deep Neural Networks},
  note = {Guided by Jumana Nahas}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="sift_mlp",
            summary="Dense SIFT and luminance, two networks of ten sigmoid layers",
            factory="colortk_plugins.sift_mlp.colorizer:SiftMlp",
            package="colortk_plugins.sift_mlp",
            working_size=WorkingSize(short=SHORT),
            artifacts=declared("colortk_plugins.sift_mlp"),
            trainer="colortk_plugins.sift_mlp.train:train",
            paper="Team 2 (guide: J. Nahas), Supervised Colorization of Grayscale Images"
            " using Deep Neural Networks",
            bibtex=BIBTEX,
        )
    ]
