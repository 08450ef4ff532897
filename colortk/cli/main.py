"""The command ``colortk``: run a subcommand, turn errors into a message and an exit code."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version

import click

from colortk.cli.common import ONE_COMMAND
from colortk.cli.output import print_message
from colortk.cli.startup import (
    Terminated,
    drop_output,
    handle_signals,
    prepare_streams,
    print_notices,
    quiet_threads,
)
from colortk.cli.streams import exit_process, reserve_stdout
from colortk.errors import ColortkError, out_of_memory
from colortk.plugin.discover import DISTRIBUTION
from colortk.runtime.memory_limit import memory_hint, supervise

COMMANDS = {
    "run": "Colorize pictures.",
    "video": "Colorize a film.",
    "live": "Show a film or a camera in color while it runs.",
    "compare": "Score plugins on the same pictures.",
    "leaderboard": "Print the stored results of comparisons.",
    "diff": "Show the pictures on which two plugins differ most.",
    "cite": "Print the publications to cite as BibTeX.",
    "survey": "Ask people which pictures are real.",
    "ui": "Colorize and compare in the browser.",
    "export": "Write a colorizer as one ONNX file for other programs.",
    "web": "Write a web page that colorizes in the browser.",
    "fit": "Train a plugin.",
    "datasets": "Prepare and check sets of pictures.",
    "plugins": "List, show, check and create plugins.",
    "weights": "Fetch and check weights that come with no package.",
    "samples": "List or write sample photographs.",
    "doctor": "Check the installation.",
}


class CommandGroup(click.Group):
    """A group that imports the module of a subcommand only when the subcommand runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"colortk.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"commands: {', '.join(COMMANDS)}"
            raise click.UsageError(f"unknown command '{args[0]}': {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(DISTRIBUTION), prog_name="colortk")
def cli() -> None:
    """Colorize pictures and films with any plugin, and compare plugins by the same scores."""


def main() -> None:
    """Run the command ``colortk``."""
    handle_signals()
    prepare_streams()
    quiet_threads()
    print_notices()
    end = supervise()
    reserve_stdout()
    try:
        code = invoke(sys.argv[1:], one_command=True)
    finally:
        end()
    exit_process(code)


def invoke(arguments: list[str], one_command: bool = False) -> int:
    """Run a command line in this process.

    Parameters
    ----------
    arguments : list of str
        The subcommand and its arguments.
    one_command : bool
        Whether this process runs no other command, so that it need not discover all plugins.

    Returns
    -------
    int
        The exit code: 0 success, 1 some pictures failed, 2 wrong usage, 3 a plugin is not
        available, 4 an artifact is missing or not trusted, 130 interrupted, 143 terminated.
    """
    try:
        with cli.make_context("colortk", arguments) as context:
            context.meta[ONE_COMMAND] = one_command
            code = cli.invoke(context)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as end:  # --help, --version
        return end.exit_code
    except ColortkError as error:
        if out_of_memory(error):
            return _report_no_memory(error)
        print_message(str(error))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        failed = getattr(error, "ctx", None)
        command = failed.command_path if failed is not None else "colortk"
        text = " ".join(error.format_message().split()).rstrip(".")
        print_message(f"{text} (see: {command} --help)")
        return 2
    except Terminated as stop:
        print_message(str(stop))
        return stop.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        print_message("interrupted")
        return 130
    except BrokenPipeError:  # the reader of the output ended, as `head` does
        drop_output()
        return 1
    except OSError as error:  # for example a full disk behind stdout
        if out_of_memory(error):
            return _report_no_memory(error)
        drop_output()
        subject = error.filename if isinstance(error.filename, str) else "cannot write the output"
        print_message(f"{subject}: {error.strerror or error}")
        return 1
    except Exception as error:
        if out_of_memory(error):
            return _report_no_memory(error)
        raise


def _report_no_memory(error: BaseException) -> int:
    text = " ".join(str(error).split())
    reason = f": {text}" if text and len(text) < 250 else ""  # some libraries write a page
    print_message(f"not enough memory{reason} ({memory_hint()})")
    return 1
