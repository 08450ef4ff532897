"""The pictures and films of a comparison: files, folders and arrays."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import EnvironmentProblem, UsageError
from colortk.harness.sources import Source, find_sources
from colortk.io.discovery import find_films, find_pictures, is_film
from colortk.io.encode import encode
from colortk.io.picture import Picture
from colortk.types import Array


def separate_films(images: Any, films: bool) -> tuple[list[Any], list[Path], dict[str, str]]:
    """Separate films from pictures.

    Parameters
    ----------
    images
        Files, folders and arrays, or one of these.
    films : bool
        Look for films; otherwise everything is taken for pictures.

    Returns
    -------
    pictures : list
        Pictures, and folders of pictures.
    film_paths : list of Path
        Films, those in folders included.
    refused : dict of str to str
        By folder, why its films are left out: PyAV is not installed.

    Raises
    ------
    EnvironmentProblem
        If PyAV is not installed, and a film was named or there is nothing else.
    """
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    pictures: list[Any] = []
    film_paths: list[Path] = []
    is_named = False
    for image in images:
        item = image if isinstance(image, np.ndarray) else Path(image)
        if not films or isinstance(item, np.ndarray):
            pictures.append(item)
        elif is_film(item):
            film_paths.append(item)
            is_named = True
        elif item.is_dir() and (in_folder := find_films(item)):
            film_paths += in_folder
            pictures += find_pictures(item, required=False)
        else:
            pictures.append(item)
    if not film_paths:
        return pictures, film_paths, {}
    try:
        import colortk.video._av  # noqa: F401
    except EnvironmentProblem as error:
        if is_named or not pictures:
            raise
        count = f"{len(film_paths)} film{'s are' if len(film_paths) > 1 else ' is'} left out"
        return pictures, [], {str(film_paths[0].parent): f"{count}: {error}"}
    return pictures, film_paths, {}


def gather_pictures(images: Any) -> tuple[list[Source], dict[str, str], int]:
    """Find pictures in files, folders and arrays.

    Returns
    -------
    sources : list of Source
        The pictures, each content once.
    unreadable : dict of str to str
        The error of each file that cannot be read, by path.
    repeats : int
        Number of pictures with the same content as an earlier one.

    Raises
    ------
    UsageError
        If a path does not exist, a folder contains no picture, or an array has another shape.
    """
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    images = list(images)
    paths = [Path(image) for image in images if not isinstance(image, np.ndarray)]
    arrays = [image for image in images if isinstance(image, np.ndarray)]
    sources, unreadable, repeats = find_sources(paths)
    for number, array in enumerate(arrays):
        source = _from_array(array, number)
        if any(source.picture == other.picture for other in sources):
            repeats += 1
        else:
            sources.append(source)
    return sources, unreadable, repeats


def _from_array(array: Array, number: int) -> Source:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise UsageError(
            f"picture {number} cannot be used for the comparison",
            f"it is {array.dtype} {array.shape}",
            "give uint8 (H, W, 3)",
        )
    data = encode(array, Picture(array), "png", [])
    return Source(f"array {number}", hashlib.sha256(data).hexdigest(), data)
