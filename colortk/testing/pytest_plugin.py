"""The pytest plugin for authors of colorizers: one test for each conformance check.

pytest finds it through its entry point, wherever colortk is installed. It imports the checks, and
with them NumPy, only for tests that use the fixture ``colortk_check``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

_INI = "colortk_plugins"
_MARKER = "colortk_plugin"
_FIXTURE = "colortk_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option ``colortk_plugins`` of pytest's configuration file."""
    parser.addini(
        _INI, f"Colorizers that tests with the fixture {_FIXTURE} check.", type="args", default=[]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker ``colortk_plugin``."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(name, ...): colorizers that the fixture {_FIXTURE} checks"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test with the fixture ``colortk_check`` by plugin and check."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    markers = metafunc.definition.iter_markers(_MARKER)
    names = [name for marker in markers for name in marker.args] or metafunc.config.getini(_INI)
    if not names:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: no plugin to check: mark the test with"
            f" @pytest.mark.{_MARKER}('NAME'), or set {_INI} in pytest's configuration"
        )
    from colortk.testing.checks import check_colorizer

    cases = [
        pytest.param(check, id=f"{name}-{title}")
        for name in dict.fromkeys(names)
        for title, check in check_colorizer(name)
    ]
    metafunc.parametrize(_FIXTURE, cases, indirect=True)


@pytest.fixture
def colortk_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Return one conformance check of a colorizer, to be called without arguments.

    A test with this fixture runs once for each check of each colorizer that the marker
    ``colortk_plugin`` names, or the option ``colortk_plugins`` of pytest's configuration. The check
    raises if the colorizer does not conform. It skips the test if the colorizer does not offer what
    is checked.
    """
    check: Callable[[], None] = request.param
    return check
