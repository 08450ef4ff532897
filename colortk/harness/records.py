"""Stored records: a picture, and the result of a plugin on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from colortk.plugin.spec import MetricSpec


def readable(name: str) -> str:
    """Return a file name as Unicode, in which bytes that are not UTF-8 are escaped."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Key:
    """The values that a result depends on, besides the protocol and the picture.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    artifact : str
        SHA-256 (hex) of its weights.
    options : str
        Its options, and the host's that differ from their defaults, as canonical JSON.
    code : str
        Digests of its code and of the host's.
    """

    plugin: str
    artifact: str
    options: str
    code: str


class FeatureVector(NamedTuple):
    """Features of a picture: the digest of the code that computes them, and float32 values.

    ``vector`` is empty where the values are only stored.
    """

    code: str
    vector: bytes


def without_vectors(features: dict[str, FeatureVector]) -> dict[str, FeatureVector]:
    """Return features without their values, which are stored."""
    return {name: item._replace(vector=b"") for name, item in features.items()}


@dataclass
class PictureRow:
    """An original, prepared as a protocol says.

    Parameters
    ----------
    picture : str
        SHA-256 (hex) of its file.
    name : str
        Path of its file.
    width, height : int
        Pixels.
    chroma : float
        Mean C*ab.
    colorfulness : float
        See :func:`colortk.harness.metrics.colorfulness.colorfulness`.
    enlarged : bool
        It was smaller than the protocol's size.
    histogram : bytes
        Packed uint32 (22, 22) of a*, b*.
    truth, gray : bytes
        JPEG thumbnails of the original and of its lightness.
    pixels : str
        Digest of the prepared pixels; empty in results of earlier versions.
    features : dict of str to FeatureVector
        Features for metrics of sets, by import path of their function.
    """

    picture: str
    name: str
    width: int
    height: int
    chroma: float
    colorfulness: float
    enlarged: bool
    histogram: bytes = b""
    truth: bytes = b""
    gray: bytes = b""
    pixels: str = ""
    features: dict[str, FeatureVector] = field(default_factory=dict)


@dataclass(frozen=True)
class Repeat:
    """The difference between two predictions of the same picture.

    Parameters
    ----------
    difference : float
        Largest difference of a* or b*, in CIELAB units.
    share : float
        Share of the pixels, 0..1, that differ by more than rounding.
    error : str, optional
        Why there is no second prediction.
    """

    difference: float = 0.0
    share: float = 0.0
    error: str | None = None


@dataclass
class ResultRow:
    """The result of one plugin on one picture: scores, or the error.

    Parameters
    ----------
    picture : str
        SHA-256 (hex) of the original's file.
    key : Key
        The values that the result depends on.
    values, errors : dict
        Scores, and the errors of metrics that have none, by name of the metric.
    version : str
        Version of the plugin.
    seconds, host_seconds, metric_seconds : float
        Time that the plugin, the host and the metrics took.
    peak_memory : int, optional
        Bytes, the peak of the plugin's process.
    error : str, optional
        Why the plugin has no result.
    result, heat, histogram : bytes
        JPEG thumbnails of the result and of its ΔE94, and its packed histogram.
    fatal : bool
        The plugin's process died or was stopped. Not stored.
    limit : float, optional
        Seconds that were not enough.
    repeat : Repeat, optional
        The difference of a second prediction, if there was one.
    sealed : dict, optional
        Which ways to the originals were closed to the plugin; ``None``: not recorded.
    features : dict of str to FeatureVector
        As of :class:`PictureRow`.
    """

    picture: str
    key: Key
    values: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    version: str = ""
    seconds: float = 0.0
    host_seconds: float = 0.0
    metric_seconds: float = 0.0
    peak_memory: int | None = None
    error: str | None = None
    result: bytes = b""
    heat: bytes = b""
    histogram: bytes = b""
    fatal: bool = False
    limit: float | None = None
    repeat: Repeat | None = None
    sealed: dict[str, bool] | None = None
    features: dict[str, FeatureVector] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricInfo:
    """Description of a metric for reports; see :class:`~colortk.plugin.spec.MetricSpec`."""

    summary: str
    label: str
    heading: str
    unit: str
    higher_is_better: bool | None
    digits: int
    chroma: bool
    definition: str
    of_set: bool = False

    @classmethod
    def of(cls, spec: MetricSpec) -> MetricInfo:
        """Describe the metric of a specification."""
        return cls(
            spec.summary,
            spec.label or spec.name,
            spec.heading,
            spec.unit,
            spec.higher_is_better,
            spec.digits,
            spec.chroma,
            spec.definition or spec.summary,
            spec.takes == "set",
        )
