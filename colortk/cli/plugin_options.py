"""``--option`` and ``--vividness``: options of the plugin."""

from __future__ import annotations

import click


def _all_options(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the options of the plugin, with that of ``--vividness``."""
    vividness = context.meta.get("vividness")
    if vividness is None:
        return values
    if any(value.partition("=")[0].strip() in ("vividness", "vivid") for value in values):
        raise click.UsageError("--vividness and --option set the same: give one of them", context)
    return (*values, f"vividness={vividness:g}")


OPTIONS = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_all_options,
    help="Set an option of the plugin; repeatable.",
)


def _keep_vividness(
    context: click.Context, parameter: click.Parameter, value: float | None
) -> None:
    context.meta["vividness"] = value


# An option of the plugin under a name of its own. Eager: it is read before `--option`.
VIVIDNESS = click.option(
    "--vividness",
    type=click.FloatRange(0, 1),
    metavar="0..1",
    expose_value=False,
    is_eager=True,
    callback=_keep_vividness,
    help="Choose between accurate (0) and vivid (1) colors.",
)
