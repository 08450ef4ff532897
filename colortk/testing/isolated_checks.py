"""Run the checks in a separate process, which a plugin may crash."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from colortk.errors import ColortkError
from colortk.plugin.origins import Origin, discover_only
from colortk.plugin.registry import registry
from colortk.runtime.messages import Channel, Message, MessageError
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.subprocesses import exit_text, incoming
from colortk.runtime.worker_process import Deadline, WorkerProcess, failure
from colortk.testing.checks import CheckResult, check_plugin, run_checks


@dataclass(frozen=True)
class CheckedPlugin:
    """The plugin to check.

    Parameters
    ----------
    plugin : str
        Its name.
    origins : tuple of Origin
        Where it and the refinement that the checks use are declared.
    options : tuple of str
        Its options, each as "name=value".
    weights : Path or None
        File or folder of weights that replace its weights.
    """

    plugin: str
    origins: tuple[Origin, ...]
    options: tuple[str, ...] = ()
    weights: Path | None = None


def serve(channel: Channel) -> None:
    """Reply to every request with the next outcome; the first request names the plugin.

    Parameters
    ----------
    channel : Channel
        The connection to the parent process.
    """
    requests = incoming(channel, 0)
    first = next(requests, None)
    if first is None:
        return
    checked = from_plain(CheckedPlugin, first.fields)
    discover_only(checked.origins)
    outcomes = run_checks(checked.plugin, checked.options, checked.weights)
    for request in itertools.chain([first], requests):
        try:
            reply = Message("outcome", request.number, to_plain(next(outcomes)))
        except ColortkError as error:
            reply = failure(request, error)
        channel.send(reply)


def run_checks_isolated(
    name: str, timeout: float = 120.0, options: tuple[str, ...] = (), weights: Path | None = None
) -> Iterator[CheckResult]:
    """Run every check of a colorizer, metric or refiner in a separate process.

    Parameters
    ----------
    name : str
        The plugin.
    timeout : float
        Seconds for one check. After a check that takes longer, none is run.
    options : tuple of str
        Options of the plugin, each as "name=value".
    weights : Path, optional
        File or folder of weights that replace the weights of the plugin.

    Yields
    ------
    CheckResult
        One for each check. A process that dies is the failure of the check that it ran.

    Raises
    ------
    UsageError
        There is no plugin of that name.
    PluginError
        It is broken, or lacks a module.
    """
    declaration = registry().find(name)
    titles = [title for title, _ in check_plugin(name)]
    origins = (declaration.origin, registry().refiner_origin("ratio"))
    known_origins = tuple(origin for origin in origins if origin is not None)
    checked = CheckedPlugin(name, known_origins, options, weights)
    worker = WorkerProcess("colortk.testing.isolated_checks:serve")
    try:
        for title in titles:
            deadline = Deadline(timeout)
            worker.request("check", to_plain(checked), timeout=deadline.left)
            outcome = from_plain(CheckResult, worker.wait_for_reply(deadline.left).fields)
            if outcome.check != title:
                raise MessageError("it reports a check that was not requested")
            yield outcome
    except TimeoutError:
        yield CheckResult(title, f"it did not end in {timeout:g} s")
    except (MessageError, ValueError) as error:
        yield CheckResult(title, f"the process that checks it was stopped: {error}")
    except (EOFError, OSError):
        yield CheckResult(
            title, f"it ended the process that checks it: {exit_text(worker.wait_exit_code())}"
        )
    finally:
        worker.stop()
