"""``--init-from``: a training that begins with weights that another one found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.host import registry
from colortk.networked import NETWORK
from colortk.spec import ColorizerSpec
from colortk.store.artifacts import artifacts_of


def initialize(network: Any, plugin: str, source: str) -> str:
    """Put the weights of ``source``, a plugin or a folder that ``fit`` wrote, into the ``network`` of ``plugin``.

    Layers are matched by name and shape. Returns one line that says how much was taken. Raises
    ``UsageError`` if nothing fits or the plugin is unknown, ``ArtifactError`` if there are none.
    """
    from colortk.training.restore import restore

    if source not in registry().of(ColorizerSpec) and Path(source).is_dir():
        folder = artifacts_of(registry().colorizer(plugin)[1], Path(source))
    else:
        folder = artifacts_of(registry().colorizer(source)[1])
    if NETWORK not in {artifact.name for artifact in folder.artifacts}:
        raise UsageError(f"--init-from {source}", f"it has no {NETWORK}", "name a trained network")
    taken = restore(network, folder.read(NETWORK))
    if not taken:
        raise UsageError(
            f"--init-from {source}", "no layer there has the name and shape of one of this network"
        )
    return f"{len(taken)} of {len(network.weights)} arrays of weights taken from '{source}'"
