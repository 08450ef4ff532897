"""What happens when a visitor asks for something: who asks is known, what fails is one message."""

from __future__ import annotations

import html
import re
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.errors import ColortkError, PictureError
from colortk.ui._gradio import gr
from colortk.ui.limits import Limits
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.visitor_registry import COOKIE, VisitorRegistry


class FilmStopped(PictureError):
    """The visitor, or whoever runs the page, wants no more of it."""


@dataclass(frozen=True)
class AppContext:
    """What all tabs of one page share. ``closing``: set when the page is being ended."""

    pool: PluginPool
    visitors: VisitorRegistry
    limits: Limits
    closing: threading.Event


@dataclass(frozen=True)
class RequestContext:
    """One request. ``token``: of its visitor. ``window``: the id of the page's copy in a browser."""

    app: AppContext
    token: str | None
    window: str | None
    progress: Any

    def folder(self, kind: str) -> Path:
        """A new folder for what is made. Raises ``PictureError`` without a cookie."""
        return self.app.visitors.result_folder(self.token, self.window, kind)


def event_handler(app: AppContext, function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """``function(context, *values)`` as Gradio calls it, with one output more: the tab's notice.

    ``count``: how many outputs ``function`` returns, as a list or tuple. When it fails they stay as
    they are, and the notice says why. (Gradio's own messages fold themselves up, and go.)
    """

    def answer(request: Any, progress: Any = gr.Progress(), *values: Any) -> Any:  # noqa: B008
        # Gradio knows who asks by the type of an argument, and progress by its default.
        context = RequestContext(app, request.cookies.get(COOKIE), request.session_hash, progress)
        try:
            return [*function(context, *values), gr.update(value="", visible=False)]
        except ColortkError as error:
            why = visitor_message(error, app.visitors.root)
        except MemoryError:
            why = "There is not enough memory for that"
        except OSError as error:
            why = f"That cannot be done: {error.strerror or type(error).__name__}"
        except Exception as error:  # a bug: the visitor is told, and its trace kept
            traceback.print_exc()
            why = f"{type(error).__name__}: that is a mistake of this program, please report it"
        told = f"<p role='alert'>{html.escape(why)}</p>"
        return [*[gr.skip()] * count, gr.update(value=told, visible=True)]

    answer.__annotations__ = {"request": gr.Request}
    return answer


def notice() -> Any:
    """Where a tab says what went wrong."""
    return gr.HTML("", visible=False, elem_classes="notice")


def visitor_message(error: ColortkError, root: Path) -> str:
    """An error as a visitor reads it: without paths of this machine, and advice for a terminal."""
    do = "" if "--" in error.hint or "colortk " in error.hint else error.hint
    text = str(ColortkError(error.problem, error.reason, do))
    text = re.sub(rf"{re.escape(str(root))}/(?:[^/\s']+/)*", "", text)
    return text[:1].upper() + text[1:]
