"""Find out whether a film is interlaced, and set how it is read."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from colortk.video.field_order import BOTTOM_FIRST, PROGRESSIVE, TOP_FIRST, find_field_order
from colortk.video.film_properties import Film


def read_fields(
    path: Path, film: Film, mode: str, span: tuple[Fraction, Fraction | None] | None = None
) -> Film:
    """Return the properties of a film with its field order, deinterlaced if ``mode`` says so.

    Parameters
    ----------
    path : Path
        The film.
    film : Film
        Its properties.
    mode : {"auto", "off", "bob"}
        As in :class:`colortk.video.film_settings.FilmSettings`.
    span : tuple of Fraction, or None
        The part that counts, in seconds of the film's time stamps.
    """
    found = find_field_order(path, film, span, examine=mode != "off")
    if not found.interlaced:
        if found.stated in (None, PROGRESSIVE):
            return film
        note = "the file is marked as interlaced, but its frames are not combed"
        return replace(film, notes=(*film.notes, f"{note}: they were not deinterlaced"))
    name = {TOP_FIRST: "top", BOTTOM_FIRST: "bottom"}[found.order]
    note = f"the film is interlaced ({name} field first)"
    if mode == "off":
        note += ": its fields were kept"
        return replace(film, order=found.order, notes=(*film.notes, note))
    note += ": each field became a frame" if mode == "bob" else ": it was deinterlaced"
    return replace(film, notes=(*film.notes, note)).deinterlace(found.order, mode == "bob")
