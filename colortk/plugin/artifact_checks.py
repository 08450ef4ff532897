"""Checks of declared artifacts: their names, digests and the addresses to fetch them from."""

from __future__ import annotations

import re

from colortk.plugin.spec import Artifact

_DIGEST = re.compile(r"[0-9a-f]{64}")
#: Hosts that may be reached without encryption: no network lies in between.
LOCAL_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))
#: Characters that cannot be part of a file name on some system.
_FORBIDDEN = frozenset('/\\:*?"<>|\0')


def is_file_name(name: object) -> bool:
    """Return whether a name means a file directly in a folder, on every system."""
    return (
        isinstance(name, str)
        and not name.startswith(".")
        and 0 < len(name) <= 120
        and not set(name) & _FORBIDDEN
        and name.isprintable()
    )


def why_not_fetched(url: str) -> str:
    """Return why a file cannot be downloaded from an address; empty if it can be.

    Parameters
    ----------
    url : str
        HTTPS is required. HTTP is allowed for this machine alone.
    """
    from urllib.parse import urlsplit  # few declarations have an address

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a wrong port raises
    except ValueError as error:
        return f"it is not an address: {error}"
    if not host or not (url.isascii() and url.isprintable()) or " " in url:
        return "it is not an address"
    if parts.username is not None or parts.password is not None:
        return "it contains a password"
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL_HOSTS):
        return ""
    return f"{parts.scheme} is not allowed, only https"


def check_artifact(artifact: Artifact, in_package: bool) -> str:
    """Return what is wrong with the declaration of an artifact; empty if nothing is.

    Parameters
    ----------
    artifact : Artifact
        The declaration.
    in_package : bool
        Whether the plugin has a package that can contain the file. Name and digest of such a file
        are not restricted: reading it reports what does not fit.
    """
    if not isinstance(artifact.name, str) or not isinstance(artifact.sha256, str):
        return "whose name or SHA-256 is not text"
    if not isinstance(artifact.url, str) and not (
        isinstance(artifact.url, tuple) and all(isinstance(url, str) for url in artifact.url)
    ):
        return "whose url is neither text nor a tuple of text"
    if type(artifact.size) is not int or artifact.size < 0:
        return f"with size={artifact.size!r}; expected a number of bytes"
    if not isinstance(artifact.license, str):
        return "whose license is not text"
    for url in artifact.urls:
        if reason := why_not_fetched(url):
            return f"with the url {url!r}: {reason}"
    if in_package and not artifact.urls:
        return ""
    if not _DIGEST.fullmatch(artifact.sha256):
        return "whose SHA-256 is not 64 lower-case hexadecimal digits"
    return "" if is_file_name(artifact.name) else "whose name is not that of a file"
