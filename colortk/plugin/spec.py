"""What a plugin declares: data only, so that declaring it imports and reads nothing heavy."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from colortk.color.working_size import WorkingSize as WorkingSize

#: Version of the contract in this file. A plugin of a later one is not loaded.
API_VERSION = 1
#: The colorizer that is used where none is named.
DEFAULT = "effnet_bins"

if TYPE_CHECKING:  # `plugins list` must not wait for NumPy
    from colortk.types import Chroma, Lightness

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Colorizer(Protocol):
    """What a colorizer's factory returns."""

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Chroma of a picture.

        ``lightness``: float32 (H, W), CIE L*, 0..100, D65, of the declared working size.
        Returns float32 (H, W, 2), CIE a* and b*, finite. Must not change its argument.
        """
        ...


class Artifacts(Protocol):
    """What a factory gets to read its trained weights with: verified bytes, no paths."""

    def read(self, name: str) -> bytes:
        """Content of the declared artifact ``name``; raises ``ArtifactError`` if its digest is wrong."""
        ...


@dataclass(frozen=True)
class Artifact:
    """A trained file: its name inside the plugin's ``artifacts`` folder and its SHA-256 (hex)."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Requirement:
    """A module that a plugin needs, and the command that installs it."""

    module: str
    install: str


@dataclass(frozen=True)
class ColorizerSpec:
    """A colorizer plugin, declared.

    ``factory``: ``"package.module:callable"``, called as ``factory(artifacts, options)`` and
    returning a :class:`Colorizer`. ``package``: where its ``artifacts`` folder lies.
    ``options``: a frozen dataclass with a default for every field, or ``None``.
    ``trainer``: ``"package.module:callable"`` behind ``colortk fit``, or empty.
    ``train_options``: what ``fit --option`` sets, a frozen dataclass as for ``options``, or
    ``"package.module:Class"``, which is imported only where a network is trained or shown.
    ``modules``: names of modules that results depend on and that no import statement names, as
    ``"my_package.backends.fast"``. Their code is part of every result's key, as that of all modules
    that the factory imports; of a module of another distribution the version is.
    """

    name: str
    summary: str
    factory: str
    package: str = ""
    api_version: int = API_VERSION
    working_size: WorkingSize = field(default_factory=WorkingSize)
    requires: tuple[Requirement, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    options: type[Any] | None = None
    trainer: str = ""
    paper: str = ""
    train_options: type[Any] | str | None = None
    modules: tuple[str, ...] = ()


#: What a metric's function is called with.
Takes = Literal["pictures", "pair", "film"]


@dataclass(frozen=True)
class MetricSpec:
    """A score of a colorized picture, or of a film.

    ``function``: ``"package.module:callable"``, called as ``function(truth, result)`` with two
    uint8 (H, W, 3) sRGB pictures that it must not change, returning a finite number; as
    ``function(result)`` if ``needs_reference`` is false; as ``function(pair)`` with one
    :class:`colortk.harness.metrics.pair.Pair` if ``takes`` is ``"pair"``, which computes what
    several metrics need once. If ``takes`` is ``"film"`` it scores films: called as ``function()``
    for every result of a film, it returns an object with ``add(frame)``, given every
    :class:`colortk.harness.films.frame.FilmFrame` in order, and ``result()``, the number; without
    ``needs_reference`` the original gets a score too. ``higher_is_better``: ``None`` if neither is (a description: it is
    read beside the original's, not ranked). ``chroma``: it measures colour and means nothing
    where the original has none. ``label``: in table heads, instead of the name. ``digits``: after
    the decimal point in tables. ``source``: the paper or standard that defines it. ``definition``:
    one sentence with everything that the number depends on (window, peak, units, weights), which
    every report prints under its table; the summary is printed if it is empty. ``weights_variable``:
    an environment variable that names a file which the metric needs and which is not shipped; the
    metric is scored where nobody names metrics only if the variable is set. ``bounds``: the lowest
    and the highest value that the metric can have; intervals of its means end there.
    """

    name: str
    summary: str
    function: str
    higher_is_better: bool | None
    unit: str = ""
    needs_reference: bool = True
    source: str = ""
    api_version: int = API_VERSION
    chroma: bool = False
    takes: Takes = "pictures"
    digits: int = 3
    label: str = ""
    definition: str = ""
    modules: tuple[str, ...] = ()
    weights_variable: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def heading(self) -> str:
        """What a table's head says: label and direction."""
        arrow = {True: " ↑", False: " ↓", None: ""}[self.higher_is_better]
        return (self.label or self.name) + arrow


@dataclass(frozen=True)
class RefinerSpec:
    """What is done to predicted chroma before it is joined with the picture's lightness.

    ``function``: ``"package.module:callable"``, called as ``function(lightness, ab)`` with
    float32 (H, W) and (H, W, 2), returning float32 (H, W, 2).
    """

    name: str
    summary: str
    function: str
    api_version: int = API_VERSION
    modules: tuple[str, ...] = ()


AnySpec = ColorizerSpec | MetricSpec | RefinerSpec


def check_spec(spec: Any, kind: type[AnySpec]) -> str | None:
    """Why ``spec`` cannot be used as a ``kind``, or ``None`` if it can."""
    if not isinstance(spec, kind):
        return f"returned {type(spec).__name__} where {kind.__name__} was expected"
    if not isinstance(spec.api_version, int):
        return f"has the API version {spec.api_version!r}, which is no whole number"
    if spec.api_version > API_VERSION:
        return (
            f"is written for plugin API {spec.api_version}, this colortk speaks {API_VERSION}:"
            " upgrade colorization-toolkit"
        )
    if not isinstance(spec.name, str) or not _NAME.fullmatch(spec.name):
        return f"has the name {spec.name!r}; a name is lower-case letters, digits and _"
    if not isinstance(spec.summary, str):
        return "has a summary that is not text"
    path = spec.factory if isinstance(spec, ColorizerSpec) else spec.function
    if not isinstance(path, str) or path.count(":") != 1:
        return f"has {path!r} where an import path 'package.module:callable' belongs"
    if not isinstance(spec.modules, tuple) or not all(isinstance(m, str) for m in spec.modules):
        return "has modules that are not a tuple of text"
    if isinstance(spec, MetricSpec):
        return _check_metric(spec)
    return _check_colorizer(spec) if isinstance(spec, ColorizerSpec) else None


def _check_metric(spec: MetricSpec) -> str | None:
    for field_name in ("unit", "source", "label", "definition", "weights_variable"):
        if not isinstance(getattr(spec, field_name), str):
            return f"has a {field_name} that is not text"
    for field_name in ("needs_reference", "chroma"):
        if not isinstance(getattr(spec, field_name), bool):
            return f"has {field_name}={getattr(spec, field_name)!r}; True or False is wanted"
    if not isinstance(spec.higher_is_better, bool | None):
        return f"has higher_is_better={spec.higher_is_better!r}; True, False or None is wanted"
    if spec.takes not in get_args(Takes):
        return f"has takes={spec.takes!r}; one of {', '.join(get_args(Takes))} is wanted"
    if spec.takes == "pair" and not spec.needs_reference:
        return 'takes a "pair" but needs no reference: a pair has one'
    if type(spec.digits) is not int or not 0 <= spec.digits <= 9:
        return f"has digits={spec.digits!r}; a whole number from 0 to 9 is wanted"
    if not _are_bounds(spec.bounds):
        return f"has bounds={spec.bounds!r}; a tuple of a lower and a higher number is wanted"
    return None


def _are_bounds(bounds: Any) -> bool:
    numbers = isinstance(bounds, tuple) and all(isinstance(end, int | float) for end in bounds)
    return numbers and len(bounds) == 2 and bounds[0] < bounds[1]


def _check_colorizer(spec: ColorizerSpec) -> str | None:
    size = spec.working_size
    if not isinstance(size, WorkingSize):
        return f"has {size!r} where a WorkingSize belongs"
    for value in (size.short if size.short is not None else 1, size.multiple):
        if not isinstance(value, int) or value < 1:
            return f"has a working size of {value!r}; a whole number from 1 is wanted"
    for field_name, values, wanted in (
        ("requires", spec.requires, Requirement),
        ("artifacts", spec.artifacts, Artifact),
    ):
        if not isinstance(values, tuple) or not all(isinstance(v, wanted) for v in values):
            return f"has {field_name} that are not a tuple of {wanted.__name__}"
    if not all(isinstance(text, str) for text in (spec.package, spec.trainer, spec.paper)):
        return "has a package, trainer or paper that is not text"
    if wrong := check_options("options", spec.options):
        return wrong
    if isinstance(spec.train_options, str):
        return None  # checked when it is imported
    return check_options("train options", spec.train_options)


def check_options(kind: str, options: Any) -> str | None:
    """Return why ``options`` is no frozen dataclass with defaults, or ``None`` if it is one."""
    if options is None:
        return None
    if not (
        isinstance(options, type)
        and dataclasses.is_dataclass(options)
        and options.__dataclass_params__.frozen  # type: ignore[attr-defined]
    ):
        return f"has {kind} that are not a frozen dataclass"
    try:
        options()
    except Exception as error:
        return f"has {kind} that cannot be made from their defaults: {error}"
    return None


def load_callable(path: str) -> Callable[..., Any]:
    """Import ``"package.module:callable"``."""
    from importlib import import_module

    module, _, attribute = path.partition(":")
    found: Any = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{path} is not callable")
    return found  # type: ignore[no-any-return]
