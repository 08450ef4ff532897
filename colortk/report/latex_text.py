"""Write any text so that LaTeX prints it, whatever its input encoding and fonts."""

from __future__ import annotations

import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': "''", "`": r"\textasciigrave{}",
}  # fmt: skip
_SYMBOLS = {
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "Δ": r"$\Delta$", "σ": r"$\sigma$", "×": r"$\times$",
    "−": "$-$", "·": r"$\cdot$", "√": r"$\surd$", "±": r"$\pm$", "≤": r"$\le$", "≥": r"$\ge$",
    "²": "$^2$", "³": "$^3$", "₁": "$_1$", "₀": "$_0$", "°": r"$^\circ$", "–": "--", "—": "---",
    "“": "``", "”": "''", "‘": "`", "’": "'", "…": r"\ldots{}", "†": r"$\dagger$", "ß": r"\ss{}",
    "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ł": r"\l{}", "Ł": r"\L{}",
    "œ": r"\oe{}", "Œ": r"\OE{}", "ı": r"\i{}", "\u00a0": "~",
}  # fmt: skip
#: Accents of letters, by combining character.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0304": "=",
    "\u0307": ".", "\u0306": "u ", "\u030a": "r ", "\u030b": "H ", "\u030c": "v ", "\u0323": "d ",
    "\u0327": "c ", "\u0331": "b ",
}  # fmt: skip


def latex_text(text: str) -> str:
    """Return LaTeX source that prints a text.

    Only ASCII is returned. A character that LaTeX has no command for is printed as its code point,
    so that every document can be compiled.

    Parameters
    ----------
    text : str
        Any characters.

    Examples
    --------
    >>> print(latex_text("gray_ab: 5 % of S\u00fcsstrunk \u2193"))
    gray\\_ab: 5 \\% of S{\\"u}sstrunk $\\downarrow$
    """
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _character(character: str) -> str:
    known = _SPECIAL.get(character) or _SYMBOLS.get(character)
    if known is not None:
        return known
    if " " <= character <= "~":
        return character
    if character.isspace():
        return " "
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return f"{{\\{_ACCENTS[marks[0]]}{letter}}}"
    return rf"\texttt{{U+{ord(character):04X}}}"
