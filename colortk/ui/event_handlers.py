"""Wrap functions of the page as Gradio's event handlers, which show an error as one message."""

from __future__ import annotations

import html
import re
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colortk.errors import ColortkError, PictureError
from colortk.ui._gradio import gr
from colortk.ui.limits import Limits
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.time_left import TimeEstimates
from colortk.ui.visitor_registry import COOKIE, MAX_RESULTS, VisitorRegistry


class FilmStopped(PictureError):
    """A film was stopped by the visitor, or because the page ends."""


@dataclass(frozen=True)
class AppContext:
    """Objects that all tabs of a page share.

    Parameters
    ----------
    pool : PluginPool
        Plugins that the page offers.
    visitors : VisitorRegistry
        Visitors and their files.
    limits : Limits
        Limits of the page.
    closing : threading.Event
        Is set when the page ends.
    estimates : TimeEstimates
        How long jobs took.
    """

    pool: PluginPool
    visitors: VisitorRegistry
    limits: Limits
    closing: threading.Event
    estimates: TimeEstimates = field(default_factory=TimeEstimates)


@dataclass(frozen=True)
class RequestContext:
    """A request of a visitor.

    Parameters
    ----------
    app : AppContext
        The page.
    token : str or None
        Cookie of the visitor.
    window : str or None
        Identifier of the browser window.
    progress : gradio.Progress
        Shows progress in this window.
    """

    app: AppContext
    token: str | None
    window: str | None
    progress: Any

    def folder(self, kind: str, keep: int = MAX_RESULTS) -> Path:
        """Make a folder for a result. Raises ``PictureError`` without a cookie.

        ``keep`` is the number of results of this kind that the window keeps, with the new one.
        """
        return self.app.visitors.result_folder(self.token, self.window, kind, keep)

    def result_folders(self, kind: str) -> list[Path]:
        """Return the folders of results of this window, the newest first."""
        return self.app.visitors.result_folders(self.token, self.window, kind)


def event_handler(
    app: AppContext, function: Callable[..., Any], output_count: int
) -> Callable[..., Any]:
    """Wrap a function as Gradio calls it, with the notice of the tab as an additional output.

    Gradio's own error messages disappear after some seconds, and the notice stays.

    Parameters
    ----------
    app : AppContext
        The page.
    function : callable
        Called as ``function(context, *values)`` with a :class:`RequestContext`.
    output_count : int
        Number of outputs that ``function`` returns, as a list or tuple. If it fails, they do not
        change, and the notice shows the reason. If there are none, as with a button that stops a
        job, the notice stays as it is: it may show the end of the job already.
    """

    def handle(request: Any, progress: Any = gr.Progress(), *values: Any) -> Any:  # noqa: B008
        # Gradio passes the request by the type of an argument, and progress by its default value.
        context = RequestContext(app, request.cookies.get(COOKIE), request.session_hash, progress)
        try:
            outputs = list(function(context, *values))
            # Gradio wants the only output itself, not a list with it.
            return [*outputs, gr.update(value="", visible=False)] if outputs else gr.skip()
        except ColortkError as error:
            reason = visitor_message(error, app.visitors.root)
        except MemoryError:
            reason = "There is not enough memory"
        except OSError as error:
            reason = f"This failed: {error.strerror or type(error).__name__}"
        except Exception as error:  # a bug: its traceback goes to stderr
            traceback.print_exc()
            reason = f"Internal error ({type(error).__name__}). Please report it"
        return [*[gr.skip()] * output_count, alert(reason)] if output_count else alert(reason)

    handle.__annotations__ = {"request": gr.Request}
    return handle


def notice() -> Any:
    """Create the element in which a tab shows errors."""
    return gr.HTML("", visible=False, elem_classes="notice")


def alert(reason: str) -> Any:
    """Return the update of a :func:`notice` that shows an error."""
    return gr.update(value=f"<p role='alert'>{html.escape(reason)}</p>", visible=True)


def visitor_message(error: ColortkError, root: Path) -> str:
    """Return an error for visitors: without paths of this machine or hints for a terminal.

    Parameters
    ----------
    error : ColortkError
        The error.
    root : Path
        Folder of the files of visitors.
    """
    hint = "" if "--" in error.hint or "colortk " in error.hint else error.hint
    text = str(ColortkError(error.problem, error.reason, hint))
    text = re.sub(rf"{re.escape(str(root))}[/\\](?:[^/\\\s']+[/\\])*", "", text)
    return text[:1].upper() + text[1:]
