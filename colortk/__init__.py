"""Automatic image colorization: run any colorizer, score every one the same way."""

from colortk.hookspecs import hookimpl
from colortk.spec import (
    API_VERSION,
    Artifact,
    ColorizerSpec,
    MetricSpec,
    RefinerSpec,
    Requirement,
    WorkingSize,
)

__all__ = [
    "API_VERSION",
    "Artifact",
    "ColorizerSpec",
    "MetricSpec",
    "RefinerSpec",
    "Requirement",
    "WorkingSize",
    "hookimpl",
]
