"""The BibTeX entry of colortk itself, from the file CITATION.cff."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from colortk.errors import EnvironmentProblem
from colortk.plugin.discover import DISTRIBUTION
from colortk.report.bibtex import BibtexEntry
from colortk.report.latex_text import latex_text

FILE = "CITATION.cff"


def citation_file() -> str:
    """Return the content of CITATION.cff, which an installed package has beside its metadata.

    Raises
    ------
    EnvironmentProblem
        If the installation lacks the file.
    """
    # A checkout that is installed in place has metadata of the day of its installation.
    checkout = Path(__file__).parents[2]
    if (checkout / "setup.cfg").is_file() and (checkout / FILE).is_file():
        return (checkout / FILE).read_text(encoding="utf-8")
    package = distribution(DISTRIBUTION)
    for name in (f"licenses/{FILE}", FILE):
        text = package.read_text(name)
        if text is not None:
            return text
    raise EnvironmentProblem(
        f"this installation has no {FILE}", hint=f"install {DISTRIBUTION} again"
    )


def software_entry(content: str) -> BibtexEntry:
    """Return the BibTeX entry of a CITATION.cff.

    Parameters
    ----------
    content : str
        YAML in the Citation File Format, version 1.2.
    """
    import yaml

    values: dict[str, Any] = yaml.safe_load(content)
    authors = " and ".join(_author(author) for author in values["authors"])
    fields = {"author": authors, "title": f"{{{latex_text(values['title'])}}}"}
    if date := str(values.get("date-released", "")):
        fields["year"] = date[:4]
    fields["note"] = f"Version {latex_text(str(values['version']))}"
    for name, field in (("doi", "doi"), ("repository-code", "url")):
        if name in values:
            fields[field] = values[name]
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return BibtexEntry("colortk", f"@misc{{colortk,\n{lines}\n}}", values["title"], ("colortk",))


def _author(author: dict[str, str]) -> str:
    """Return one author as BibTeX reads it; an organization is in braces."""
    if "name" in author:
        return f"{{{latex_text(author['name'])}}}"
    family = " ".join(filter(None, (author.get("name-particle"), author["family-names"])))
    return latex_text(", ".join(filter(None, (family, author.get("given-names")))))
