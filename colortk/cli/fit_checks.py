"""Checks of ``colortk fit`` before a training, and the command that its manifest records."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from colortk.cli.output import print_message


def is_complete(plugin: str, target: Path, command: str, resume: bool, force: bool) -> bool:
    """Whether a training is already complete, and there is nothing to do.

    Parameters
    ----------
    plugin : str
        Name of the plugin to train.
    target : Path
        Output folder.
    command : str
        The command, from :func:`canonical_command`.
    resume, force : bool
        The options of the command.

    Raises
    ------
    UsageError
        The folder holds weights or a stopped run that would be lost.
    """
    from colortk.errors import UsageError
    from colortk.store.artifact_manifest import MANIFEST
    from colortk.training.identity import trainer_code
    from colortk.training.manifest import read_code_digest, read_command

    code = trainer_code(plugin)  # computed before the training begins
    if resume and force:
        raise UsageError(
            "--resume and --force exclude each other",
            "the first continues a training, the second starts it again",
            "leave one out",
        )
    if target.exists() and not target.is_dir():
        raise UsageError(f"cannot write to --output '{target}'", "it is a file", "name a folder")
    _refuse_special_entries(target)
    stopped = any(target.glob("checkpoint*"))
    trained = (target / MANIFEST).exists()
    if force or not (trained or stopped):
        if resume:
            print_message(f"nothing to resume in '{target}': starting from the beginning")
        return False
    if resume and stopped:
        return False
    changed = read_code_digest(target) not in ("", code)
    if resume and read_command(target) == command and not changed:
        return True
    other = "weights that other code made" if changed else "weights of another run"
    content = other if resume else "weights" if trained else "a stopped run"
    hint = (
        "use --force to train again" if resume else "use --resume to continue or --force to restart"
    )
    raise UsageError(f"'{target}' already holds {content}", hint=f"{hint}, or another --output")


def _refuse_special_entries(folder: Path) -> None:
    """Refuse an output folder with links or devices, which results cannot replace."""
    from colortk.errors import UsageError
    from colortk.io.files import refuse_special, special_kind

    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if special_kind(path) not in ("", "a folder"):
            refuse_special(path, UsageError)


def parse_emphasis(text: str) -> tuple[str, float]:
    """Return folder and factor of an ``--emphasis``. Raises ``UsageError``."""
    from colortk.errors import UsageError

    name, _, value = text.rpartition("=")
    try:
        factor = float(value)
    except ValueError:
        factor = -1
    if not name or not 0 <= factor < 1e6:
        reason = "the factor is missing or not a number of 0 or more"
        raise UsageError(f"cannot use --emphasis {text}", reason, "write FOLDER=FACTOR")
    return name, factor


def parse_teacher(text: str) -> tuple[str, float]:
    """Return the plugin of ``--teacher`` and its share of the targets. Raises ``UsageError``."""
    from colortk.errors import UsageError

    name, equals, value = text.partition("=")
    try:
        share = float(value) if equals else 0.5
    except ValueError:
        share = -1
    if (text and not name) or not 0 < share <= 1:
        reason = "the share is not a number above 0 and at most 1"
        raise UsageError(f"cannot use --teacher {text}", reason, "write PLUGIN=SHARE")
    return name, share


def canonical_command(
    plugin: str, data: Path, options: list[tuple[str, str | int | None]], flags: Sequence[str] = ()
) -> str:
    """Return the command of a training with all that decides its result, for the manifest.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    data : Path
        Folder of pictures, of which only the name is used.
    options : list of (str, str or int or None)
        Options with their values; those without a value are left out.
    flags : sequence of str
        Options that have no values.
    """
    words = ["colortk", "fit", "--plugin", plugin, "--data", data.resolve().name]
    for name, value in options:
        words += [name, str(value)] if value else []
    return shlex.join([*words, *flags])


def without_folders(option: str) -> str:
    """Return a ``name=value`` without the folders of a value that is a file."""
    name, _, value = option.partition("=")
    return f"{name}={Path(value).name}" if value and Path(value).exists() else option
