"""How the work of a comparison is distributed, limited and repeated."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from colortk.runtime.subprocesses import cores


def _repeats_by_default() -> bool:
    return os.environ.get("COLORTK_REPEATS") != "0"


@dataclass(frozen=True)
class RunOptions:
    """How the work of a comparison is done. No option is part of a result's key.

    Parameters
    ----------
    jobs : int
        Number of worker processes; 1 scores in this process.
    timeout : float or None
        Seconds for one picture, after which the plugin's process is stopped; ``None``: no limit.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers then do the work.
    retry : bool
        Try pictures again that failed in an earlier run.
    each : int, optional
        Threads of each process; ``None``: an equal share of the cores.
    repeats : bool
        Predict one picture in twenty twice, to find plugins that are not deterministic. By default
        true, unless the environment variable ``COLORTK_REPEATS`` is 0.
    """

    jobs: int = 1
    timeout: float | None = 300.0
    scheduler: str | None = None
    retry: bool = False
    each: int | None = None
    repeats: bool = field(default_factory=_repeats_by_default)

    @property
    def threads(self) -> int | None:
        """Threads of a plugin and of the metrics; ``None``: as many as the libraries choose."""
        if self.each is not None:
            return self.each
        if self.scheduler is not None:
            return 1
        return None if self.jobs <= 1 else max(1, cores() // self.jobs)
