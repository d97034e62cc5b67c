"""Second looks: which answers graders see on the page, too, and by which strips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from aita.models.answer import AnswerPlace, QuestionAnswer
from aita.models.exam import Page, Question, QuestionType
from aita.models.ledger import Part
from aita.models.scan import StudentScans
from aita.models.second_look import SecondLook, See, Strip
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.answer_strips import NO_LEDGER, PageContent, strips
from aita.services.grading.doubtful_readings import reading_doubts
from aita.services.grading.unplaced_parts import UnplacedParts

NOT_CUT = "its strips were not cut"

Look = tuple[tuple[Strip, ...], SecondLook | None]
"""Strips that are seen or read again, and the second look as it is known before; none and ``None`` without one."""

NO_LOOK: Look = ((), None)


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """Second looks at an assignment's answers.

    Parameters
    ----------
    see, readings
        Answers that graders see, and readings of each answer. If they see none and there are two readings, the strips
        of doubtful answers are for the second reading alone.
    contents
        Parts of each student's pages, by student id; of students without a ledger nothing is shown.
    cut
        Strips that are cut, by their keys.
    """

    assignment: str
    see: See
    readings: int
    contents: Mapping[str, Sequence[Part]]
    pages: Mapping[str, Sequence[Page]]
    scans: Mapping[str, StudentScans]
    parts: UnplacedParts
    cut: Mapping[str, Strip]

    @classmethod
    def of(cls, material: AssignmentFiles, see: See, readings: int, parts: UnplacedParts) -> Self:
        """Return the second looks at an assignment's answers; nothing is read for ``never`` with one reading.

        Raises
        ------
        InvalidMaterialError
            If a file is invalid.
        """
        if see is See.NEVER and readings == 1:
            return cls(material.assignment, see, readings, {}, {}, {}, parts, {})
        return cls(
            assignment=material.assignment,
            see=see,
            readings=readings,
            contents={student_id: each.parts for student_id, each in material.page_contents().items()},
            pages=material.pages(),
            scans=material.scans(),
            parts=parts,
            cut={strip.key: strip for of_student in material.strips().values() for strip in of_student},
        )

    def at(self, student_id: str, question: Question, answer: QuestionAnswer) -> Look:
        """Return the second look at an answer that a model grades. Strips that are not cut yet have no digest.

        A text that a person corrected needs none, but for a drawing's, as its grader would see the page with its head.
        """
        is_drawing = question.question_type is QuestionType.DIAGRAM
        if (self.see is See.NEVER and self.readings == 1) or (answer.read_by_person and not is_drawing):
            return NO_LOOK
        doubts = reading_doubts(question, answer)
        if not doubts and self.see is not See.ALWAYS:
            return NO_LOOK
        shown, missing = self._strips(student_id, question, answer)
        seen = shown if self.see is not See.NEVER else ()
        places = tuple(AnswerPlace(page=each.page, top=each.top, bottom=each.bottom) for each in seen)
        return shown, SecondLook(doubts=doubts, strips=places, missing=missing)

    def _strips(self, student_id: str, question: Question, answer: QuestionAnswer) -> tuple[tuple[Strip, ...], str]:
        if student_id not in self.contents:
            return (), NO_LEDGER
        given = frozenset(part.part_id for part in self.parts.given(student_id, question.question_id))
        found, missing = strips(
            self.assignment, student_id, question.question_id, answer.pages, self._page_contents(student_id), given
        )
        return tuple(self.cut.get(each.key, each) for each in found), missing

    def _page_contents(self, student_id: str) -> dict[int, PageContent]:
        scans = self.scans.get(student_id, StudentScans())
        ink = dict(enumerate(scans.ink, 1))
        return {
            page.page: PageContent(
                page=page,
                parts=tuple(part for part in self.contents[student_id] if part.page == page.page),
                ink=ink.get(page.page),
                masked=scans.masked_on(page.page),
            )
            for page in self.pages.get(student_id, ())
        }


def only_cut(look: Look) -> Look:
    """Return a second look without strips if one of them is not cut: a part of an answer is no image of it."""
    shown, found = look
    if found is None or all(strip.sha256 for strip in shown):
        return look
    return (), found.model_copy(update={"strips": (), "missing": NOT_CUT})
