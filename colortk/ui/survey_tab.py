"""The tab "Survey": is the shown image real? One picture at a time, answers kept at once.

A picture comes inside of the message with its question: no address, no name, nothing to compare.
"""

from __future__ import annotations

import base64
import hashlib
import html
from typing import Any

from colortk.io.regular_files import read_regular
from colortk.survey.session import Question, Rater, Survey
from colortk.ui._gradio import gr
from colortk.ui.event_handlers import AppContext, RequestContext, event_handler, notice

#: Of what a browser keeps; it is no secret.
SECRET = "colortk survey"


def build(app: AppContext, survey: Survey, page: Any) -> None:
    """Put the tab's parts where Gradio is building, into the blocks ``page``."""
    key = hashlib.sha256(survey.description.text().encode()).hexdigest()[:16]
    known = gr.BrowserState(None, storage_key=f"colortk-survey-{key}", secret=SECRET)
    asked = gr.State(None)
    with gr.Column(elem_id="survey"):
        stage = gr.HTML(_welcome(survey), elem_id="stage")
        with gr.Row(elem_id="answers"):
            real = gr.Button("Real (R)", visible=False, elem_id="real", variant="primary")
            fake = gr.Button("Not real (N)", visible=False, elem_id="not-real", variant="primary")
        begin = gr.Button("Begin", variant="primary", elem_id="begin")
        wrong = notice()
    parts = [known, asked, stage, real, fake, begin, wrong]
    count = len(parts) - 1

    def shown(rater: Rater) -> Any:
        question = rater.next()
        if question is None:
            buttons = [gr.update(visible=False)] * 3
            return [rater.id, None, _thanks(rater), *buttons]
        visible = [gr.update(visible=True)] * 2
        return [rater.id, question.id, _asked(question), *visible, gr.update(visible=False)]

    def look(context: RequestContext, told: Any) -> Any:
        """The page was loaded: who has begun goes on; who has not is only welcomed."""
        if not _known(survey, told):
            return [gr.skip()] * count
        return shown(survey.rater(told))

    def start(context: RequestContext, told: Any) -> Any:
        return shown(survey.rater(told if isinstance(told, str) else None))

    def answer(real: bool) -> Any:
        def keep(context: RequestContext, told: Any, question: Any) -> Any:
            rater = survey.rater(told if isinstance(told, str) else None)
            if isinstance(question, str) and rater.id == told:
                rater.answer(question, real)
            return shown(rater)

        return keep

    quiet = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    begin.click(event_handler(app, start, count), known, parts, **quiet)
    real.click(event_handler(app, answer(True), count), [known, asked], parts, **quiet)
    fake.click(event_handler(app, answer(False), count), [known, asked], parts, **quiet)
    page.load(event_handler(app, look, count), known, parts, **quiet)


def _known(survey: Survey, told: Any) -> bool:
    """Whether ``told`` is the id of a rater of this survey; none is made by asking."""
    return isinstance(told, str) and survey.answers.counts(told)[1] > 0


def _welcome(survey: Survey) -> str:
    about = survey.description
    return (
        f"<div class='asking'><h2>{html.escape(about.question)}</h2>"
        f"<p>You will see {about.each} pictures, one at a time. Some are photographs as they were"
        " taken; of others the colours were made by a computer. Say of each what you think, as fast"
        " or as slowly as you like. There is no way back to a picture.</p>"
        "<p>What is kept: your answers and when you gave them, under a number.</p></div>"
    )


def _asked(question: Question) -> str:
    data = base64.b64encode(read_regular(question.picture)).decode("ascii")
    return (
        f"<div class='asking'><h2>{html.escape(question.text)}</h2>"
        f"<img id='shown' src='data:image/png;base64,{data}' alt='Picture {question.number}'>"
        f"<progress max='{question.total}' value='{question.number - 1}' aria-hidden='true'>"
        f"</progress><p role='status'>Picture {question.number} of {question.total}</p></div>"
    )


def _thanks(rater: Rater) -> str:
    done, _ = rater.progress
    return (
        "<div class='asking'><h2>Thank you</h2>"
        f"<p role='status'>You have answered all {done} questions. You can close this page.</p></div>"
    )
