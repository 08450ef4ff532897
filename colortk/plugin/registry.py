"""Finds plugins, one entry point at a time; whatever fails becomes a row, not a crash.

Each entry point gets a pluggy manager of its own: pluggy validates and calls its hooks,
and nothing that one plugin does wrong (an import error, ``SystemExit``, a misspelled
hook, an exception in a hook) reaches another.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy

from colortk.errors import ArtifactError, PluginError, UsageError
from colortk.plugin import hookspecs, origins
from colortk.plugin.option_types import unusable
from colortk.plugin.origins import Origin
from colortk.plugin.process_state import restored
from colortk.plugin.spec import AnySpec, ColorizerSpec, MetricSpec, RefinerSpec, check_spec

GROUP = "colortk"
DISTRIBUTION = "colorization-toolkit"
#: Broken distributions that are named when a plugin is not known, at most.
SUSPECTS = 3
_HOOKS: dict[str, type[AnySpec]] = {
    "colortk_colorizers": ColorizerSpec,
    "colortk_metrics": MetricSpec,
    "colortk_refiners": RefinerSpec,
}


@dataclass(frozen=True)
class Found:
    """A usable declaration and the distribution that it came with."""

    spec: AnySpec
    distribution: str
    version: str
    origin: Origin | None = None


@dataclass(frozen=True)
class Broken:
    """A plugin, or one of its declarations, that cannot be used.

    ``stage``: import, register, hook, declaration, name or requirement.
    """

    name: str
    distribution: str
    version: str
    stage: str
    reason: str


@dataclass
class Registry:
    """Everything that discovery found, usable and broken.

    ``partial``: only some entry points were imported; for other names there is a full discovery.
    """

    found: list[Found] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    partial: bool = False

    def of(self, kind: type[AnySpec]) -> dict[str, Found]:
        """Declarations of one kind by name."""
        return {f.spec.name: f for f in self.found if isinstance(f.spec, kind)}

    def colorizer(self, name: str) -> tuple[Found, ColorizerSpec]:
        """The colorizer ``name``. Raises ``UsageError`` (unknown) or ``PluginError`` (broken)."""
        found = self._get(name, ColorizerSpec, "colorizer", "colortk plugins list")
        assert isinstance(found.spec, ColorizerSpec)
        for need in found.spec.requires:
            if not _importable(need.module):
                raise PluginError(
                    f"plugin '{name}' cannot run",
                    f"it needs the module '{need.module}', which is not installed",
                    need.install,
                )
        return found, found.spec

    def refiner(self, name: str) -> RefinerSpec:
        """The refiner ``name``. Raises as :meth:`colorizer` does."""
        found = self._get(name, RefinerSpec, "refinement", "colortk plugins list --kind refiner")
        assert isinstance(found.spec, RefinerSpec)
        return found.spec

    def refiner_origin(self, name: str) -> Origin | None:
        """Where the refiner ``name`` is declared. Raises as :meth:`colorizer` does."""
        return self._get(name, RefinerSpec, "refinement", "colortk plugins list").origin

    def metric(self, name: str) -> MetricSpec:
        """The metric ``name``. Raises as :meth:`colorizer`, and ``ArtifactError`` without its file."""
        found = self._get(name, MetricSpec, "metric", "colortk plugins list --kind metric")
        assert isinstance(found.spec, MetricSpec)
        variable = found.spec.weights_variable
        if variable and not os.environ.get(variable):
            raise ArtifactError(
                f"metric '{name}' cannot be computed",
                "it needs a file that is not shipped",
                f"set {variable} to the path of that file",
            )
        return found.spec

    def metrics(self, films: bool = False) -> dict[str, MetricSpec]:
        """Metrics of pictures, or those of ``films`` alone, by name, that have what they need."""
        specs = (found.spec for found in self.found)
        return {
            spec.name: spec
            for spec in specs
            if isinstance(spec, MetricSpec)
            and (spec.takes == "film") == films
            and (not spec.weights_variable or os.environ.get(spec.weights_variable))
        }

    @cached_property
    def _full(self) -> Registry:
        return _discovered()

    def _get(self, name: str, kind: type[AnySpec], word: str, listing: str) -> Found:
        known = self.of(kind)
        if name in known:
            return known[name]
        if self.partial:
            return self._full._get(name, kind, word, listing)
        for row in self.broken:
            if row.name == name:
                raise PluginError(
                    f"plugin '{name}' of {row.distribution} is broken",
                    f"{row.stage}: {row.reason}",
                    f"repair or uninstall {row.distribution}",
                )
        close = get_close_matches(name, known, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known))}"
        hint += "".join(
            f"; {row.name} of {row.distribution} is broken ({row.stage}: {row.reason})"
            for row in self._silenced()[:SUSPECTS]
        )
        raise UsageError(f"no {word} '{name}'", hint, f"see: {listing}")

    def _silenced(self) -> list[Broken]:
        """One row for each distribution that may have wanted to declare more than is known."""
        rows = {row.distribution: row for row in reversed(self.broken) if row.stage != "name"}
        return list(reversed(rows.values()))


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Discover every installed plugin, once a process.

    With ``COLORTK_STRICT=1`` in the environment the first failure is raised instead. In a process
    that has called :func:`~colortk.plugin.origins.discover_only` only that is imported which was named there.
    """
    if not origins.only:
        return _discovered()
    result = Registry(partial=True)
    for origin in origins.only:
        _add(result, EntryPoint(origin.name, origin.value, GROUP), origin, strict())
    return result


