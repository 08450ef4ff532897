"""The help of every command: one short sentence per option, in American English."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from colortk.cli.main import cli

#: Verbs with which the help of an option may begin.
VERBS = {
    "Add", "Ask", "Average", "Begin", "Choose", "Colorize", "Compare", "Compute", "Connect",
    "Continue", "Copy", "Create", "Crop", "Decode", "Deinterlace", "Delete", "Descend", "Download", "Draw",
    "End", "Fit", "Give", "Imitate",
    "Include", "Keep", "Leave", "List", "Listen", "Load", "Lower", "Measure", "Mix",
    "Multiply", "Offer", "Overwrite", "Pack", "Print", "Read", "Record", "Reduce", "Refuse",
    "Run", "Save", "Scale", "Score", "Seed", "Set", "Show", "Skip", "Start", "Stop", "Train",
    "Use", "Write",
}  # fmt: skip
#: British spellings of common words.
BRITISH = r"colour|grey|\bwhilst\b|ise[sd]?\b(?<!otherwise)(?<!noise)"  # codespell:ignore
#: Maximum length of the help of an option, without its default.
LONGEST = 62


def commands(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield the contexts of a command and of all its subcommands."""
    context = click.Context(command, info_name=command.name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            assert subcommand is not None
            yield from commands(subcommand, context)


CONTEXTS = {context.command_path: context for context in commands(cli)}


@pytest.mark.parametrize("path", CONTEXTS)
def test_each_option_is_described_by_one_short_sentence_that_begins_with_a_verb(path: str) -> None:
    for option in CONTEXTS[path].command.params:
        if not isinstance(option, click.Option) or option.hidden:
            continue
        text = option.help or ""
        sentence = re.split(r" \[(default|required)", text)[0]
        where = f"{path} {option.opts[-1]}: {text}"
        assert sentence.endswith("."), where
        assert "\n" not in text, where
        assert len(sentence) <= LONGEST, where
        assert sentence.split()[0].rstrip(".") in VERBS, where


@pytest.mark.parametrize("path", CONTEXTS)
def test_the_help_has_american_spelling_and_begins_with_a_verb(path: str) -> None:
    context = CONTEXTS[path]
    text = context.command.get_help(context)
    assert not re.search(BRITISH, text), text
    assert (context.command.help or "").split()[0].rstrip(",.") in VERBS | {
        "Check",
        "Prepare",
        "Serve",
    }
    for option in context.command.params:
        if re.search("colour|grey", " ".join(option.opts)):  # codespell:ignore colour,grey
            assert isinstance(option, click.Option)
            assert option.hidden, f"{path} {option.opts}"


def test_the_list_of_commands_has_their_short_help() -> None:
    context = CONTEXTS["cli"]
    assert isinstance(cli, click.Group)
    text = cli.get_help(context)
    for name in cli.list_commands(context):
        subcommand = cli.get_command(context, name)
        assert subcommand is not None
        assert f"  {name} " in text
        assert (subcommand.short_help or "").rstrip(".") in text, name


def test_python_m_colortk_is_the_command() -> None:
    command = [sys.executable, "-m", "colortk", "run", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: colortk run ")
