"""A plugin with options, strength and weights: ``NAME[:option=value,…][@WEIGHTS]``."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from colortk.errors import Notice, UsageError
from colortk.harness.records import Key
from colortk.plugin.options import options_key, parse_options, with_absolute_paths
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.loading import PluginRequest
from colortk.runtime.provenance import colorizer_code
from colortk.store.artifacts import artifacts_of

#: Prefix of the options that the host handles, in a result's key; no plugin can have them.
HOST_OPTION = "host "

_FORM = re.compile(r"(?P<name>[^:@]*)(?::(?P<options>.*))?(?:@(?P<weights>.+))?")


@dataclass(frozen=True)
class PluginVariant:
    """One plugin with options, strength and weights: a row of a comparison.

    Parameters
    ----------
    label : str
        The text that names it, ``NAME[:option=value,…][@WEIGHTS]``.
    request : PluginRequest
        Plugin, options and weights to load.
    strength : float
        The host's factor on chroma, 0..2.
    key : Key
        The values that its results depend on.
    version, summary, paper : str
        As the plugin declares them.
    foreign_weights : tuple of str
        Files of weights whose SHA-256 the plugin does not declare.
    """

    label: str
    request: PluginRequest
    strength: float
    key: Key
    version: str
    summary: str
    paper: str
    foreign_weights: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """The plugin's options, and the host's strength if it is not 1."""
        loaded: dict[str, Any] = json.loads(self.key.options)
        return loaded


def parse_variant(text: str, refine: str = "ratio") -> PluginVariant:
    """Return the plugin that a text names.

    ``strength`` is the host's, unless the plugin has an option of that name. After options, ``@``
    separates weights only if it is followed by a file or a folder: values may contain it.

    Parameters
    ----------
    text : str
        ``NAME[:option=value,…][@WEIGHTS]``.
    refine : str
        The refinement of chroma that its results go through.

    Raises
    ------
    UsageError
        If the text, an option or a value is wrong.
    PluginError
        If the plugin is unknown, broken or unavailable.
    ArtifactError
        If the folder or file has no weights, or the plugin needs weights that are missing.
    """
    form = _FORM.fullmatch(text)
    if form is None or not form["name"]:
        raise UsageError(f"-p '{text}'", "write NAME, NAME:option=value,… or NAME@WEIGHTS")
    options_text, folder = form["options"], form["weights"]
    if options_text and _ends_with_weights(options_text):
        options_text, _, folder = options_text.rpartition("@")
    # A comma splits options only where another name follows: values may contain commas.
    texts = re.split(r",(?=[a-z_][a-z0-9_-]*=)", options_text) if options_text else []
    plugin, spec = registry().colorizer(form["name"])
    own_options, strength = _host_strength(spec, texts)
    own_options = list(
        with_absolute_paths(spec, own_options)
    )  # Workers may have another working folder.
    weights = Path(folder).resolve() if folder else None
    options = json.loads(options_key(parse_options(spec, own_options)))
    artifacts = artifacts_of(spec, weights)
    artifacts.require()
    if artifacts.foreign:
        warnings.warn(Notice(artifacts.foreign_note), stacklevel=2)
    if strength != 1:
        options[HOST_OPTION + "strength"] = strength
    key = Key(
        spec.name,
        artifacts.digest,
        json.dumps(options, sort_keys=True),
        colorizer_code(spec, refine, "scores"),
    )
    request = PluginRequest(spec.name, tuple(own_options), weights)
    return PluginVariant(
        text, request, strength, key, plugin.version, spec.summary, spec.paper, artifacts.foreign
    )


def parse_variants(texts: Iterable[str], refine: str = "ratio") -> list[PluginVariant]:
    """Return the plugins that several texts name, each once; see :func:`parse_variant`."""
    return [parse_variant(text, refine) for text in dict.fromkeys(texts)]


def _ends_with_weights(options_text: str) -> bool:
    """Return whether options end with ``@WEIGHTS``, and not with a value that contains ``@``."""
    value = options_text.rpartition("=")[2]
    path = Path(options_text.rpartition("@")[2])
    return "@" in options_text and (path.is_dir() or (path.is_file() and not Path(value).exists()))


def _host_strength(spec: ColorizerSpec, texts: list[str]) -> tuple[list[str], float]:
    """Separate the host's strength from the plugin's options."""
    if spec.options is not None and "strength" in {f.name for f in fields(spec.options)}:
        return texts, 1.0
    own_options = [text for text in texts if not text.startswith("strength=")]
    strength = 1.0
    for text in texts:
        if text.startswith("strength="):
            try:
                strength = float(text.partition("=")[2])
            except ValueError:
                strength = -1.0
            if not 0 <= strength <= 2:
                raise UsageError(f"-p {spec.name}:{text}", "give a number from 0 to 2")
    return own_options, strength
