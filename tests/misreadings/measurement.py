"""Classes in the pipeline: what becomes of each answer in each mode of the second look."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aita.models.api import RunOptions
from aita.models.grade import Cell, cell_id
from aita.models.second_look import See
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.gradebook import Gradebook
from tests.adversary.pages import file_of
from tests.adversary.session import Stages
from tests.misreadings.classes import MadeUpAnswer, MadeUpClass, MadeUpStudent
from tests.misreadings.model import SEES, Model, rows_of
from tests.support.fakes import ASSIGNMENT

MODES: dict[str, dict[str, Any]] = {
    "never": {"see": See.NEVER},
    "doubtful": {"see": See.DOUBTFUL},
    "always": {"see": See.ALWAYS},
}
"""Options of a grading, by the name of the mode."""

if "readings" in RunOptions.model_fields:  # of versions that can read the strips once more
    MODES["readings 2"] = {"see": See.DOUBTFUL, "readings": 2}

SHOWS_ALL = "always"
"""Mode that tells which answers a second look can see at all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer in a mode.

    Parameters
    ----------
    unseen
        Reason for which no second look can show the answer as it was written; empty if one can.
    is_seen
        Whether its grader saw it on the page.
    is_open
        Whether a person looks at it.
    """

    mode: str
    answer: MadeUpAnswer
    unseen: str
    is_seen: bool
    is_open: bool
    points: float | None

    @property
    def is_right(self) -> bool:
        """Whether the answer is closed with the points that it deserves."""
        return not self.is_open and self.points == self.answer.deserved

    @property
    def is_wrong(self) -> bool:
        """Whether the answer is closed with other points than it deserves."""
        return not self.is_open and not self.is_right


Cells = dict[tuple[str, str], Cell]
"""Cells of a class by the student's folder and the question's id."""


def measure(seed: int, students: int, sees: float = SEES) -> Iterator[Outcome]:
    """Yield what becomes of the answers of the class of a seed in each mode.

    Parameters
    ----------
    sees
        Share of the answers that a second look reads rightly.
    """
    made = MadeUpClass.of(seed, students)
    stages = read_class(made, Model(made.readings(), sees))
    cells = {mode: grade_class(stages, made, options) for mode, options in MODES.items()}
    for student in made.students:
        for question_id, answer in student.answers.items():
            place = student.folder, question_id
            unseen = _unseen(student, question_id, cells[SHOWS_ALL][place])
            for mode, graded in cells.items():
                cell = graded[place]
                yield Outcome(mode, answer, unseen, _is_seen(cell), cell.state.is_open, cell.points)


def read_class(made: MadeUpClass, model: Model) -> Stages:
    """Return stages in which a class has handed in its exam, and was transcribed."""
    stages = Stages()
    stages.model.otherwise = lambda request: model.reply(request, stages.model.images[-1])
    exam = {"exam_name": "Made up", "total_pages": len(made.blank_exam)}
    stages.put(object_keys.QUESTIONS, exam | {"questions": [each.question() for each in made.questions]})
    keys = {each.question_id: {"correct_answer": "; ".join(each.expected)} for each in made.questions}
    stages.put(object_keys.USER_ANSWER_KEYS, keys)
    stages.put(object_keys.USER_RUBRICS, {each.question_id: each.rubric() for each in made.questions})
    stages.put("blank_exam.pdf", file_of(made.blank_exam))
    for student in made.students:
        stages.put(f"scans/{student.folder}/exam.pdf", file_of(student.pages))
    stages.run("rubric")
    stages.run("transcribe")
    return stages


def grade_class(stages: Stages, made: MadeUpClass, options: Mapping[str, Any]) -> Cells:
    """Grade a class that was transcribed, anew, and return its cells."""
    stages.run("grade", enable_checkpointing=False, **options)
    material = AssignmentFiles(stages.objects, ASSIGNMENT, stages.decisions)
    book = Gradebook.of(material, stages.decisions.all(ASSIGNMENT))
    ids = {each.folder: each.student_id for each in material.students()[0].students}
    return {
        (student.folder, question_id): book.cell(cell_id(ids[student.folder], question_id))
        for student in made.students
        for question_id in student.answers
    }


def _is_seen(cell: Cell) -> bool:
    return cell.second_look is not None and bool(cell.second_look.strips)


def _unseen(student: MadeUpStudent, question_id: str, cell: Cell) -> str:
    """Return the reason for which a look at all answers does not show this one with each of its lines."""
    look = cell.second_look
    if look is None:
        return "no second look"
    if not look.strips:
        return look.missing.partition(": ")[2] or look.missing
    for number, page in enumerate(student.pages, 1):
        rows = [(strip.top, strip.bottom) for strip in look.strips if strip.page == number]
        if not all(any(top <= middle <= bottom for top, bottom in rows) for middle in rows_of(page, question_id)):
            return "a line of it is on no strip"
    return ""
