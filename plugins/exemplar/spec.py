"""Specification of ``exemplar``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

from .options import Options

#: The plugin whose network gives features and automatic colors.
NETWORK_PACKAGE = "colortk_plugins.effnet_bins"


#: The publications to cite.
BIBTEX = r"""@article{he2018deep,
  author = {He, Mingming and Chen, Dongdong and Liao, Jing and Sander, Pedro V. and Yuan, Lu},
  title = {Deep Exemplar-Based Colorization},
  journal = {ACM Transactions on Graphics},
  volume = {37},
  number = {4},
  pages = {47:1--47:16},
  year = {2018},
  doi = {10.1145/3197517.3201365}
}
"""


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="exemplar",
            summary="Colors of a reference picture (--reference FILE) where it matches",
            factory="colortk_plugins.exemplar.colorizer:colorizer",
            package=NETWORK_PACKAGE,
            working_size=WorkingSize(short=256, multiple=32),
            artifacts=declared(NETWORK_PACKAGE),
            options=Options,
            paper="of colortk; after He et al. (2018), Deep Exemplar-based Colorization",
            bibtex=BIBTEX,
        )
    ]
