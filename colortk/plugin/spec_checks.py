"""Checks of the declarations of plugins."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, get_args

from colortk.plugin.artifact_checks import check_artifact
from colortk.plugin.spec import (
    API_VERSION,
    AnySpec,
    Artifact,
    ColorizerSpec,
    MetricSpec,
    Output,
    Requirement,
    Takes,
    WorkingSize,
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def check_spec(spec: Any, kind: type[AnySpec]) -> str | None:
    """Return why ``spec`` cannot be used as a ``kind``; ``None`` if it can."""
    if not isinstance(spec, kind):
        return f"returned {type(spec).__name__} where {kind.__name__} was expected"
    if not isinstance(spec.api_version, int):
        return f"has the API version {spec.api_version!r}, which is not an integer"
    if spec.api_version > API_VERSION:
        return (
            f"is written for plugin API {spec.api_version},"
            f" and this colortk supports {API_VERSION}:"
            " upgrade colorization-toolkit"
        )
    if not isinstance(spec.name, str) or not _NAME.fullmatch(spec.name):
        return f"has the name {spec.name!r}; a name is lower-case letters, digits and _"
    if not isinstance(spec.summary, str):
        return "has a summary that is not text"
    path = spec.factory if isinstance(spec, ColorizerSpec) else spec.function
    if not isinstance(path, str) or path.count(":") != 1:
        return f"has {path!r} where an import path 'package.module:callable' is expected"
    if not isinstance(spec.modules, tuple) or not all(isinstance(m, str) for m in spec.modules):
        return "has modules that are not a tuple of text"
    if not isinstance(spec.bibtex, str):
        return "has bibtex that is not text"
    if isinstance(spec, MetricSpec):
        return _check_metric(spec)
    return _check_colorizer(spec) if isinstance(spec, ColorizerSpec) else None


def _check_metric(spec: MetricSpec) -> str | None:
    for field_name in ("unit", "source", "label", "definition", "weights_variable"):
        if not isinstance(getattr(spec, field_name), str):
            return f"has a {field_name} that is not text"
    for field_name in ("needs_reference", "chroma"):
        if not isinstance(getattr(spec, field_name), bool):
            return f"has {field_name}={getattr(spec, field_name)!r}; expected True or False"
    if not isinstance(spec.higher_is_better, bool | None):
        return f"has higher_is_better={spec.higher_is_better!r}; expected True, False or None"
    if spec.takes not in get_args(Takes):
        return f"has takes={spec.takes!r}; one of {', '.join(get_args(Takes))} is wanted"
    if (spec.takes == "set") != (isinstance(spec.set_function, str) and ":" in spec.set_function):
        return 'needs both takes="set" and set_function="package.module:callable", or neither'
    if spec.takes == "pair" and not spec.needs_reference:
        return 'takes a "pair" but has needs_reference=False: a pair contains the reference'
    if type(spec.digits) is not int or not 0 <= spec.digits <= 9:
        return f"has digits={spec.digits!r}; expected a whole number from 0 to 9"
    if not _are_bounds(spec.bounds):
        return f"has bounds={spec.bounds!r}; expected a tuple of a lower and a higher number"
    name = spec.weights_name
    if not isinstance(name, str) or (name and not _NAME.fullmatch(name)):
        return f"has weights_name={name!r}; a name is lower-case letters, digits and _"
    return _check_artifacts(spec.artifacts, in_package=False)


def _check_artifacts(artifacts: Any, in_package: bool) -> str | None:
    if not isinstance(artifacts, tuple) or not all(isinstance(a, Artifact) for a in artifacts):
        return "has artifacts that are not a tuple of Artifact"
    for artifact in artifacts:
        if problem := check_artifact(artifact, in_package):
            return f"has the artifact {artifact.name!r} {problem}"
    if len({artifact.name for artifact in artifacts}) < len(artifacts):
        return "has two artifacts of the same name"
    return None


def _are_bounds(bounds: Any) -> bool:
    numbers = isinstance(bounds, tuple) and all(isinstance(end, int | float) for end in bounds)
    return numbers and len(bounds) == 2 and bounds[0] < bounds[1]


def _check_colorizer(spec: ColorizerSpec) -> str | None:
    size = spec.working_size
    if not isinstance(size, WorkingSize):
        return f"has {size!r} where a WorkingSize is expected"
    for value in (size.short if size.short is not None else 1, size.multiple):
        if not isinstance(value, int) or value < 1:
            return f"has a working size of {value!r}; expected a whole number from 1"
    requires = spec.requires
    if not isinstance(requires, tuple) or not all(isinstance(v, Requirement) for v in requires):
        return "has requires that are not a tuple of Requirement"
    if not all(isinstance(text, str) for text in (spec.package, spec.trainer, spec.paper)):
        return "has a package, trainer or paper that is not text"
    if problem := _check_artifacts(spec.artifacts, bool(spec.package)):
        return problem
    for capability in ("samples", "guided", "film"):
        if not isinstance(value := getattr(spec, capability), bool):
            return f"has {capability}={value!r}; expected True or False"
    if spec.output not in get_args(Output):
        return f"has output={spec.output!r}; expected one of {', '.join(get_args(Output))}"
    if spec.output == "rgb" and (spec.samples or spec.guided or spec.film):
        return 'has output="rgb", which cannot be combined with samples, guided or film'
    if wrong := check_options("options", spec.options):
        return wrong
    if isinstance(spec.train_options, str):
        return None  # checked when it is imported
    return check_options("train options", spec.train_options)


def check_options(kind: str, options: Any) -> str | None:
    """Return why ``options`` is no frozen dataclass with defaults; ``None`` if it is valid."""
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
