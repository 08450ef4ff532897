"""``--option name=value``: typed and validated against a plugin's frozen dataclass."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from colortk.errors import PluginError, UsageError
from colortk.plugin.option_types import from_text, option_fields, to_text, unusable
from colortk.plugin.spec import ColorizerSpec, load_callable
from colortk.plugin.spec_checks import check_options


def parse_options(spec: ColorizerSpec, texts: Iterable[str]) -> Any:
    """Return the options of a plugin.

    Parameters
    ----------
    spec : ColorizerSpec
        The plugin's declaration.
    texts : iterable of str
        Each as "name=value".

    Returns
    -------
    object
        An instance of ``spec.options``; ``None`` if the plugin has no options.

    Raises
    ------
    UsageError
        For an unknown name, a value of a wrong type, and a value that the dataclass refuses.
    """
    return _parsed(spec.name, spec.options, texts, "options")


def parse_train_options(spec: ColorizerSpec, texts: Iterable[str]) -> Any:
    """Return the training options of a plugin, as :func:`parse_options` does."""
    return _parsed(spec.name, train_options_of(spec), texts, "options of training")


def train_options_of(spec: ColorizerSpec) -> type[Any] | None:
    """Return the dataclass of a plugin's training options, imported if its name is declared.

    Parameters
    ----------
    spec : ColorizerSpec
        The plugin's declaration.

    Returns
    -------
    type or None
        A frozen dataclass; ``None`` if the plugin declares none.

    Raises
    ------
    PluginError
        The declared name cannot be imported, or is no dataclass that can be set from text.
    """
    declared = spec.train_options
    if not isinstance(declared, str):
        return declared
    message = f"the training options of plugin '{spec.name}' cannot be used"
    try:
        options: Any = load_callable(declared)
        wrong = check_options("train options", options) or unusable(options)
    except Exception as error:
        raise PluginError(message, f"{declared}: {error}") from error
    if wrong:
        raise PluginError(message, f"{declared} {wrong}")
    return options  # type: ignore[no-any-return]


def _parsed(plugin: str, declared: type[Any] | None, texts: Iterable[str], label: str) -> Any:
    pairs = dict(_split(text) for text in texts)
    if declared is None:
        if pairs:
            raise UsageError(f"plugin '{plugin}' has no {label}", f"got '{next(iter(pairs))}'")
        return None
    hints = option_fields(declared)
    values = {}
    for name, text in pairs.items():
        if name not in hints:
            close = get_close_matches(name, hints, 1)
            raise UsageError(
                f"plugin '{plugin}' has no option '{name}'",
                f"did you mean '{close[0]}'?" if close else f"known: {', '.join(hints)}",
            )
        try:
            values[name] = from_text(hints[name], text)
        except ValueError as error:
            raise UsageError(
                f"--option {name}={text}", f"plugin '{plugin}' expects {error}"
            ) from error
    try:
        return declared(**values)
    except ValueError as error:
        raise UsageError(f"option of plugin '{plugin}' refused", str(error)) from error


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--option {text}", "an option is written name=value")
    return name.strip().replace("-", "_"), value


def option_texts(options: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Write values by name as the texts that :func:`parse_options` reads."""
    return tuple(f"{name}={to_text(value)}" for name, value in (options or {}).items())


def with_absolute_paths(spec: ColorizerSpec, texts: Iterable[str]) -> tuple[str, ...]:
    """Replace paths in ``["name=value", ...]``, so that they mean the same in any folder.

    Raises ``UsageError`` as :func:`parse_options` does.
    """
    return with_paths(spec, texts, Path.absolute)


def with_paths(
    spec: ColorizerSpec, texts: Iterable[str], replace: Callable[[Path], Path]
) -> tuple[str, ...]:
    """Replace every path in ``["name=value", ...]`` by the path that ``replace`` returns for it.

    Raises ``UsageError`` as :func:`parse_options` does.
    """
    texts = tuple(texts)
    options = parse_options(spec, texts)
    replaced_texts = []
    for text in texts:
        name, _ = _split(text)
        replaced = _with_paths(getattr(options, name), replace)
        replaced_texts.append(f"{name}={to_text(replaced)}" if replaced else text)
    return tuple(replaced_texts)


def _with_paths(value: Any, replace: Callable[[Path], Path]) -> Any:
    """Return ``value`` with replaced paths; ``None`` if it holds no path."""
    if isinstance(value, Path):
        return replace(value)
    if isinstance(value, tuple | list) and any(isinstance(item, Path) for item in value):
        return [_with_paths(item, replace) or item for item in value]
    return None


def options_key(options: Any) -> str:
    """Return options as canonical JSON, which is part of the identity of every result.

    A path stands for the content that it names: the digest of a file or of a folder, not the
    name. So a result is not found again after the content has changed.

    Raises
    ------
    UsageError
        If the content of a path cannot be read.
    """
    if options is None:
        return "{}"
    hints = option_fields(type(options))
    values = {
        field.name: _canonical(getattr(options, field.name), hints.get(field.name))
        for field in dataclasses.fields(options)
    }
    return json.dumps(values, sort_keys=True)


def _canonical(value: Any, hint: Any = None) -> Any:
    """Return plain data for JSON that is equal for equal values."""
    if isinstance(value, Path):
        from colortk.io.content_digest import content_digest  # not imported in every cold run

        # A default may name a file that is optional.
        return f"sha256:{content_digest(value)}" if value.exists() else f"no file: {value}"
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, tuple | list):
        return [_canonical(item) for item in value]
    if hint is float and type(value) is int:  # the default 1 is the same as the given 1.0
        return float(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return repr(value)
