"""The conformance checks for colorizers.

``colortk plugins check NAME`` runs them, and so do the tests of a plugin's author, through the
pytest plugin that comes with colortk (:mod:`colortk.testing.pytest_plugin`)::

    import pytest

    @pytest.mark.colortk_plugin("my_plugin")
    def test_conforms(colortk_check):
        colortk_check()
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colortk.testing.checks import CheckResult, check_colorizer, parametrize_checks, run_checks

__all__ = ["CheckResult", "check_colorizer", "parametrize_checks", "run_checks"]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: every start of pytest imports this package."""
    if name not in __all__:
        raise AttributeError(f"module 'colortk.testing' has no attribute {name!r}")
    from colortk.testing import checks

    return getattr(checks, name)
