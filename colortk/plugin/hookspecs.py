"""The hooks that a plugin may implement. All return data; none imports anything heavy."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from colortk.plugin.spec import ColorizerSpec, MetricSpec, RefinerSpec

hookspec = pluggy.HookspecMarker("colortk")
hookimpl = pluggy.HookimplMarker("colortk")


@hookspec
def colortk_colorizers() -> Iterable[ColorizerSpec]:  # type: ignore[empty-body]
    """Return the colorizers that this plugin offers."""


@hookspec
def colortk_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """Return the metrics that this plugin offers."""


@hookspec
def colortk_refiners() -> Iterable[RefinerSpec]:  # type: ignore[empty-body]
    """Return the chroma refiners that this plugin offers."""
