"""Who takes part in a comparison: a plugin, perhaps with options, a strength or other weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.harness.records import Key
from colortk.plugin.options import options_key, parse_options, with_absolute_paths
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.loading import Request
from colortk.runtime.provenance import colorizer_code
from colortk.store.artifacts import artifacts_of

#: Prefix of the options that the host handles, in a result's key; no plugin can have them.
HOST_OPTION = "host "

_FORM = re.compile(r"(?P<name>[^:@]*)(?::(?P<options>.*))?(?:@(?P<weights>.+))?")


@dataclass(frozen=True)
class PluginVariant:
    """One row of a comparison. ``label`` is how it was named: ``NAME[:option=value,…][@DIR]``.

    ``strength``: the host's factor on chroma.
    """

    label: str
    request: Request
    strength: float
    key: Key
    version: str
    summary: str
    paper: str

    @property
    def options(self) -> dict[str, Any]:
        """The plugin's options, and the host's strength where it is not 1."""
        loaded: dict[str, Any] = json.loads(self.key.options)
        return loaded


def parse_variant(text: str, refine: str = "ratio") -> PluginVariant:
    """The variant that ``text`` names; ``refine``: the refinement that its results go through.

    ``strength`` is the host's where the plugin has no option of that name. After options, ``@``
    is only followed by weights if that is a folder: values may hold it too. Raises ``UsageError``,
    ``PluginError`` (broken or unavailable), ``ArtifactError`` (no weights in the folder).
    """
    form = _FORM.fullmatch(text)
    if form is None or not form["name"]:
        raise UsageError(f"-p '{text}'", "a plugin is written NAME[:option=value,…][@WEIGHTS]")
    told, folder = form["options"], form["weights"]
    if told and "@" in told and Path(told.rpartition("@")[2]).is_dir():
        told, _, folder = told.rpartition("@")
    # A comma splits options only where another name follows: values may hold commas.
    given = re.split(r",(?=[a-z_][a-z0-9_-]*=)", told) if told else []
    found, spec = registry().colorizer(form["name"])
    own, strength = _host_strength(spec, given)
    own = list(with_absolute_paths(spec, own))  # workers may have another working folder
    weights = Path(folder).resolve() if folder else None
    options = json.loads(options_key(parse_options(spec, own)))
    if strength != 1:
        options["host strength"] = strength
    key = Key(
        spec.name,
        artifacts_of(spec, weights).digest,
        json.dumps(options, sort_keys=True),
        colorizer_code(spec, refine, "scores"),
    )
    request = Request(spec.name, tuple(own), weights)
    return PluginVariant(text, request, strength, key, found.version, spec.summary, spec.paper)


def parse_variants(texts: Iterable[str], refine: str = "ratio") -> list[PluginVariant]:
    """Entries for several texts, each once. Raises as :func:`variant` does."""
    return [parse_variant(text, refine) for text in dict.fromkeys(texts)]


def _host_strength(spec: ColorizerSpec, given: list[str]) -> tuple[list[str], float]:
    if spec.options is not None and "strength" in {f.name for f in fields(spec.options)}:
        return given, 1.0
    own = [text for text in given if not text.startswith("strength=")]
    strength = 1.0
    for text in given:
        if text.startswith("strength="):
            try:
                strength = float(text.partition("=")[2])
            except ValueError:
                strength = -1.0
            if not 0 <= strength <= 2:
                raise UsageError(f"-p {spec.name}:{text}", "a number from 0 to 2 is wanted")
    return own, strength
