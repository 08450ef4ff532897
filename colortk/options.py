"""``--option name=value``: typed and validated against a plugin's frozen dataclass."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from colortk.errors import UsageError
from colortk.spec import ColorizerSpec

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def parse_options(spec: ColorizerSpec, given: Iterable[str]) -> Any:
    """The options object of ``spec`` for ``["name=value", …]``, or ``None`` if it has none.

    Raises ``UsageError`` for an unknown name, a value of the wrong type, or one that the
    dataclass itself refuses (its ``__post_init__`` raises ``ValueError``).
    """
    return _parsed(spec.name, spec.options, given, "options")


def parse_train_options(spec: ColorizerSpec, given: Iterable[str]) -> Any:
    """The same of what ``colortk fit --option`` sets, by ``spec.train_options``."""
    return _parsed(spec.name, spec.train_options, given, "options of training")


def _parsed(plugin: str, declared: type[Any] | None, given: Iterable[str], what: str) -> Any:
    pairs = dict(_split(text) for text in given)
    if declared is None:
        if pairs:
            raise UsageError(f"plugin '{plugin}' has no {what}", f"got '{next(iter(pairs))}'")
        return None
    hints = typing.get_type_hints(declared)
    names = [f.name for f in dataclasses.fields(declared)]
    values = {}
    for name, text in pairs.items():
        if name not in names:
            close = get_close_matches(name, names, 1)
            raise UsageError(
                f"plugin '{plugin}' has no option '{name}'",
                f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}",
            )
        values[name] = _convert(plugin, name, text, hints[name])
    try:
        return declared(**values)
    except ValueError as error:
        raise UsageError(f"option of plugin '{plugin}' refused", str(error)) from error


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--option {text}", "an option is written name=value")
    return name.strip().replace("-", "_"), value


def _convert(plugin: str, name: str, text: str, hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
        if text.lower() == "none" and type(None) in typing.get_args(hint):
            return None
        hint = arms[0]
    if typing.get_origin(hint) is typing.Literal:
        choices = {str(choice): choice for choice in typing.get_args(hint)}
        if text not in choices:
            raise UsageError(f"--option {name}={text}", f"one of: {', '.join(choices)}")
        return choices[text]
    if hint is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise UsageError(f"--option {name}={text}", "true or false is wanted")
        return text.lower() in _TRUE
    try:
        return hint(text)
    except (TypeError, ValueError) as error:
        kind = getattr(hint, "__name__", str(hint))
        raise UsageError(
            f"--option {name}={text}", f"plugin '{plugin}' wants a value of type {kind}"
        ) from error


def options_key(options: Any) -> str:
    """Options as canonical JSON, part of every result's key."""
    return json.dumps(
        dataclasses.asdict(options) if options is not None else {}, sort_keys=True, default=str
    )
