"""``--init-from``: start a training from existing weights.

The mean of the weights of several trainings that continue one another, or that started from the
same weights, is often better than each of them.

References
----------
Wortsman et al. (2022), "Model soups: averaging weights of multiple fine-tuned models improves
accuracy without increasing inference time", ICML.
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
    """Set the weights of ``network`` to the weights of ``sources``, or to their mean.

    Parameters
    ----------
    network : keras.Model
        Network of ``plugin``. Its layers are matched by name and shape.
    plugin : str
        The plugin that is trained.
    sources : sequence of str
        Plugins, or folders that ``fit`` wrote. Of several sources each must have every array.

    Returns
    -------
    list of str
        One line for each source: how many arrays were taken from it.

    Raises
    ------
    UsageError
        No array fits, or the plugin is unknown.
    ArtifactError
        A source has no weights.
    """
    from colortk.runtime.keras_weights import has_folded_normalization, restore

    lines, weights = [], []
    for source in sources:
        content = _network_content(plugin, source)
        restored_count = len(restore(network, content))
        if not restored_count:
            reason = "no layer in it has the name and shape of a layer of this network"
            raise UsageError(f"cannot use --init-from {source}", reason)
        if len(sources) > 1 and restored_count < len(network.weights):
            reason = f"it has only {restored_count} of the {len(network.weights)} arrays of weights"
            hint = "a mean needs sources with all arrays: use this source alone"
            raise UsageError(f"cannot use --init-from {source}", reason, hint)
        if len(sources) > 1 and has_folded_normalization(content):
            reason = "its 8-bit weights include batch normalization and cannot be averaged"
            hint = "use it alone, or train it with --option bits=16 if its plugin has this option"
            raise UsageError(f"cannot use --init-from {source}", reason, hint)
        lines.append(
            f"{restored_count} of {len(network.weights)} arrays of weights taken from '{source}'"
        )
        weights.append(network.get_weights())
    if len(weights) > 1:
        network.set_weights([np.mean(arrays, 0) for arrays in zip(*weights, strict=True)])
    return lines


def _network_content(plugin: str, source: str) -> bytes:
    """Return the ONNX file of ``source``."""
    if source not in registry().of(ColorizerSpec) and Path(source).is_dir():
        folder = artifacts_of(registry().colorizer(plugin)[1], Path(source))
    else:
        folder = artifacts_of(registry().colorizer(source)[1])
    if NETWORK not in {artifact.name for artifact in folder.artifacts}:
        raise UsageError(
            f"cannot use --init-from {source}",
            f"it has no {NETWORK}",
            "use the folder or plugin of a trained network",
        )
    return folder.read(NETWORK)
