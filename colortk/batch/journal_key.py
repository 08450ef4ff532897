"""The key of a journal: the values that results depend on besides the pictures."""

from __future__ import annotations

from collections.abc import Sequence

from colortk.batch.guidance_key import guidance_key
from colortk.batch.inputs import InputItem
from colortk.batch.options import BatchOptions
from colortk.plugin.options import options_key, parse_options
from colortk.plugin.registry import registry
from colortk.runtime.provenance import colorizer_code
from colortk.store.artifacts import artifacts_of


def journal_key(options: BatchOptions, items: Sequence[InputItem] = ()) -> dict[str, str]:
    """Return the values that results depend on besides the pictures.

    Parameters
    ----------
    options : BatchOptions
    items : sequence of InputItem
        The pictures, beside which hints may lie.

    Returns
    -------
    dict of str to str
        Runs with equal keys share a journal.

    Raises
    ------
    ColortkError
        The plugin or its weights cannot be loaded.
    """
    spec = registry().colorizer(options.plugin)[1]
    return {
        "plugin": spec.name,
        "weights": artifacts_of(spec, options.weights).digest,
        "code": colorizer_code(spec, options.refine, "files"),
        "options": options_key(parse_options(spec, options.options)),
        "refine": options.refine,
        "strength": repr(options.strength),
        "extension": options.extension or "",
        "intermediates": str(options.intermediates or ""),
        "guidance": guidance_key(options.guidance, items),
        "variants": "" if options.variants is None else f"{options.variants}, {options.seed}",
    }
