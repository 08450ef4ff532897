"""Specifications of the plugins of DeOldify."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, hookimpl

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
    return [
        ColorizerSpec(
            name=f"deoldify_{published.name}",
            summary=published.summary,
            factory=f"colortk_plugins.deoldify.colorizer:{published.name}",
            working_size=WorkingSize(short=640),
            artifacts=(published.artifact,),
            options=Options,
            paper="Antic (2019), DeOldify, https://github.com/jantic/DeOldify",
            bibtex=BIBTEX,
        )
        for published in FILES.values()
    ]
