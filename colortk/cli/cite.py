"""``colortk cite``: print the publications to cite as BibTeX."""

from __future__ import annotations

from dataclasses import asdict
from difflib import get_close_matches

import click

from colortk.cli.common import JSON, print_json
from colortk.cli.output import print_line, print_message


@click.command("cite", short_help="Print the publications to cite as BibTeX.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@JSON
def command(names: tuple[str, ...], as_json: bool) -> int:
    """Print the publications of colorizers, metrics and refiners as BibTeX.

    NAME is a colorizer, a metric, a refiner, or colortk itself. Without names, the publications of
    all of them are printed. A publication that several name is printed once.

    \b
    colortk cite colortk zhang2016 lpips >> paper.bib
    """
    from colortk.errors import UsageError
    from colortk.plugin.registry import registry
    from colortk.report.bibtex import BibtexEntry, merge, parse_entries
    from colortk.report.citation import citation_file, software_entry

    sources: dict[str, list[str]] = {}
    for plugin in registry().plugins:
        sources.setdefault(plugin.spec.name, []).append(plugin.spec.bibtex)
    for name in names:
        if name not in ("colortk", *sources):
            close = get_close_matches(name, ["colortk", *sources], 1)
            hint = f"did you mean '{close[0]}'?" if close else "see: colortk plugins list"
            raise UsageError(f"no colorizer, metric or refiner '{name}'", hint)
    entries: list[BibtexEntry] = []
    failed = False
    for name in dict.fromkeys(names or ("colortk", *sorted(sources))):
        if name == "colortk":
            entries.append(software_entry(citation_file()))
        texts = [text for text in sources.get(name, ()) if text.strip()]
        for text in texts:
            try:
                entries += [
                    BibtexEntry(entry.key, entry.text, entry.title, (name,))
                    for entry in parse_entries(text)
                ]
            except ValueError as error:
                print_message(f"the BibTeX of '{name}' is not valid and left out: {error}")
                failed = True
        if names and not texts and name != "colortk":
            print_message(f"'{name}' names no publication")
    merged = merge(entries)
    if as_json:
        print_json([asdict(entry) for entry in merged], indent=1)
        return int(failed)
    for entry in merged:
        print_line(f"% {', '.join(entry.names)}")
        for line in entry.text.splitlines():
            print_line(line)
        print_line("")
    return int(failed)
