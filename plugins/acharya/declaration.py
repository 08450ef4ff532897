"""The common part of the specifications of the five plugins of Acharya (2022)."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared

#: The publications to cite.
BIBTEX = r"""@misc{acharya2022mean,
  author = {Acharya, Chintan K.},
  title = {Mean Chrominance of an Image and Image Colorizer Using Deep Learning},
  howpublished = {CAP 5404, University of Florida},
  year = {2022}
}
"""


def declare(name: str, summary: str, network: str, training: str) -> ColorizerSpec:
    """Return the specification of a plugin.

    Parameters
    ----------
    name : str
        Name of the plugin.
    summary : str
        One line.
    network : str
        Function in :mod:`.colorizer`.
    training : str
        Function in :mod:`.train`.
    """
    return ColorizerSpec(
        name=name,
        summary=summary,
        factory=f"colortk_plugins.acharya.colorizer:{network}",
        package=f"colortk_plugins.{name}",
        working_size=WorkingSize(short=128, square=True),
        artifacts=declared(f"colortk_plugins.{name}"),
        trainer=f"colortk_plugins.acharya.train:{training}",
        train_options="colortk_plugins.acharya.training:Training",
        paper="Acharya (2022), Mean Chrominance of an image and"
        " Image Colorizer Using Deep Learning",
        bibtex=BIBTEX,
    )
