"""The plugins and metrics of a comparison, by the names that the user gave."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence

from colortk.errors import ColortkError, Notice, PluginError, UsageError
from colortk.harness.plugin_variants import PluginVariant, parse_variant, parse_variants
from colortk.harness.score_table import LEAD
from colortk.plugin.reference import takes_reference
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec, MetricSpec, load_callable
from colortk.runtime.loading import plugin_context
from colortk.runtime.plugin_errors import reason

#: The plugin that every table has: it equals or beats many systems on PSNR and SSIM.
FLOOR = "gray"


def requested_metrics(
    names: Sequence[str] | None, films: bool
) -> tuple[dict[str, MetricSpec], dict[str, MetricSpec]]:
    """Return the metrics of pictures, and all metrics, which films are scored with.

    Raises
    ------
    UsageError
        If no metric can score anything.
    """
    if not names:
        return registry().metrics(), registry().metrics() | registry().metrics(films=True)
    requested = {name: registry().metric(name) for name in names}
    requested = {name: spec for name, spec in requested.items() if spec.takes != "set"}
    if not requested:  # only metrics of sets: these do not rank
        requested = {LEAD: registry().metric(LEAD)}
    pictures = {name: spec for name, spec in requested.items() if spec.takes != "film"}
    if not pictures and not films:
        raise UsageError(f"metric '{names[0]}' scores films", "no film was given")
    return (pictures if pictures or films else requested), requested


def requested_set_metrics(names: Sequence[str] | None) -> dict[str, MetricSpec]:
    """Return the metrics of sets of pictures that are computed."""
    if not names:
        return registry().set_metrics()
    requested = {name: registry().metric(name) for name in names}
    return {name: spec for name, spec in requested.items() if spec.takes == "set"}


def prepared_metrics(specs: Mapping[str, MetricSpec], named: bool) -> dict[str, MetricSpec]:
    """Return the metrics whose functions can work, before the first picture is scored.

    A function may have the attribute ``prepare``, a function without parameters. It converts files
    once, for example, and raises a :class:`~colortk.errors.ColortkError` if that is impossible.
    Otherwise every picture would fail for the same reason.

    Parameters
    ----------
    specs : mapping of str to MetricSpec
        The metrics, by name.
    named : bool
        Whether the user named them: then the error is raised. Otherwise a notice reports it.
    """
    ready = dict(specs)
    for function in dict.fromkeys(spec.function for spec in specs.values()):
        try:
            prepare = getattr(load_callable(function), "prepare", None)
        except Exception:  # scoring reports it
            continue
        names = [name for name, spec in specs.items() if spec.function == function]
        try:
            if prepare is not None:
                _prepare(prepare, function, " and ".join(names))
        except ColortkError as error:
            if named:
                raise
            warnings.warn(Notice(f"without {' and '.join(names)}: {error}"), stacklevel=2)
            ready = {name: spec for name, spec in ready.items() if name not in names}
    return ready


def _prepare(prepare: Callable[[], object], function: str, names: str) -> None:
    """Run code of a metric, and convert its errors. Its output goes to stderr."""
    try:
        with plugin_context():
            prepare()
    except (KeyboardInterrupt, MemoryError, ColortkError):
        raise
    except BaseException as error:  # SystemExit, too, is a failure of the metric.
        problem = f"metric {names} cannot be prepared"
        raise PluginError(problem, reason(error, function)) from error


def requested_variants(
    plugins: Sequence[str] | None, every: bool, baseline: str | None, refine: str
) -> tuple[list[PluginVariant], dict[str, str]]:
    """Return the plugins to score, and the reasons why other plugins cannot run.

    A plugin that cannot run is an error only if the user named it.
    """
    left_out: dict[str, str] = {}
    variants: list[PluginVariant] = []
    variant_texts = [*(plugins or ()), *([baseline] if baseline else [])]
    if plugins is None or every:
        for name in sorted(registry().of(ColorizerSpec)):
            if takes_reference(registry().colorizer(name)[1]):  # without one it is another plugin
                left_out[name] = f"plugin '{name}' needs a reference: -p {name}:reference=FILE"
                continue
            try:
                variants.append(parse_variant(name, refine))
            except ColortkError as error:
                left_out[name] = str(error)
        for row in registry().broken:
            left_out[row.name] = f"{row.name} of {row.distribution} is broken: {row.reason}"
    labels = [variant.label for variant in variants]
    variants += parse_variants(
        (text for text in [FLOOR, *variant_texts] if text not in labels), refine
    )
    return variants, left_out
