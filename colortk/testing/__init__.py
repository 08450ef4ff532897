"""The conformance kit: what every colorizer must do, as one generator of checks.

Behind ``colortk plugins check NAME``, and in a plugin author's own tests::

    from colortk.testing import parametrize_checks

    @parametrize_checks("my_plugin")
    def test_conforms(check):
        check()
"""

from colortk.testing.checks import Outcome, check_colorizer, parametrize_checks, run_checks

__all__ = ["Outcome", "check_colorizer", "parametrize_checks", "run_checks"]
