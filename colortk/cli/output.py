"""Print text to the terminal; file names and the words of plugins cannot control the terminal.

Each line that a command prints, to stdout or to stderr, passes through :func:`escape_controls`.
JSON does not need it, as JSON escapes control characters itself.
"""

from __future__ import annotations

import contextlib
import sys
import unicodedata

#: Joiners that scripts and emoji need inside a word. They move nothing on a terminal.
_JOINERS = "\u200c\u200d"
#: Control characters, invisible format characters (the bidirectional overrides among them), parts
#: of names that are not text in the file system's encoding, and line and paragraph separators.
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def escape_controls(text: str) -> str:
    r"""Return ``text`` with each character that can steer a terminal as a backslash escape.

    Parameters
    ----------
    text : str
        One line: a line break inside it is escaped too.

    Returns
    -------
    str
        The same text where it has only letters, signs, marks and spaces of any script.

    Examples
    --------
    >>> escape_controls("a\x1b[31m\n.png")
    'a\\x1b[31m\\n.png'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _STEERING:
        return character
    return character.encode("unicode_escape").decode()


def escape_text(text: str) -> str:
    """Return several lines as :func:`escape_controls` does each; line ends and tabs are kept."""
    lines = text.replace("\r\n", "\n").split("\n")
    end = "\r\n" if "\r\n" in text else "\n"
    return end.join("\t".join(map(escape_controls, line.split("\t"))) for line in lines)


def print_line(text: object) -> None:
    """Print one line to stdout, with control characters escaped."""
    import click

    click.echo(escape_controls(str(text)))


def print_error_line(text: str) -> None:
    """Print one line to stderr, with control characters escaped.

    A stderr that is closed or full must not stop the work that the line is about.
    """
    if sys.stderr is not None:  # print would take standard output instead
        with contextlib.suppress(OSError, ValueError):
            print(escape_controls(text), file=sys.stderr)


def print_message(text: str) -> None:
    """Print a message of the command to stderr, as one line that begins with ``colortk:``."""
    print_error_line(f"colortk: {text}")
