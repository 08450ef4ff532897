"""What is known of a picture, and of what a plugin made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from colortk.plugin.spec import MetricSpec


def readable(name: str) -> str:
    """A file name as Unicode: bytes that are no UTF-8 as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Key:
    """What a result of a picture depends on, besides the protocol and the picture."""

    plugin: str
    artifact: str
    options: str
    code: str


@dataclass
class PictureRow:
    """A picture under a protocol.

    ``histogram``: uint32 (22, 22) of a*, b*. ``truth``, ``grey``: JPEG. ``pixels``: digest of the
    reference's pixels; empty in results that were kept before it was known.
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
    grey: bytes = b""
    pixels: str = ""


@dataclass(frozen=True)
class Repeat:
    """How a second prediction of a picture differs from the first.

    ``difference``: the largest of a* or b*, in CIELAB units. ``share``: of the pixels, 0..1, that
    differ by more than float noise. ``error``: why there is no second prediction to compare.
    """

    difference: float = 0.0
    share: float = 0.0
    error: str | None = None


@dataclass
class ResultRow:
    """What one plugin made of one picture: scores, or the error instead.

    ``fatal``: its process died or was stopped (not kept). ``limit``: seconds that were not
    enough. ``repeat``: what a second prediction was, if there was one. ``sealed``:
    which aspects of the plugin's process were sealed; ``None`` if that was not recorded.
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


@dataclass(frozen=True)
class MetricInfo:
    """What a report prints about a metric; see :class:`~colortk.plugin.spec.MetricSpec`."""

    summary: str
    label: str
    heading: str
    unit: str
    higher_is_better: bool | None
    digits: int
    chroma: bool
    definition: str

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
        )
