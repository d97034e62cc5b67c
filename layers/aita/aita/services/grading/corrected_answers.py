"""Answers with the texts that people corrected."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from aita.models.answer import Presence, QuestionAnswer, StudentAnswers
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import ExamSpec, Page
from aita.models.grade import cell_id
from aita.models.review_flags import FlagKind
from aita.services.grading.decided_questions import decided_cell
from aita.services.grading.standing_decisions import in_order, standing

_OF_THE_READING = frozenset(
    {
        FlagKind.LOW_CONFIDENCE,
        FlagKind.NO_BLANK_EXAM,
        FlagKind.PRESENCE_DISAGREES,
        FlagKind.UNEXPLAINED_INK,
        FlagKind.UNREAD,
    }
)
"""Doubts about the text, which a person has settled by writing it down. Doubts about whose it is, where it ends and
whom it speaks to stay."""


class Corrections:
    """The last corrected transcription of each answer.

    Parameters
    ----------
    decisions
        People's decisions, in any order.
    exam
        Present exam.
    pages
        Pages by student id.
    """

    def __init__(self, decisions: Iterable[Decision], exam: ExamSpec, pages: Mapping[str, Sequence[Page]]) -> None:
        find_cell = decided_cell(exam)
        self._pages = pages
        made = standing(in_order(decisions))
        self._last = {find_cell(each): each for each in made if each.action is DecisionAction.CORRECT}

    def applied(self, answers: Mapping[str, StudentAnswers]) -> dict[str, StudentAnswers]:
        """Return answers, by student id, with the corrected texts of those that are still read as they were then."""
        if not self._last:
            return dict(answers)
        return {
            student_id: each.model_copy(
                update={"question_answers": tuple(self._applied(student_id, one) for one in each.question_answers)}
            )
            for student_id, each in answers.items()
        }

    def outdated(self, answers: Mapping[str, StudentAnswers]) -> dict[str, Decision]:
        """Return the corrections that count no longer, as the answer is read otherwise now, by cell id.

        Parameters
        ----------
        answers
            Answers as from ``applied``.
        """
        corrected = {
            cell_id(student_id, one.question_id)
            for student_id, each in answers.items()
            for one in each.question_answers
            if one.read_by_person
        }
        return {cell: decision for cell, decision in self._last.items() if cell not in corrected}

    def _applied(self, student_id: str, answer: QuestionAnswer) -> QuestionAnswer:
        decision = self._last.get(cell_id(student_id, answer.question_id))
        if decision is None or decision.reading != reading_version(answer, self._pages.get(student_id, ())):
            return answer
        return answer.model_copy(
            update={
                "raw_text": decision.transcription,
                "confidence": 1.0,
                "flags": tuple(flag for flag in answer.flags if flag.kind not in _OF_THE_READING),
                "presence": Presence.WRITTEN,
                "read_by_person": True,
            }
        )


def reading_version(answer: QuestionAnswer, pages: Sequence[Page]) -> str:
    """Return the version of what was read of an answer: its text and places, and the images of its pages."""
    images = {page.page: page.sha256 for page in pages}
    places = [(*each.model_dump().values(), images.get(each.page)) for each in answer.pages]
    return hashlib.sha256(json.dumps([answer.raw_text, places]).encode()).hexdigest()[:32]
