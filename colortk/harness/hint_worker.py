"""Score one picture in a worker, with hints that are drawn from the original."""

from __future__ import annotations

from colortk.errors import EnvironmentProblem
from colortk.harness.drawn_hints import DrawnGuide
from colortk.harness.hint_variants import hints_of
from colortk.harness.metrics.pair import Truth
from colortk.harness.picture_worker import score_variants
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.tasks import Task, TaskResult
from colortk.runtime.provenance import running_hint_scores_code

#: Hexadecimal digits of a picture's digest that seed its random hints.
_SEED_DIGITS = 12


def score_picture_with_hints(task: Task) -> TaskResult:
    """Colorize and score the picture of a task with every plugin and number of hints."""
    code = running_hint_scores_code()
    if not all(variant.key.code.endswith(code) for variant in task.variants):
        raise EnvironmentProblem(
            "the code that scores hints has changed since the comparison began",
            hint="run the same command again",
        )

    def guide(variant: PluginVariant, truth: Truth) -> DrawnGuide | None:
        count, order = hints_of(variant)
        if not count:
            return None
        seed = int(task.picture[:_SEED_DIGITS], 16)
        return DrawnGuide(truth.lab[..., 1:], count, order, seed)

    return score_variants(task, guide)
