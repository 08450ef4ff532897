"""Write all figures of a comparison to a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.harness.comparison import Comparison
from colortk.harness.results import Results
from colortk.io.files import write_atomic
from colortk.report.figures.canvas import require_matplotlib, settings, to_pdf
from colortk.report.figures.curves import hint_curves, quality_time
from colortk.report.figures.error_maps import MAX_PLUGINS, error_maps, example_pictures
from colortk.report.figures.score_rows import box_plot, letter_display
from colortk.report.html import picture_images
from colortk.report.text_tables import comparison_parts, table_metrics
from colortk.store.location import store_folder

#: A figure's name, and the function that draws it.
Drawing = tuple[str, Callable[[], Any]]


def check_folder(folder: Path, force: bool) -> None:
    """Refuse a folder for figures that cannot be used, before hours of work.

    Raises
    ------
    UsageError
        The folder has files and ``force`` is false, or it is a file, or its parent is missing.
    PluginError
        matplotlib is not installed.
    """
    require_matplotlib()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is not a folder", hint="name a folder for the figures")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise UsageError(f"'{folder}' has files", hint="use --force to overwrite its figures")
    if not folder.absolute().parent.is_dir():
        raise UsageError(
            f"cannot write to '{folder}'", "its parent does not exist", "create the parent first"
        )


def write_figures(
    folder: Path, comparison: Comparison, store: Path | None = None, force: bool = False
) -> list[Path]:
    """Write the figures of a comparison as PDF files, each completely or not at all.

    Parameters
    ----------
    folder : Path
        The folder, which is created if it does not exist.
    comparison : Comparison
        The comparison.
    store : Path, optional
        Folder of the store that has its results.
    force : bool
        Overwrite figures.

    Returns
    -------
    list of Path
        The files.
    """
    check_folder(folder, force)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot create the folder '{folder}'", error.strerror or "") from error
    paths = []
    with settings(), Results(store_folder(store)) as results:
        for part in comparison_parts(comparison):
            for name, draw in _drawings(part, results):
                path = folder / f"{name}.pdf"
                write_atomic(path, to_pdf(draw()), force)
                paths.append(path)
    return paths


def _drawings(comparison: Comparison, results: Results) -> Iterator[Drawing]:
    if not comparison.used:
        return
    prefix = ("gray-" if comparison.gray_only else "") + (
        "films-" if comparison.kind == "films" else ""
    )
    for metric in table_metrics(comparison):
        if metric not in comparison.metrics or not any(comparison.summaries[metric]):
            continue
        yield f"{prefix}box-{metric}", partial(box_plot, comparison, metric)
        if comparison.metrics[metric].higher_is_better is not None:
            yield (
                f"{prefix}groups-{metric}",
                partial(letter_display, comparison, metric),
            )
    yield f"{prefix}time-{comparison.lead}", partial(quality_time, comparison, comparison.lead)
    if comparison.hints is not None:
        curves = comparison.hints
        for metric in curves.metrics:
            yield f"{prefix}hints-{metric}", partial(hint_curves, curves, metric)
    yield from _map_drawings(prefix, comparison, results)


def _map_drawings(prefix: str, comparison: Comparison, results: Results) -> Iterator[Drawing]:
    sources = [comparison.used[k] for k in example_pictures(comparison)]
    pictures = [picture_images(comparison, results, source) for source in sources]
    pictures = [picture for picture in pictures if picture.truth and picture.gray]
    if not pictures:  # the store has lost its thumbnails
        return
    labels = [comparison.variants[k].label for k in comparison.order]
    for first in range(0, len(labels), MAX_PLUGINS):
        number = f"-{first // MAX_PLUGINS + 1}" if len(labels) > MAX_PLUGINS else ""
        part = labels[first : first + MAX_PLUGINS]
        yield f"{prefix}error-maps{number}", partial(error_maps, pictures, part)
