"""The task that a worker of a comparison gets, and the result that it returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.records import PictureRow, ResultRow
from colortk.runtime.sandbox import Hidden


@dataclass(frozen=True)
class Task:
    """The task to score one picture.

    Parameters
    ----------
    picture : str
        SHA-256 (hex) of ``data``.
    name : str
        Path of the file, for messages.
    data : bytes
        Content of the picture's file.
    protocol : Protocol
        How the picture is prepared.
    variants : tuple of PluginVariant
        The plugins to score.
    metrics : tuple of (str, str)
        Names of the metrics, and the digests of their code.
    timeout : float or None
        Seconds for each plugin; ``None``: no limit.
    threads : int or None
        Threads of each plugin and of the metrics.
    run : str
        Random name of the comparison.
    predicts_twice : bool
        Predict the picture twice.
    set_metrics : tuple of (str, str)
        Metrics of sets whose features are computed, and the digests of their code.
    hidden_folders : Hidden
        Files that plugins must not be able to read, although they lie where code is.
    """

    picture: str
    name: str
    data: bytes = field(repr=False)
    protocol: Protocol
    variants: tuple[PluginVariant, ...]
    metrics: tuple[tuple[str, str], ...]
    timeout: float | None
    threads: int | None
    run: str = ""
    predicts_twice: bool = False
    hidden_folders: Hidden = field(default_factory=Hidden)
    set_metrics: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)


@dataclass
class TaskResult:
    """The result of a task.

    Parameters
    ----------
    task : str
        SHA-256 (hex) of the task's picture.
    name : str
        Path of the picture's file.
    picture : PictureRow, optional
        The description of the picture; ``None`` if the picture could not be used.
    rows : dict of str to ResultRow
        Scores by label of the plugin.
    unavailable : dict of str to str
        Why a plugin could not be loaded, by label.
    error : str, optional
        Why the picture could not be used.
    loading : float
        Seconds in which plugins were started and loaded.
    repeating : float
        Seconds of second predictions, without loading.
    """

    task: str
    name: str
    picture: PictureRow | None = None
    rows: dict[str, ResultRow] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    loading: float = 0.0
    repeating: float = 0.0
