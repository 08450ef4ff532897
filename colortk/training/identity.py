"""Identify a training, so that a stopped run is resumed only if nothing has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from colortk.io.content_digest import content_digest
from colortk.plugin.options import options_key
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.provenance import training_code
from colortk.store.artifacts import artifacts_of
from colortk.training.request import TrainRequest

_SEPARATOR = " "


def training_identity(
    request: TrainRequest,
    plugin: str,
    settings: Iterable[Any],
    modules: Iterable[str] = (),
    libraries: Iterable[str] = (),
) -> str:
    """Identify a training by its settings, the weights it begins with, its teacher and its code.

    Parameters
    ----------
    request : TrainRequest
        Request of ``colortk fit``.
    plugin : str
        Name of the plugin that is trained.
    settings : iterable
        JSON values: the settings that the trainer derives from the request, and its pictures.
    modules : iterable of str
        Modules that the training uses, besides the imports of the plugin's trainer.
    libraries : iterable of str
        Modules of the frameworks that compute the training.

    Returns
    -------
    str
        A digest of the settings and a digest of the code, for :func:`difference`.
    """
    plugins = registry().of(ColorizerSpec)
    initial_weights = [_weights_digest(plugin, source) for source in request.init_from]
    teacher = []
    if request.teacher:
        spec = _colorizer_spec(request.teacher)
        teacher = [request.teacher, request.teacher_share]
        if spec is not None:
            teacher += [artifacts_of(spec).digest, training_code(spec)]
    description = [plugin, *settings, initial_weights, teacher, options_key(request.options)]
    text = json.dumps(description).encode("utf-8", "surrogateescape")
    code = training_code(_colorizer_spec(plugin) if plugin in plugins else None, modules, libraries)
    return hashlib.sha256(text).hexdigest() + _SEPARATOR + code


@lru_cache(maxsize=8)
def trainer_code(plugin: str) -> str:
    """Return the digest of the code that trains ``plugin``; empty if there is no such plugin.

    The manifest of the weights records the digest. It is computed once per process.
    """
    spec = _colorizer_spec(plugin)
    return training_code(spec) if spec is not None else ""


def explain_mismatch(stored: str, current: str) -> str:
    """Say why a checkpoint of the identity ``stored`` cannot be resumed; empty if it can."""
    if stored == current:
        return ""
    if stored.partition(_SEPARATOR)[0] == current.partition(_SEPARATOR)[0]:
        return "the code of the network, of the training or of a library has changed"
    return "it belongs to a run with other pictures or settings"


def _colorizer_spec(plugin: str) -> ColorizerSpec | None:
    entry = registry().of(ColorizerSpec).get(plugin)
    return entry.spec if entry is not None and isinstance(entry.spec, ColorizerSpec) else None


def _weights_digest(plugin: str, source: str) -> str:
    """Return the digest of the weights of ``source``: a plugin, or a folder with weights."""
    spec = _colorizer_spec(source)
    if spec is not None:
        return f"{source} {artifacts_of(spec).digest}"
    path = Path(source)
    trained_spec = _colorizer_spec(plugin)
    if path.is_dir() and trained_spec is not None:
        return artifacts_of(trained_spec, path).digest
    return content_digest(path) if path.exists() else path.name
