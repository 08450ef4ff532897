"""``colortk cite``: BibTeX that another parser reads, each publication once."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import Any

import pytest

from colortk.cli.main import invoke
from colortk.plugin.builtin_references import ENTRIES, REFERENCES
from colortk.plugin.discover import DISTRIBUTION
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.spec_checks import check_spec
from colortk.report.bibtex import BibtexEntry, merge, parse_entries
from colortk.report.citation import citation_file, software_entry
from colortk.report.latex_text import latex_text

OWN = '@misc{own, title = {A {Title}, in \\\'e and "quotes"}, note = "{q}", year = 2020}'


def parsed(text: str) -> Any:
    """Parse BibTeX by pybtex, which raises an error where BibTeX would complain."""
    from pybtex.database import parse_string

    return parse_string(text, "bibtex")


def cited(capsys: pytest.CaptureFixture[str], *names: str, code: int = 0) -> str:
    assert invoke(["cite", *names]) == code
    return capsys.readouterr().out


def test_everything_is_valid_bibtex_with_titles_and_keys_of_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = cited(capsys)
    assert text.isascii()
    entries = parsed(text).entries  # pybtex refuses a key that occurs twice
    assert {"colortk", *ENTRIES, "tan2019efficientnet"} <= set(entries)
    for key, entry in entries.items():
        assert entry.fields["title"], key
        assert [str(person) for person in entry.persons["author"]], key
        # A DOI is a name, without the address of a resolver.
        assert re.fullmatch(r"10\.\d{4,9}/\S+", entry.fields.get("doi", "10.1234/none")), key
    titles = [entry.fields["title"].lower() for entry in entries.values()]
    assert len(set(titles)) == len(titles)


def test_colortk_is_cited_with_the_installed_version(capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = parsed(cited(capsys, "colortk")).entries.values()
    assert entry.fields["note"] == f"Version {version('colorization-toolkit')}"
    assert entry.fields["url"].startswith("https://")
    assert str(entry.persons["author"][0]) == "{The colortk authors}"


def test_the_names_choose_the_entries_and_a_shared_one_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = cited(capsys, "ab_auc", "zhang2016", "effnet_bins")
    assert set(parsed(text).entries) == {"zhang2016colorful", "tan2019efficientnet"}
    assert "% ab_auc, zhang2016, effnet_bins\n" in text
    assert invoke(["cite", "lpips", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["key"], row["names"]) == ("zhang2018unreasonable", ["lpips"])
    assert row["text"].startswith("@inproceedings{")


def test_a_plugin_without_a_publication_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["cite", "gray"]) == 0
    streams = capsys.readouterr()
    assert (streams.out, streams.err) == ("", "colortk: 'gray' names no publication\n")


def test_an_unknown_name_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["cite", "lpip"]) == 2
    assert "did you mean 'lpips'?" in capsys.readouterr().err


def test_every_reference_names_an_entry_and_a_spec() -> None:
    assert {key for keys in REFERENCES.values() for key in keys} == set(ENTRIES)
    assert set(REFERENCES) <= {plugin.spec.name for plugin in registry().plugins}
    for key, text in ENTRIES.items():
        assert [entry.key for entry in parse_entries(text)] == [key]


def test_every_built_in_colorizer_with_a_paper_can_be_cited() -> None:
    for name, plugin in registry().of(ColorizerSpec).items():
        spec = plugin.spec
        assert isinstance(spec, ColorizerSpec)
        if plugin.distribution == DISTRIBUTION and spec.paper:
            assert parse_entries(spec.bibtex), name


def test_built_in_plugins_that_share_an_entry_have_the_same_text() -> None:
    texts: dict[str, str] = {}
    for plugin in registry().plugins:
        if plugin.distribution == DISTRIBUTION and plugin.spec.bibtex:
            for entry in parse_entries(plugin.spec.bibtex):
                assert texts.setdefault(entry.key, entry.text) == entry.text, plugin.spec.name
    assert set(ENTRIES) < set(texts)


def test_the_splitter_agrees_with_another_parser() -> None:
    text = f"ignored % too\n{OWN}\n@article{{b-c:1, title={{B}}, author = {{A and {{B, C}}}},}} end"
    ours = parse_entries(text)
    theirs = parsed("\n".join(entry.text for entry in ours)).entries
    assert [entry.key for entry in ours] == list(theirs) == ["own", "b-c:1"]
    for entry in ours:
        their_title = theirs[entry.key].fields["title"]
        assert entry.title == their_title.replace("{", "").replace("}", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no entry"),
        ("Zhang 2016", "no entry"),
        ("@misc{, title = {x}}", "no entry begins at '@misc{, title"),
        ("@misc{a, title = {x}", "no field"),
        ("@misc{a, title = {x", "does not end"),
        ("@misc{a, title = x}", "no value"),
        ("@misc{a, {x}}", "no field"),
        ('@misc{a, title = "x}"}', "does not end"),
    ],
)
def test_an_entry_that_is_not_valid_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_entries(text)


def test_merging_keeps_titles_once_and_keys_apart() -> None:
    def entry(key: str, title: str, name: str) -> BibtexEntry:
        return BibtexEntry(key, f"@misc{{{key}, title = {{{title}}}}}", title, (name,))

    rows = [entry("a", "One", "x"), entry("b", "one!", "y"), entry("A", "Two", "z")]
    rows += [entry("a", "Three", "z"), entry("a", "Three", "z")]
    merged = merge(rows)
    assert [row.key for row in merged] == ["a", "Ab", "ac"]
    assert [row.names for row in merged] == [("x", "y"), ("z",), ("z",)]
    parsed("\n".join(row.text for row in merged))


def test_a_plugin_of_another_package_gives_its_own_reference(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = registry().of(ColorizerSpec)
    for name, bibtex in (("gray", OWN), ("mean_color", "@misc{broken, title = {")):
        spec = declared[name].spec
        assert check_spec(spec, ColorizerSpec) is None
        monkeypatch.setitem(vars(spec), "bibtex", bibtex)
    assert set(parsed(cited(capsys, "gray")).entries) == {"own"}
    assert invoke(["cite", "gray", "mean_color"]) == 1
    streams = capsys.readouterr()
    assert "@misc{own" in streams.out
    assert "BibTeX of 'mean_color' is not valid and left out: 'broken'" in streams.err
    monkeypatch.setitem(vars(declared["gray"].spec), "bibtex", 3)
    assert check_spec(declared["gray"].spec, ColorizerSpec) == "has bibtex that is not text"


def test_a_citation_file_with_people_and_a_date() -> None:
    content = """
title: "A & B"
version: 1
date-released: 2026-05-04
doi: 10.1/x
authors:
  - family-names: Süsstrunk
    name-particle: von
    given-names: É.
  - name: "The #1 team"
"""
    fields = parsed(software_entry(content).text).entries["colortk"]
    assert [str(person) for person in fields.persons["author"]] == [
        '{von S{\\"u}sstrunk, {\\\'E}.}'.strip("{}"), "{The \\#1 team}",
    ]  # fmt: skip
    assert dict(fields.fields) == {
        "title": "{A \\& B}", "year": "2026", "note": "Version 1", "doi": "10.1/x",
    }  # fmt: skip
    assert "title:" in citation_file()


def test_latex_text_is_ascii_and_escapes_what_latex_reads() -> None:
    assert latex_text(r"a\b{c}$&#_%~^") == (
        r"a\textbackslash{}b\{c\}\$\&\#\_\%\textasciitilde{}\textasciicircum{}"
    )
    assert latex_text("Bińkowski ΔE₀₀ ↑ 漢\n<x>") == (
        r"Bi{\'n}kowski $\Delta$E$_0$$_0$ $\uparrow$ \texttt{U+6F22} $<$x$>$"
    )
