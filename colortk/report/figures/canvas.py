"""The common part of all figures: size, fonts, colors, and how a figure becomes a file."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from colortk.errors import PluginError

#: Colors that people with the common color deficiencies can tell apart (Okabe and Ito 2008).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555")
#: Width of a figure in inches: that of the text of most papers.
WIDTH = 6.5
#: Height of a row of labels in inches.
ROW_HEIGHT = 0.22
#: Longest label, in characters.
MAX_LABEL = 30
FONT = "DejaVu Sans"
SETTINGS: dict[Any, Any] = {
    "font.family": FONT,
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,
    # The label of a plugin may contain the sign that begins a formula.
    "text.parse_math": False,
}


def require_matplotlib() -> None:
    """Raise ``PluginError`` if matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise PluginError(
            "cannot draw figures",
            "the module 'matplotlib' is not installed",
            "pip install colorization-toolkit[report]",
        )


@contextmanager
def settings() -> Iterator[None]:
    """Draw with our settings, whatever the user's configuration of matplotlib is."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def new_figure(height: float, width: float = WIDTH) -> Any:
    """Return an empty ``matplotlib.figure.Figure`` of a size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def label_text(text: str, longest: int = MAX_LABEL) -> str:
    """Return a text that the font can draw, shortened if it is long.

    Parameters
    ----------
    text : str
        Any text; a character that the font lacks becomes its code point.
    longest : int
        Number of characters to keep.
    """
    font = _font()
    drawn = "".join(
        c if c == " " or (c.isprintable() and font.get_char_index(ord(c))) else f"\\u{ord(c):04x}"
        for c in text
    )
    return drawn if len(drawn) <= longest else f"{drawn[: longest - 1]}\u2026"


@lru_cache(maxsize=1)
def _font() -> Any:
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    return FT2Font(findfont(FontProperties(family=FONT)))


def to_pdf(figure: Any) -> bytes:
    """Return a figure as PDF. The same figure gives the same bytes: the file has no date."""
    file = io.BytesIO()
    figure.savefig(file, format="pdf", dpi=300, metadata={"CreationDate": None})
    return file.getvalue()
