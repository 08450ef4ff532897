"""``colortk``: finds the verb, turns expected failures into one line and an exit code."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version

import click

from colortk.cli.output import print_message
from colortk.cli.startup import (
    Terminated,
    drop_output,
    handle_signals,
    prepare_streams,
    print_notices,
    quiet_threads,
)
from colortk.cli.streams import leave, reserve_stdout
from colortk.errors import ColortkError, out_of_memory
from colortk.plugin.registry import DISTRIBUTION
from colortk.runtime.memory_limit import memory_hint, supervise

VERBS = {
    "run": "Colorize pictures.",
    "video": "Colorize a film.",
    "live": "Show a film or a camera in colour, as it runs.",
    "compare": "Score plugins on the same pictures.",
    "leaderboard": "Print what past comparisons found.",
    "diff": "Show where two plugins differ most.",
    "survey": "Ask people whether pictures are real.",
    "ui": "Colorize, compare and ask people, in a browser.",
    "fit": "Train a plugin.",
    "datasets": "Prepare pictures for training.",
    "plugins": "List, show and check plugins.",
    "samples": "Write out photographs to try things on.",
    "doctor": "Say what works on this machine and what does not.",
}


class Verbs(click.Group):
    """Commands whose modules are imported only when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = import_module(f"colortk.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            close = get_close_matches(args[0], VERBS, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(VERBS)}"
            raise click.UsageError(f"no command '{args[0]}': {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(DISTRIBUTION), prog_name="colortk")
def cli() -> None:
    """Automatic image colorization: run any colorizer, score every one the same way."""


def main() -> None:
    """Entry point of the command ``colortk``."""
    handle_signals()
    prepare_streams()
    quiet_threads()
    print_notices()
    end = supervise()
    reserve_stdout()
    try:
        code = invoke(sys.argv[1:])
    finally:
        end()
    leave(code)


def invoke(arguments: list[str]) -> int:
    """Run a command line and return its exit code."""
    try:
        with cli.make_context("colortk", arguments) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except ColortkError as error:
        if out_of_memory(error):
            return _say_no_memory(error)
        print_message(str(error))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        help_of = where.command_path if where is not None else "colortk"
        text = " ".join(error.format_message().split()).rstrip(".")
        print_message(f"{text} (see: {help_of} --help)")
        return 2
    except Terminated as stop:
        print_message(str(stop))
        return stop.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        print_message("interrupted")
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        drop_output()
        return 1
    except OSError as error:  # a full disk behind stdout, say
        if out_of_memory(error):
            return _say_no_memory(error)
        drop_output()
        print_message(f"cannot write the output: {error.strerror or error}")
        return 1
    except Exception as error:
        if out_of_memory(error):
            return _say_no_memory(error)
        raise


def _say_no_memory(error: BaseException) -> int:
    text = " ".join(str(error).split())
    why = f": {text}" if text and len(text) < 250 else ""  # some libraries write a page
    print_message(f"not enough memory{why} ({memory_hint()})")
    return 1
