"""The scores of a comparison as a pandas table."""

from __future__ import annotations

from typing import Any

from colortk.errors import PluginError
from colortk.harness.comparison import Comparison


def to_data_frame(comparison: Comparison) -> Any:
    """Return a ``pandas.DataFrame``: one row for each picture and plugin, one column a metric.

    Raises
    ------
    PluginError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise PluginError(
            "cannot make a table of the scores",
            "the module 'pandas' is not installed",
            "pip install pandas",
        ) from None
    return pd.DataFrame(
        [
            {
                "picture": row.picture,
                "name": row.name,
                "plugin": row.plugin,
                "near_gray": row.near_gray,
                "seconds": row.seconds,
                "error": row.error,
                "repeat_difference": None if row.repeat is None else row.repeat.difference,
            }
            | row.metrics
            for row in comparison.records()
        ]
    )
