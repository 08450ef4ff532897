"""``--init-from``: a training that begins with weights that others found.

The mean of the weights of several trainings, if one began where another ended or all with the same
weights, is often better than each: Wortsman et al. (2022), "Model soups".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import UsageError
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.onnx_colorizer import NETWORK
from colortk.store.artifacts import artifacts_of


def initialize_network(network: Any, plugin: str, sources: Sequence[str]) -> list[str]:
    """Put the weights of ``sources``, or their mean, into the ``network`` of ``plugin``.

    Each is a plugin or a folder that ``fit`` wrote. Layers are matched by name and shape; of several
    sources each has to have them all. Returns lines that say how much was taken. Raises
    ``UsageError`` if nothing fits or the plugin is unknown, ``ArtifactError`` if there are none.
    """
    from colortk.runtime.keras_weights import folded, restore

    lines, found = [], []
    for source in sources:
        content = _network_content(plugin, source)
        taken = len(restore(network, content))
        if not taken:
            why = "no layer there has the name and shape of one of this network"
            raise UsageError(f"--init-from {source}", why)
        if len(sources) > 1 and taken < len(network.weights):
            why = f"it has {taken} of the {len(network.weights)} arrays of weights"
            raise UsageError(f"--init-from {source}", why, "of several, each has to have all")
        if len(sources) > 1 and folded(content):
            why = "its 8-bit weights hold batch normalization, and have no mean with others"
            do = "name it alone, or train it with --option bits=16 if its plugin has that"
            raise UsageError(f"--init-from {source}", why, do)
        lines.append(f"{taken} of {len(network.weights)} arrays of weights taken from '{source}'")
        found.append(network.get_weights())
    if len(found) > 1:
        network.set_weights([np.mean(arrays, 0) for arrays in zip(*found, strict=True)])
    return lines


def _network_content(plugin: str, source: str) -> bytes:
    """The network that ``source`` has, as ONNX."""
    if source not in registry().of(ColorizerSpec) and Path(source).is_dir():
        folder = artifacts_of(registry().colorizer(plugin)[1], Path(source))
    else:
        folder = artifacts_of(registry().colorizer(source)[1])
    if NETWORK not in {artifact.name for artifact in folder.artifacts}:
        raise UsageError(f"--init-from {source}", f"it has no {NETWORK}", "name a trained network")
    return folder.read(NETWORK)
