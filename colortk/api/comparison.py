"""``colortk.compare``: plugins scored on the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colortk.harness.compare import compare as compare_plugins
from colortk.harness.protocol import DEFAULT
from colortk.harness.run_options import RunOptions
from colortk.report.comparison_report import ComparisonReport, report_of
from colortk.runtime.progress import Progress, silent
from colortk.video.temporal import INTERVAL


def compare(
    images: Any,
    plugins: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    *,
    protocol_name: str = DEFAULT,
    changes: dict[str, Any] | None = None,
    every: bool = False,
    baseline: str | None = None,
    keep_gray: bool = False,
    family: Sequence[str] = (),
    common: bool = False,
    frames: int | None = None,
    temporal: Sequence[str] = ("off", "flow", "plugin"),
    keyframes: int = INTERVAL,
    deinterlace: str = "off",
    jobs: int | None = None,
    run_options: RunOptions | None = None,
    store: Path | None = None,
    progress: Progress = silent,
) -> ComparisonReport:
    """Score plugins on color pictures and films, as ``colortk compare`` does.

    Each plugin gets only the lightness (CIE L*) of a picture, and its result is scored against the
    picture. The parameters are the same as in :func:`colortk.harness.compare.compare`.

    Returns
    -------
    ComparisonReport
        ``print`` prints its tables as Markdown, and a notebook shows them; ``to_pandas()`` returns
        the scores of each picture, ``summary()`` and ``as_dict()`` the content of the tables.

    Raises
    ------
    UsageError
        If there is no picture, or a name is unknown.
    PluginError, ArtifactError
        If a plugin that was named cannot be used, or its weights cannot be trusted.
    EnvironmentProblem
        If the machine lacks something, or workers die.

    Examples
    --------
    >>> import colortk, numpy as np
    >>> picture = np.zeros((64, 64, 3), np.uint8)
    >>> picture[:, :32] = 200, 60, 40
    >>> report = colortk.compare(picture, ["mean_color"], ["psnr"])  # doctest: +SKIP
    """
    return report_of(
        compare_plugins(
            images,
            plugins,
            metrics,
            protocol_name=protocol_name,
            changes=changes,
            every=every,
            baseline=baseline,
            keep_gray=keep_gray,
            family=family,
            common=common,
            frames=frames,
            temporal=temporal,
            keyframes=keyframes,
            deinterlace=deinterlace,
            jobs=jobs,
            run_options=run_options,
            store=store,
            progress=progress,
        )
    )
