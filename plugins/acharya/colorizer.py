"""Factories of the colorizers of Acharya (2022)."""

from __future__ import annotations

from typing import Any

from colortk.plugin import Artifacts, OnnxColorizer

from .codec import MEAN, RELU, TANH

_NETWORKS = "colortk_plugins.acharya.networks:"


def relu(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """Return the colorizer with the ReLU network."""
    return OnnxColorizer(artifacts, RELU, _NETWORKS + "colorizer_relu")


def tanh(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """Return the colorizer with the tanh network."""
    return OnnxColorizer(artifacts, TANH, _NETWORKS + "colorizer_tanh")


def mean(artifacts: Artifacts, options: Any) -> OnnxColorizer:
    """Return the colorizer with the network that predicts mean A and B."""
    return OnnxColorizer(artifacts, MEAN, _NETWORKS + "mean_chrominance")
