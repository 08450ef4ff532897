"""The Jinja2 environment of the HTML reports, and functions that their pages share."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment, whose templates escape every value for HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("colortk.report", "templates"),
        autoescape=True,
        finalize=encodable,
        undefined=StrictUndefined,
    )


def safe(text: str) -> Any:
    """Mark text that is HTML, a style or a script already, so that it is not escaped."""
    from markupsafe import Markup

    return Markup(text)


def encodable(value: Any) -> Any:
    """Replace characters of a text that UTF-8 cannot hold by "?"; return other values unchanged."""
    if type(value) is str:
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def resource(name: str) -> str:
    r"""Return a file of this package; line ends are ``\n``, as an HTML parser makes them."""
    return files(__package__).joinpath(name).read_text("utf-8")


def content_policy(style: str, script: str = "") -> str:
    """Return a content security policy under which a page loads nothing from elsewhere.

    The policy lists the digests of the page's own style and script; a browser applies nothing else.
    """
    policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
    if script:
        policy += f"script-src '{digest_of(script)}'; "
    return policy + f"style-src '{digest_of(style)}'"


def digest_of(text: str) -> str:
    """Return the digest by which a content security policy knows an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def base64_text(content: bytes) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(content).decode("ascii")


def script_json(value: Any) -> Any:
    """Return a value as JSON that can stand inside ``<script>``; non-finite numbers become null."""
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return safe(text.replace("<", "\\u003c"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value
