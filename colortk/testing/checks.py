"""One generator of named checks behind pytest, the command line and CI."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.errors import ColortkError
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec, MetricSpec
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.runtime.plugin_errors import reason, source_location
from colortk.testing import check_functions
from colortk.testing.check_functions import NotRunError, UnlikelyResultWarning

Check = Callable[[], None]


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    Parameters
    ----------
    check : str
        Its name.
    error : str or None
        Why it failed or did not run.
    ran : bool
        False if an earlier failure made it impossible, or if there was nothing to check.
    warned : bool
        It passed, and ``error`` says what is unlikely about the result.
    """

    check: str
    error: str | None
    ran: bool = True
    warned: bool = False

    @property
    def status(self) -> str:
        """``passed``, ``warning``, ``failed`` or ``not run``."""
        if not self.ran:
            return "not run"
        if self.warned:
            return "warning"
        return "failed" if self.error else "passed"


#: The first check of a loaded plugin. If the plugin cannot predict its picture, no other one runs.
_PREDICTS = check_functions.returns_chroma_of_the_right_shape.__name__
#: Checks that compare two predictions. They would only repeat that a plugin is not deterministic.
_NEED_DETERMINISM = (
    check_functions.batch_equals_single.__name__,
    check_functions.works_in_another_process.__name__,
)


class _Session:
    """Load a plugin at the first check, and let each mistake fail one check only.

    Checks that an earlier failure makes impossible raise ``NotRunError``.
    """

    def __init__(self, request: PluginRequest) -> None:
        self._request, self._cannot_load = request, False
        self._loaded: Loaded | None = None
        self._failed: set[str] = set()

    def run(self, title: str, check: Callable[[Loaded], None]) -> None:
        """Run one check."""
        loaded = self._load()
        needed = [_PREDICTS]
        if title in _NEED_DETERMINISM:
            needed.append(check_functions.returns_the_same_result_twice.__name__)
        for earlier in needed:
            if earlier in self._failed and earlier != title:
                raise NotRunError(f"{earlier} has failed")
        try:
            check(loaded)
        except NotRunError:
            raise
        except BaseException:
            if title != _PREDICTS or not _predicts(loaded):
                self._failed.add(title)
            raise

    def _load(self) -> Loaded:
        if self._cannot_load:
            raise NotRunError(f"plugin '{self._request.plugin}' cannot be loaded")
        if self._loaded is None:
            self._cannot_load = True
            self._loaded = load(self._request)
            self._cannot_load = False
        return self._loaded


def _predicts(loaded: Loaded) -> bool:
    """Return whether the host accepts the prediction of an ordinary picture, whatever its type."""
    try:
        loaded.predict(check_functions.working_scene(loaded))
    except ColortkError:
        return False
    return True


def check_colorizer(
    name: str, options: tuple[str, ...] = (), weights: Path | None = None
) -> Iterator[tuple[str, Check]]:
    """Yield all checks of a colorizer.

    Parameters
    ----------
    name : str
        The colorizer. It is loaded by the first check that needs it.
    options : tuple of str
        Options of the plugin, each as "name=value".
    weights : Path, optional
        File or folder of weights that replace the weights of the plugin.

    Yields
    ------
    title : str
        Name of the check.
    check : callable
        Runs the check. It raises if the check fails: ``NotRunError`` if an earlier failure
        makes it impossible, ``NothingToCheckError`` if the plugin lacks the checked feature.
    """
    request = PluginRequest(name, options, weights)
    session = _Session(request)
    for of_declaration in (
        check_functions.declaration_is_complete,
        check_functions.declaration_is_light,
    ):
        yield of_declaration.__name__, functools.partial(of_declaration, request)
    for of_plugin in (
        check_functions.returns_chroma_of_the_right_shape,
        check_functions.handles_black_white_and_flat_pictures,
        check_functions.handles_odd_shapes,
        check_functions.returns_the_same_result_twice,
        check_functions.does_not_change_its_input,
        check_functions.does_not_depend_on_previous_pictures,
        check_functions.batch_equals_single,
        check_functions.samples_are_repeatable,
        check_functions.hints_are_followed,
        check_functions.films_are_repeatable,
        check_functions.keeps_lightness,
    ):
        yield of_plugin.__name__, functools.partial(session.run, of_plugin.__name__, of_plugin)
    in_process = functools.partial(check_functions.works_in_another_process, request=request)
    title = check_functions.works_in_another_process.__name__
    yield title, functools.partial(session.run, title, in_process)


def check_plugin(
    name: str, options: tuple[str, ...] = (), weights: Path | None = None
) -> Iterator[tuple[str, Check]]:
    """Yield all checks of a colorizer, metric or refiner, as :func:`check_colorizer` does.

    Parameters
    ----------
    name : str
        The plugin.
    options, weights
        Of a colorizer.
    """
    spec = registry().find(name).spec
    if isinstance(spec, ColorizerSpec):
        yield from check_colorizer(name, options, weights)
        return
    request = PluginRequest(name)
    for check in (check_functions.declaration_is_complete, check_functions.declaration_is_light):
        yield check.__name__, functools.partial(check, request)
    if isinstance(spec, MetricSpec):
        from colortk.testing.metric_checks import metric_checks

        yield from metric_checks(spec)
    else:
        from colortk.testing.refiner_checks import refiner_checks

        yield from refiner_checks(spec)


def run_checks(
    name: str, options: tuple[str, ...] = (), weights: Path | None = None
) -> Iterator[CheckResult]:
    """Run every check of a colorizer, metric or refiner, in this process.

    Parameters
    ----------
    name, options, weights
        As of :func:`check_plugin`.

    Yields
    ------
    CheckResult
        One for each check, also where it fails.

    Raises
    ------
    UsageError
        There is no plugin of that name.
    PluginError
        It is broken, or lacks a module.
    """
    spec = registry().find(name).spec
    factory = spec.factory if isinstance(spec, ColorizerSpec) else spec.function
    for title, check in check_plugin(name, options, weights):
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UnlikelyResultWarning)
                check()
            notes = [
                str(w.message) for w in caught if issubclass(w.category, UnlikelyResultWarning)
            ]
            result = CheckResult(title, "; ".join(notes) or None, warned=bool(notes))
        except NotRunError as error:
            result = CheckResult(title, f"not run: {error}", ran=False)
        except ColortkError as error:
            result = CheckResult(title, str(error))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit
            text = " ".join(str(error).split())
            is_ours = isinstance(error, AssertionError) and not source_location(error, factory)
            result = CheckResult(title, text if text and is_ours else reason(error, factory))
        yield result  # outside of the try statement, which would catch that the caller ends early


def parametrize_checks(*names: str) -> Any:
    """Return a decorator that runs a test once for each check of colorizers.

    Parameters
    ----------
    *names : str
        The colorizers.

    Returns
    -------
    pytest.MarkDecorator
        Parametrizes the argument ``check`` of the test, which the test calls.

    See Also
    --------
    colortk.testing.pytest_plugin.colortk_check : The same as a fixture.
    """
    import pytest

    cases = [
        pytest.param(check, id=f"{name}-{title}")
        for name in names
        for title, check in check_colorizer(name)
    ]
    return pytest.mark.parametrize("check", cases)
