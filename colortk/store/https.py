"""Open an address for a download: HTTPS only, with a time limit, and from a given byte on."""

from __future__ import annotations

import contextlib
import http.client
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from colortk.plugin.artifact_checks import LOCAL_HOSTS, why_not_fetched
from colortk.store.timed_connection import TimedHTTPHandler, TimedHTTPSHandler

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
#: A validator of this form compares bytes; a weak one does not.
_STRONG = re.compile(r'"[^"]*"')


class FetchError(Exception):
    """An address cannot be fetched; the message says why."""


class BrokenError(FetchError):
    """A transfer ended too early. The next request can continue it.

    Parameters
    ----------
    reason : str
        Why it ended.
    stalled : bool
        The server stopped sending, and the connection stayed open.
    """

    def __init__(self, reason: str, stalled: bool = False) -> None:
        super().__init__(reason)
        self.stalled = stalled


@dataclass(frozen=True)
class Reply:
    """The answer of a server.

    Parameters
    ----------
    start : int
        Number of the first byte that :meth:`read` returns.
    total : int or None
        Bytes of the whole file; ``None`` if the server does not say.
    validator : str
        Identifies the version of the file for a later ``If-Range``; empty if there is none.
    """

    start: int
    total: int | None
    validator: str
    _response: Any

    def read(self, count: int) -> bytes:
        """Return some of the next bytes, at most ``count``; none at the end.

        Raises
        ------
        BrokenError
            If the connection breaks off or the time limit is over.
        """
        try:
            data: bytes = self._response.read1(count)
        except (OSError, http.client.HTTPException) as error:
            raise BrokenError(_reason(error), isinstance(error, TimeoutError)) from error
        return data


@contextlib.contextmanager
def open_url(url: str, offset: int, validator: str, timeout: float) -> Iterator[Reply]:
    """Request a file; proxies of the environment are used (``https_proxy``, ``no_proxy``).

    Parameters
    ----------
    url : str
        The address.
    offset : int
        Bytes that are present already. The server may ignore this and send the whole file.
    validator : str
        The version of the file that these bytes belong to: of another version, the server sends the
        whole file. Empty if it is not known.
    timeout : float
        Seconds that the server may send nothing, and that its headers may take.

    Yields
    ------
    Reply
        The answer. Its ``start`` is ``offset`` or 0.

    Raises
    ------
    FetchError
        If there is no usable answer.
    """
    if reason := why_not_fetched(url):
        raise FetchError(reason)
    from importlib.metadata import version

    from colortk.plugin.discover import DISTRIBUTION

    headers = {"User-Agent": f"colortk/{version(DISTRIBUTION)}", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    opener = build_opener(_CheckedRedirects, TimedHTTPHandler, TimedHTTPSHandler)
    try:
        response = opener.open(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code == 416 and offset:  # the file is shorter than the part
            with open_url(url, 0, "", timeout) as reply:
                yield reply
            return
        raise FetchError(_http_text(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(_reason(error, timeout)) from error
    with response:
        answer = _reply(response, offset)
        if answer is not None:
            yield answer
            return
    with open_url(url, 0, "", timeout) as reply:  # the server sent another range
        yield reply


def _reply(response: Any, offset: int) -> Reply | None:
    """Return the answer as plain values; ``None`` if it begins at an unexpected byte."""
    headers = response.headers
    etag = headers.get("ETag") or ""
    validator = etag if _STRONG.fullmatch(etag) else headers.get("Last-Modified") or ""
    if response.status == 206:
        match = _RANGE.fullmatch(headers.get("Content-Range") or "")
        if match is None or int(match[1]) != offset:
            if not offset:
                raise FetchError("the server sent a part of the file that was not requested")
            return None
        total = None if match[3] == "*" else int(match[3])
        return Reply(offset, total, validator, response)
    if response.status != 200:
        raise FetchError(f"the server answered {response.status}")
    length = headers.get("Content-Length") or ""
    return Reply(0, int(length) if length.isascii() and length.isdecimal() else None, validator,
                 response)  # fmt: skip


class _CheckedRedirects(HTTPRedirectHandler):
    """Follow a redirect only to an address from which a file may be fetched."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        reason = why_not_fetched(newurl)
        host = urlsplit(newurl).hostname if not reason else ""
        if host in LOCAL_HOSTS and urlsplit(req.full_url).hostname not in LOCAL_HOSTS:
            reason = "it is an address of this machine"
        if reason:
            raise FetchError(f"it redirects to '{newurl[:200]}': {reason}")
        fp.close()  # otherwise the text of the redirect would be read, however long it is
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _http_text(error: HTTPError) -> str:
    if 300 <= error.code < 400:
        return f"it redirects too often, or to an address that is not allowed ({error.code})"
    return f"the server answered {error.code} {error.reason}"


def _reason(error: BaseException, timeout: float | None = None) -> str:
    """Return why a connection failed, in one line."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return "the server did not respond" + (f" within {timeout:g} s" if timeout else " in time")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate of the server is not valid: {cause.verify_message}"
    if isinstance(cause, ConnectionError | http.client.IncompleteRead) and not isinstance(
        cause, ConnectionRefusedError
    ):
        return "the connection broke off"
    if isinstance(cause, http.client.HTTPException):
        return "the answer of the server is not HTTP"
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return str(cause)
