"""Declare one plugin for each published ONNX file of a method."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from colortk.plugin import Artifact, ColorizerSpec, WorkingSize


class Published(NamedTuple):
    """A published network: the ending of the plugin's name, a line for lists, and its file."""

    name: str
    summary: str
    artifact: Artifact


def by_name(*files: Published) -> dict[str, Published]:
    """Return published networks by the endings of their plugins' names."""
    return {published.name: published for published in files}


def published_colorizers(
    method: str, files: Iterable[Published], options: type[Any], short: int, paper: str, bibtex: str
) -> list[ColorizerSpec]:
    """Return the declarations of a method's plugins.

    Parameters
    ----------
    method : str
        The beginning of the plugins' names, and the name of the package. Its module ``colorizer``
        has a factory with the name of each network; see
        :meth:`colortk_plugins.onnx_model.published_model.PublishedModel.of`.
    files : iterable of Published
        The networks.
    options : type
        The dataclass of their options, with a field ``size``.
    short : int
        Pixels of the short side of the lightness that they get.
    paper, bibtex : str
        The publication.
    """
    return [
        ColorizerSpec(
            name=f"{method}_{published.name}",
            summary=published.summary,
            factory=f"colortk_plugins.{method}.colorizer:{published.name}",
            working_size=WorkingSize(short=short),
            artifacts=(published.artifact,),
            options=options,
            paper=paper,
            bibtex=bibtex,
        )
        for published in files
    ]


def check_size(size: int, largest: int) -> None:
    """Raise ``ValueError`` unless an option is 0 or a side that a network can have."""
    if size and (not 64 <= size <= largest or size % 32):
        raise ValueError(f"size={size}: use 0, or 64 to {largest} in steps of 32")
