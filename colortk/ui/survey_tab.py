"""The tab "Survey": "Is the shown image real?", one picture at a time.

A picture is part of the message with its question, so that it has no URL and no name. Each answer
is stored before the next question is shown.
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

#: Key with which Gradio encrypts values that a browser stores. The identifier is not secret.
SECRET = "colortk survey"


def build(app: AppContext, survey: Survey, page: Any) -> None:
    """Create the elements of the tab in the current block of Gradio.

    Parameters
    ----------
    app : AppContext
        The page.
    survey : Survey
        The survey.
    page : gradio.Blocks
        The blocks of the page, whose loading resumes the survey.
    """
    key = hashlib.sha256(survey.description.text().encode()).hexdigest()[:16]
    rater_state = gr.BrowserState(None, storage_key=f"colortk-survey-{key}", secret=SECRET)
    question_state = gr.State(None)
    with gr.Column(elem_id="survey"):
        stage = gr.HTML(_welcome(survey), elem_id="stage")
        with gr.Row(elem_id="answers"):
            real = gr.Button("Real (R)", visible=False, elem_id="real", variant="primary")
            fake = gr.Button("Not real (N)", visible=False, elem_id="not-real", variant="primary")
        begin = gr.Button("Begin", variant="primary", elem_id="begin")
        error_notice = notice()
    outputs = [rater_state, question_state, stage, real, fake, begin, error_notice]
    output_count = len(outputs) - 1

    def show_next(rater: Rater) -> Any:
        question = rater.next()
        if question is None:
            buttons = [gr.update(visible=False)] * 3
            return [rater.id, None, _thanks(rater), *buttons]
        visible = [gr.update(visible=True)] * 2
        return [rater.id, question.id, _question(question), *visible, gr.update(visible=False)]

    def resume(context: RequestContext, rater_id: Any) -> Any:
        """Show the next question to a rater who has begun, and the welcome to others."""
        if not _is_rater(survey, rater_id):
            return [gr.skip()] * output_count
        return show_next(survey.rater(rater_id))

    def start(context: RequestContext, rater_id: Any) -> Any:
        return show_next(survey.rater(rater_id if isinstance(rater_id, str) else None))

    def answer(real: bool) -> Any:
        def store(context: RequestContext, rater_id: Any, question: Any) -> Any:
            rater = survey.rater(rater_id if isinstance(rater_id, str) else None)
            if isinstance(question, str) and rater.id == rater_id:
                rater.answer(question, real)
            return show_next(rater)

        return store

    options = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    begin.click(event_handler(app, start, output_count), rater_state, outputs, **options)
    real.click(
        event_handler(app, answer(True), output_count),
        [rater_state, question_state],
        outputs,
        **options,
    )
    fake.click(
        event_handler(app, answer(False), output_count),
        [rater_state, question_state],
        outputs,
        **options,
    )
    page.load(event_handler(app, resume, output_count), rater_state, outputs, **options)


def _is_rater(survey: Survey, rater_id: Any) -> bool:
    """Return whether ``rater_id`` is the identifier of a rater who has begun this survey."""
    return isinstance(rater_id, str) and survey.answers.counts(rater_id)[1] > 0


def _welcome(survey: Survey) -> str:
    about = survey.description
    return (
        f"<div class='asking'><h2>{html.escape(about.question)}</h2>"
        f"<p>You will see {about.each} pictures, one at a time. Some are photographs as they were"
        " taken; others were colored by a computer. Decide for each picture whether it is real."
        " Take as much time as you like. You cannot go back to a picture.</p>"
        "<p>Your answers and their times are stored under a number, without your name.</p></div>"
    )


def _question(question: Question) -> str:
    data = base64.b64encode(read_regular(question.picture)).decode("ascii")
    return (
        f"<div class='asking'><h2>{html.escape(question.text)}</h2>"
        f"<img id='shown' src='data:image/png;base64,{data}' alt='Picture {question.number}'>"
        f"<progress max='{question.total}' value='{question.number - 1}' aria-hidden='true'>"
        f"</progress><p role='status'>Picture {question.number} of {question.total}</p></div>"
    )


def _thanks(rater: Rater) -> str:
    answered_count, _ = rater.progress
    return (
        "<div class='asking'><h2>Thank you</h2>"
        f"<p role='status'>You have answered all {answered_count} questions."
        " You can close this page.</p></div>"
    )