def _discovered() -> Registry:
    raising = strict()
    result = Registry()
    for point, origin in _points(result, raising):
        _add(result, point, origin, raising)
    _settle_names(result, raising)
    return result


def strict() -> bool:
    """Whether a plugin's failure is raised as it is, with its traceback: ``COLORTK_STRICT=1``."""
    return os.environ.get("COLORTK_STRICT") == "1"


def raise_if_strict(error: BaseException, what: str) -> None:
    """Raise ``RuntimeError`` from a plugin's ``error``, if that is wanted.

    Not the error itself: ``SystemExit`` or ``OSError`` would mean something else further up.
    """
    if strict():
        raise RuntimeError(what) from error


def _points(result: Registry, strict: bool) -> list[tuple[EntryPoint, Origin]]:
    """Entry points of every distribution, built-ins first; one seen twice on the path counts once.

    Distributions are read one by one, so that one with damaged metadata costs only itself.
    """
    seen: dict[tuple[str, str, str], tuple[EntryPoint, Origin]] = {}
    for dist in distributions():
        try:
            points = [point for point in dist.entry_points if point.group == GROUP]
            if not points:
                continue
            # Each look at one of these parses the whole description of the distribution.
            distribution, version = str(dist.name), str(dist.version)
            for point in points:
                origin = Origin(distribution, version, point.name, point.value)
                seen.setdefault((distribution, point.name, point.value), (point, origin))
        except Exception as error:
            if strict:
                raise
            name = Path(str(getattr(dist, "_path", "unknown"))).stem
            result.broken.append(Broken(name, name, "", "metadata", _reason(error)))
    return [seen[key] for key in sorted(seen, key=lambda key: (key[0] != DISTRIBUTION, key))]


def _add(result: Registry, point: EntryPoint, origin: Origin, strict: bool) -> None:
    distribution, version = origin.distribution, origin.version
    stage = "import"

    def broken(name: str, stage: str, reason: str) -> None:
        if strict:
            raise PluginError(f"plugin '{name}' of {distribution} is broken", f"{stage}: {reason}")
        result.broken.append(Broken(name, distribution, version, stage, reason))

    try:
        with restored():  # what a plugin prints is not our output
            module = point.load()
        stage = "register"
        manager = pluggy.PluginManager(GROUP)
        manager.add_hookspecs(hookspecs)
        manager.register(module, name=point.name)
        manager.check_pending()
        _refuse_unmarked(module, manager)
        stage = "hook"
        for hook, kind in _HOOKS.items():
            for answer in getattr(manager.hook, hook)():
                for spec in list(answer):
                    why = check_spec(spec, kind) or _check_options(spec)
                    if why:
                        broken(getattr(spec, "name", point.name), "declaration", why)
                    else:
                        result.found.append(Found(spec, distribution, version, origin))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit on import is the plugin's failure, not ours
        raise_if_strict(error, f"plugin '{point.name}' of {distribution} is broken")
        broken(point.name, stage, _reason(error))


def _check_options(spec: AnySpec) -> str | None:
    """Why the options that ``spec`` declares cannot be set from text, or ``None``."""
    if isinstance(spec, ColorizerSpec):
        for what, declared in (("options", spec.options), ("train options", spec.train_options)):
            if isinstance(declared, type) and (wrong := unusable(declared)):
                return f"has {what} that {wrong}"
    return None


def _reason(error: BaseException) -> str:
    """One line of what went wrong, with the kind of the error."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the module '{error.name}' is not installed"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _refuse_unmarked(module: Any, manager: pluggy.PluginManager) -> None:
    """A function named like a hook but without ``@hookimpl`` would be silently ignored."""
    used = {caller.name for caller in manager.get_hookcallers(module) or []}
    for name in vars(module):
        if name.startswith("colortk_") and name not in used and callable(vars(module)[name]):
            known = get_close_matches(name, _HOOKS, 1)
            hint = f"; did you mean {known[0]}?" if known and known[0] != name else ""
            raise TypeError(f"{name} looks like a hook but is not marked with @hookimpl{hint}")
    if not used:
        raise TypeError(f"implements none of the hooks {', '.join(_HOOKS)}")


def _settle_names(result: Registry, strict: bool) -> None:
    """A name claimed twice is an error that names both; a built-in keeps its own."""
    claims: dict[tuple[str, str], list[Found]] = {}
    for found in result.found:
        claims.setdefault((type(found.spec).__name__, found.spec.name), []).append(found)
    for (_, name), rivals in claims.items():
        if len(rivals) == 1:
            continue
        who = " and ".join(dict.fromkeys(r.distribution for r in rivals))
        if strict:
            raise PluginError(
                f"the name '{name}' is claimed by {who}", hint="uninstall one of them"
            )
        for loser in rivals:
            if loser.distribution == DISTRIBUTION and loser is rivals[0]:
                continue
            result.found.remove(loser)
            result.broken.append(
                Broken(
                    name,
                    loser.distribution,
                    loser.version,
                    "name",
                    f"the name '{name}' is claimed by {who}: uninstall one of them",
                )
            )


def _importable(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except Exception:  # finding a submodule imports its parents, which may do anything
        return False


def missing_requirements(spec: ColorizerSpec) -> list[str]:
    """Modules that ``spec`` needs and that are not installed."""
    return [need.module for need in spec.requires if not _importable(need.module)]
