"""``colortk doctor``: what the installed distribution needs, and how to get what is missing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

METADATA = """\
Metadata-Version: 2.1
Name: colorization-toolkit
Version: 99
Provides-Extra: shiny
Provides-Extra: glossy
Provides-Extra: test
Requires-Dist: numpy>=1
Requires-Dist: no-such-core>=3
Requires-Dist: no-such-tool>=2; extra == "shiny"
Requires-Dist: no-such-tool>=2; extra == "glossy"
Requires-Dist: pillow>=9999; extra == "glossy"
Requires-Dist: numpy; extra == "shiny"
Requires-Dist: only-in-tests; extra == "test"
Requires-Dist: only-long-ago; python_version < "3"
"""


@pytest.fixture
def rows(tmp_path: Path, colortk: Callable[..., Any]) -> dict[str, dict[str, str]]:
    """Return the rows of ``doctor`` for a distribution with these requirements."""
    info = tmp_path / "site" / "colorization_toolkit-99.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    run: subprocess.CompletedProcess[str] = colortk("doctor", "--json", plugins=tmp_path / "site")
    assert run.returncode == 3, "a library of the core is missing"
    return {row["what"]: row for row in json.loads(run.stdout)}


@pytest.mark.slow
def test_doctor_lists_the_requirements_of_the_distribution(
    rows: dict[str, dict[str, str]],
) -> None:
    assert rows["numpy"]["status"] == "ok"
    assert (rows["no-such-core"]["status"], rows["no-such-core"]["detail"]) == (
        "failed",
        "pip install 'no-such-core>=3'",
    )
    tool = rows["no-such-tool"]
    assert tool["status"] == "absent"
    assert "for shiny and glossy: pip install 'no-such-tool>=2'" in tool["detail"]
    assert "in a clone of colortk: pip install '.[shiny]'" in tool["detail"]
    assert rows["pillow"]["status"] == "absent"
    assert "needs >=9999" in rows["pillow"]["detail"]
    assert not {"only-in-tests", "only-long-ago"} & set(rows)
    assert not [row for row in rows.values() if "colorization-toolkit[" in row["detail"]]
