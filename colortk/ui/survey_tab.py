"""The tab "Survey": "Is the shown image real?", or "Which looks more natural?", one at a time.

A picture is part of the message with its question, so that it has no URL and no name. Each answer
is stored before the next question is shown.
"""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path
from typing import Any

from colortk.io.regular_files import read_regular
from colortk.survey.pairs.session import PairQuestion, PairRater, PairSurvey
from colortk.survey.session import Question, Rater, Survey
from colortk.ui._gradio import gr
from colortk.ui.event_handlers import AppContext, RequestContext, event_handler, notice

#: Key with which Gradio encrypts values that a browser stores. The identifier is not secret.
SECRET = "colortk survey"


def build(app: AppContext, survey: Survey | PairSurvey, page: Any) -> None:
    """Create the elements of the tab in the current block of Gradio.

    Parameters
    ----------
    app : AppContext
        The page.
    survey : Survey or PairSurvey
        The survey.
    page : gradio.Blocks
        The blocks of the page, whose loading resumes the survey.
    """
    key = hashlib.sha256(survey.description.text().encode()).hexdigest()[:16]
    rater_state = gr.BrowserState(None, storage_key=f"colortk-survey-{key}", secret=SECRET)
    question_state = gr.State(None)
    is_pairs = isinstance(survey, PairSurvey)
    first_text, second_text = (
        ("Left (L)", "Right (R)") if is_pairs else ("Real (R)", "Not real (N)")
    )
    first_id, second_id = ("left", "right") if is_pairs else ("real", "not-real")
    begin_text = "I agree, begin" if is_pairs else "Begin"
    with gr.Column(elem_id="survey"):
        stage = gr.HTML(_welcome(survey), elem_id="stage")
        with gr.Row(elem_id="answers"):
            first = gr.Button(first_text, visible=False, elem_id=first_id, variant="primary")
            second = gr.Button(second_text, visible=False, elem_id=second_id, variant="primary")
        begin = gr.Button(begin_text, variant="primary", elem_id="begin")
        error_notice = notice()
    outputs = [rater_state, question_state, stage, first, second, begin, error_notice]
    output_count = len(outputs) - 1

    def show_next(rater: Rater | PairRater) -> Any:
        question = rater.next()
        if question is None:
            buttons = [gr.update(visible=False)] * 3
            return [rater.id, None, _thanks(rater), *buttons]
        visible = [gr.update(visible=True)] * 2
        shown = _pair(question) if isinstance(question, PairQuestion) else _question(question)
        return [rater.id, question.id, shown, *visible, gr.update(visible=False)]

    def resume(context: RequestContext, rater_id: Any) -> Any:
        """Show the next question to a rater who has begun, and the welcome to others."""
        if not _is_rater(survey, rater_id):
            return [gr.skip()] * output_count
        return show_next(survey.rater(rater_id))

    def start(context: RequestContext, rater_id: Any) -> Any:
        return show_next(survey.rater(rater_id if isinstance(rater_id, str) else None))

    def answer(value: bool) -> Any:
        """Store an answer: real, or the right side."""

        def store(context: RequestContext, rater_id: Any, question: Any) -> Any:
            rater = survey.rater(rater_id if isinstance(rater_id, str) else None)
            if isinstance(question, str) and rater.id == rater_id:
                rater.answer(question, value)
            return show_next(rater)

        return store

    options = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    begin.click(event_handler(app, start, output_count), rater_state, outputs, **options)
    first.click(
        event_handler(app, answer(not is_pairs), output_count),
        [rater_state, question_state],
        outputs,
        **options,
    )
    second.click(
        event_handler(app, answer(is_pairs), output_count),
        [rater_state, question_state],
        outputs,
        **options,
    )
    page.load(event_handler(app, resume, output_count), rater_state, outputs, **options)


def _is_rater(survey: Survey | PairSurvey, rater_id: Any) -> bool:
    """Return whether ``rater_id`` is the identifier of a rater who has begun this survey."""
    return isinstance(rater_id, str) and survey.answers.counts(rater_id)[1] > 0


def _welcome(survey: Survey | PairSurvey) -> str:
    about = survey.description
    if isinstance(survey, PairSurvey):
        return _pairs_welcome(survey)
    return (
        f"<div class='asking'><h2>{html.escape(about.question)}</h2>"
        f"<p>You will see {about.each} pictures, one at a time. Some are photographs as they were"
        " taken; others were colored by a computer. Decide for each picture whether it is real."
        " Take as much time as you like. You cannot go back to a picture.</p>"
        "<p>Your answers and their times are stored under a number, without your name.</p></div>"
    )


def _pairs_welcome(survey: PairSurvey) -> str:
    about = survey.description
    consent = "".join(
        f"<p>{html.escape(part)}</p>" for part in about.consent.split("\n\n") if part.strip()
    )
    limit = (
        "Take as much time as you like."
        if about.exposure_ms is None
        else f"Each pair disappears after {about.exposure_ms / 1000:g} seconds; then decide."
    )
    return (
        f"<div class='asking'><h2>{html.escape(about.question)}</h2>"
        f"<p>You will see {about.total} pairs of pictures. Choose in each pair the picture that"
        f" looks more natural. {limit} You cannot go back.</p>{consent}</div>"
    )


def _pair(question: PairQuestion) -> str:
    """Return two pictures; an animation of CSS hides them, so that no clock of ours is needed."""
    images = "".join(
        f"<img src='{_data_url(path)}' alt='{side} picture'>"
        for side, path in (("Left", question.left), ("Right", question.right))
    )
    timed = ""
    if question.exposure_ms is not None:
        timed = f" class='timed' style='animation-delay: {question.exposure_ms}ms'"
    return (
        f"<div class='asking pair'><h2>{html.escape(question.text)}</h2>"
        f"<div id='shown' data-question='{question.number}'><div{timed}>{images}</div></div>"
        f"<progress max='{question.total}' value='{question.number - 1}' aria-hidden='true'>"
        f"</progress><p role='status'>Pair {question.number} of {question.total}</p></div>"
    )


def _data_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(read_regular(path)).decode("ascii")


def _question(question: Question) -> str:
    return (
        f"<div class='asking'><h2>{html.escape(question.text)}</h2>"
        f"<img id='shown' src='{_data_url(question.picture)}' alt='Picture {question.number}'>"
        f"<progress max='{question.total}' value='{question.number - 1}' aria-hidden='true'>"
        f"</progress><p role='status'>Picture {question.number} of {question.total}</p></div>"
    )


def _thanks(rater: Rater | PairRater) -> str:
    answered_count, _ = rater.progress
    return (
        "<div class='asking'><h2>Thank you</h2>"
        f"<p role='status'>You have answered all {answered_count} questions."
        " You can close this page.</p></div>"
    )
