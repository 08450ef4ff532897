"""The metadata of an exported file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.metadata import PackageNotFoundError, metadata, version

from colortk.plugin.discover import DISTRIBUTION
from colortk.plugin.registry import registry
from colortk.runtime.loading import Loaded

USAGE = (
    "Give 'picture', uint8 (height, width, 3) sRGB or (height, width, 1) gray; the output"
    " 'colorized' is uint8 (height, width, 3) sRGB of the same size and lightness. An input"
    " 'strength', if there is one, is a float32 without axes that multiplies the colors. In Python:"
    " onnxruntime.InferenceSession(FILE).run(None, {'picture': pixels})[0]"
)


def describe(plugin: Loaded, options: Sequence[str], foreign: Collection[str]) -> dict[str, str]:
    """Return the metadata of the file that a plugin is exported to.

    Parameters
    ----------
    plugin : Loaded
        The plugin.
    options : sequence of str
        Its options, as "NAME=VALUE".
    foreign : collection of str
        Names of artifacts that files of the user replace.

    Returns
    -------
    dict of str to str
        plugin, summary, distribution and version of the plugin, license, weights (SHA-256 of all),
        options, paper, colortk (its version), usage.
    """
    declared, spec = registry().colorizer(plugin.spec.name)
    licenses = [artifact.license for artifact in spec.artifacts if artifact.license]
    if foreign:
        license_text = "of the weights: not stated, they are files of the user"
    else:
        own = _license_of(declared.distribution)
        license_text = "; ".join(dict.fromkeys([own, *licenses]))
    return {
        "plugin": spec.name,
        "summary": spec.summary,
        "distribution": declared.distribution,
        "version": declared.version,
        "license": license_text,
        "weights": plugin.digest,
        "options": " ".join(options),
        "paper": spec.paper,
        "colortk": version(DISTRIBUTION),
        "usage": USAGE,
    }


def _license_of(distribution: str) -> str:
    """Return the license that an installed distribution states."""
    try:
        facts = metadata(distribution)
    except PackageNotFoundError:
        return "not stated"
    # Older build tools write "License" only.
    stated = [facts[field] for field in ("License-Expression", "License") if field in facts]
    return next(filter(None, stated), "not stated")
