"""Answers with the texts that people corrected."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from aita.models.answer import Presence, QuestionAnswer, StudentAnswers
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import ExamSpec, Page
from aita.models.grade import cell_id
from aita.models.review_flags import Flag, FlagKind
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

_OF_THE_GRADING = frozenset(
    {
        FlagKind.QUOTE_NOT_FOUND,
        FlagKind.READING_DIFFERS,
        FlagKind.READ_ONCE,
        FlagKind.POINTS_OUT_OF_RANGE,
        FlagKind.ILLEGIBLE,
        FlagKind.GRADERS_DISAGREE,
        FlagKind.UNEQUAL_POINTS,
        FlagKind.GRADER_FAILED,
    }
)
"""Doubts about a grading, which tell nothing of a text that was not graded yet."""


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
        if not self._last:
            return {}
        counting = self.counting(answers)
        return {cell: decision for cell, decision in self._last.items() if cell not in counting}

    def counting(self, answers: Mapping[str, StudentAnswers]) -> dict[str, Decision]:
        """Return the corrections that count, by cell id.

        Parameters
        ----------
        answers
            Answers as from ``applied``.
        """
        if not self._last:
            return {}
        return {
            cell: self._last[cell]
            for student_id, each in answers.items()
            for one in each.question_answers
            if one.read_by_person and (cell := cell_id(student_id, one.question_id)) in self._last
        }

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


def left_by_correction(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Return the flags of a grading that a correction made since leaves: those that are not about the former text."""
    return tuple(flag for flag in flags if flag.kind not in _OF_THE_READING | _OF_THE_GRADING)


def reading_version(answer: QuestionAnswer, pages: Sequence[Page]) -> str:
    """Return the version of an answer's reading: its text and places, and the images of its pages."""
    images = {page.page: page.sha256 for page in pages}
    places = [(*each.model_dump().values(), images.get(each.page)) for each in answer.pages]
    return hashlib.sha256(json.dumps([answer.raw_text, places]).encode()).hexdigest()[:32]
