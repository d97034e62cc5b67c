"""Unplaced parts of a class's pages, with people's decisions about them.

Whoever reads answers or grades reads them through this module, so that a decision about a part reaches grading, review,
totals, exports, reports and the audit alike. Nothing of it is stored but the ledger and the decisions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from aita.models.answer import StudentAnswers
from aita.models.exam import ExamSpec
from aita.models.grade import question_version
from aita.models.ledger import Part
from aita.models.part_decision import PartAction, PartDecision
from aita.models.transcription import Line, PageTranscription
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.placed_parts import with_parts

PartKey = tuple[str, str]
"""Student id and part id: one picture in two students' folders has parts of the same id."""


@dataclass(frozen=True, slots=True)
class UnplacedParts:
    """Unplaced parts by student id, page by page and from top to bottom, with the last decision about each.

    ``wordings`` are the versions of the exam's questions. ``transcriptions`` are each student's transcribed pages; they
    are read only if a part belongs to an answer.
    """

    parts: Mapping[str, tuple[Part, ...]]
    decisions: Mapping[PartKey, tuple[PartDecision, ...]]
    wordings: Mapping[str, str]
    transcriptions: Mapping[str, tuple[PageTranscription, ...]]

    FILES = (object_keys.LEDGER,)
    """Names of the assignment's files that ``of`` reads, beside the transcriptions if a part belongs to an answer."""

    @classmethod
    def of(cls, material: AssignmentFiles, exam: ExamSpec) -> Self:
        """Return an assignment's unplaced parts; none for data before version 0.3.

        Raises
        ------
        InvalidMaterialError
            If a file is invalid.
        """
        parts = material.unplaced_parts()
        decisions = _by_part(material.part_decisions()) if parts else {}
        belongs = any(each.action is PartAction.BELONGS for history in decisions.values() for each in history)
        return cls(
            parts=parts,
            decisions=decisions,
            wordings={question.question_id: question_version(question) for question in exam.questions},
            transcriptions=material.transcriptions() if belongs else {},
        )

    def history(self, student_id: str, part_id: str) -> tuple[PartDecision, ...]:
        """Return all decisions about a part, from the oldest to the newest."""
        return self.decisions.get((student_id, part_id), ())

    def decision(self, student_id: str, part_id: str) -> PartDecision | None:
        """Return the decision about a part that counts, which is the last one; ``None`` while the part is undecided.

        A part that was given to a question is that question's under its present id. It is undecided if the exam has
        the question no more, or in other words, or if its id is gone and several questions have these words.
        """
        history = self.history(student_id, part_id)
        if not history:
            return None
        last = history[-1]
        if last.action is not PartAction.BELONGS or self.wordings.get(last.question_id or "") == last.question:
            return last
        alike = [question_id for question_id, wording in self.wordings.items() if wording == last.question]
        return last.model_copy(update={"question_id": alike[0]}) if len(alike) == 1 else None

    def undecided(self, student_id: str) -> tuple[Part, ...]:
        """Return a student's undecided parts."""
        return tuple(part for part in self.parts.get(student_id, ()) if self.decision(student_id, part.part_id) is None)

    def beside(self, student_id: str) -> dict[str, tuple[Part, ...]]:
        """Return a student's undecided parts that may belong to an answer, by question id."""
        found: dict[str, tuple[Part, ...]] = {}
        for part in self.undecided(student_id):
            for question_id in part.opens:
                found[question_id] = (*found.get(question_id, ()), part)
        return found

    def given(self, student_id: str, question_id: str) -> tuple[Part, ...]:
        """Return the parts that a person gave to a student's answer."""
        found = ((part, self.decision(student_id, part.part_id)) for part in self.parts.get(student_id, ()))
        return tuple(part for part, decision in found if decision is not None and decision.question_id == question_id)

    def placed(self, answers: Mapping[str, StudentAnswers]) -> dict[str, StudentAnswers]:
        """Return answers, by student id, together with the parts that people gave to them."""
        return {student_id: self._placed(student_id, each) for student_id, each in answers.items()}

    def _placed(self, student_id: str, answers: StudentAnswers) -> StudentAnswers:
        given: dict[str, list[tuple[Part, str]]] = {}
        pages = self.transcriptions.get(student_id, ())
        for part in self.parts.get(student_id, ()):
            decision = self.decision(student_id, part.part_id)
            if decision is not None and decision.question_id is not None:
                text = "\n".join(line.text for line in lines_of(part, pages)).strip()
                given.setdefault(decision.question_id, []).append((part, text))
        if not given:
            return answers
        placed = tuple(with_parts(each, given.get(each.question_id, ())) for each in answers.question_answers)
        return answers.model_copy(update={"question_answers": placed})


NO_PARTS = UnplacedParts(parts={}, decisions={}, wordings={}, transcriptions={})


def lines_of(part: Part, pages: Iterable[PageTranscription]) -> tuple[Line, ...]:
    """Return the lines that were read in a part, from its student's transcribed pages."""
    found = dict(enumerate((line for page in pages if page.page == part.page for line in page.lines), 1))
    return tuple(found[number] for number in part.lines if number in found)


def _by_part(decisions: Iterable[PartDecision]) -> dict[PartKey, tuple[PartDecision, ...]]:
    found: dict[PartKey, tuple[PartDecision, ...]] = {}
    for decision in sorted(decisions, key=lambda each: (each.at, each.decision_id)):
        key = (decision.student_id, decision.part_id)
        found[key] = (*found.get(key, ()), decision)
    return found
