"""Builder of the reports' content from an assignment's files and decisions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

from aita.errors import MissingInputError
from aita.models.answer import QuestionAnswer, StudentAnswers
from aita.models.class_report import ClassReport, OpenCell, RunLine, StudentLine
from aita.models.decision import Decision
from aita.models.exam import ExamSpec, Page, Rubric
from aita.models.grade import Cell, StudentGrades
from aita.models.match import MatchDecision
from aita.models.part_decision import PartAction
from aita.models.report import PageReport, PageScan, PartReport, QuestionReport, StudentReport, TranscriptionReport
from aita.models.run import Run, StageCounts
from aita.models.scan import StudentScans
from aita.models.student import Students
from aita.models.transcription import PageTranscription
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.grading.corrected_answers import Corrections
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.material_versions import rubric_version
from aita.services.grading.student_view import shown_answers
from aita.services.grading.unplaced_parts import NO_PARTS, UnplacedParts, lines_of
from aita.services.reporting.class_statistics import (
    criterion_figures,
    graded_criteria,
    grader_lines,
    letter_counts,
    most_missed,
    question_figures,
)
from aita.services.reporting.file_names import file_names

Scans = Mapping[int, PageScan]
"""Page images of a student, by the page's number."""


@dataclass(frozen=True)
class ReportSources:
    """Sources of an assignment's reports, read once.

    ``rubrics`` are keyed by the versions in the cells; ``gradebook`` is ``None`` while nothing was graded. ``reader``
    and ``grader`` are the stack's present models, which the reports name if nothing else records the model that read or
    graded.
    ``untranscribed`` are the folders that were uploaded after the last transcription.
    """

    assignment: str
    exam: ExamSpec | None
    rubrics: dict[str, Rubric]
    students: Students
    pages: dict[str, tuple[Page, ...]]
    scans: dict[str, StudentScans]
    transcriptions: dict[str, tuple[PageTranscription, ...]]
    answers: dict[str, StudentAnswers]
    parts: UnplacedParts
    gradebook: Gradebook | None
    reader: str
    grader: str
    untranscribed: tuple[str, ...]

    FILES = (*Gradebook.FILES, *ClassList.FILES)
    """Names of the files that graded reports are made from, beside the list of uploads."""

    @classmethod
    def read(
        cls,
        material: AssignmentFiles,
        decisions: Callable[[str], Iterable[Decision]],
        matches: Iterable[MatchDecision],
        *,
        reader: str = "",
        grader: str = "",
    ) -> Self:
        """Read an assignment's files, with people's decisions about its answers and its students' matches.

        Raises
        ------
        InvalidMaterialError
            If a file is invalid.
        MissingMaterialError
            If there are grades, but no questions.
        """
        listed = ClassList.of(material, matches)
        gradebook = None
        answers = material.answers()
        if material.has_exam() or material.grades():  # grades without their questions are an error, not left out
            made = tuple(decisions(material.assignment))
            gradebook = Gradebook.of(material, made)
            corrections = Corrections(made, gradebook.exam, material.pages())
            answers = corrections.applied(gradebook.parts.placed(answers))
        return cls(
            assignment=material.assignment,
            exam=gradebook.exam if gradebook else None,
            rubrics=_rubrics(material, gradebook) if gradebook else {},
            students=listed.students,
            pages=material.pages(),
            scans=material.scans(),
            transcriptions=material.transcriptions(),
            answers=answers,
            parts=gradebook.parts if gradebook else NO_PARTS,
            gradebook=gradebook if gradebook and gradebook.students else None,
            reader=reader,
            grader=grader,
            untranscribed=listed.untranscribed,
        )

    @cached_property
    def names(self) -> dict[str, str]:
        """Students' names by id."""
        return self.students.names()

    @property
    def exam_name(self) -> str:
        """Name of the exam or, without questions, of the assignment."""
        return self.exam.exam_name if self.exam else self.assignment

    def student_report(self, student_id: str, scans: Scans, made_at: datetime) -> StudentReport | None:
        """Return a student's graded exam; ``None`` if the student has no grades.

        Raises
        ------
        MissingInputError
            If the student is no longer in the map of students.
        """
        grades = self._grades(student_id)
        if self.gradebook is None or grades is None:
            return None
        answers = self._answers(student_id)
        questions = tuple(
            QuestionReport(
                question=question,
                shown=as_shown,
                rubric=cell.rubric,
                criteria=graded_criteria(cell, self.rubrics),
                answer=answers.get(question.question_id),
            )
            for question, cell, as_shown in zip(
                self.gradebook.exam.questions, grades.cells, shown_answers(self.gradebook, student_id), strict=True
            )
        )
        shown = {place.page for each in questions if each.answer for place in each.answer.pages}
        return StudentReport(
            name=self._name(student_id),
            exam_name=self.exam_name,
            points=grades.points,
            out_of=grades.out_of,
            open_questions=grades.open_questions,
            letter=grades.letter,
            questions=questions,
            scans=tuple(scan for page, scan in scans.items() if page in shown),
            models=self._models(grades.cells),
            made_at=made_at,
            images=tuple(page.sha256 for page in self.pages.get(student_id, ()) if page.page in shown),
            bonus_points=grades.bonus_points,
            extras=self.gradebook.exam.extras,
            open_choices=_choices(self.gradebook.exam, grades.open_questions),
        )

    def transcription_report(self, student_id: str, scans: Scans, made_at: datetime) -> TranscriptionReport:
        """Return a student's pages with their transcriptions.

        Raises
        ------
        MissingInputError
            If the student is no longer in the map of students.
        """
        read = {each.page: each for each in self.transcriptions.get(student_id, ())}
        answers = self._answers(student_id).values()
        first_pages = {answer.question_id: _first_page(answer, scans) for answer in answers}
        mapped = self.answers.get(student_id)
        passed_over = mapped.passed_over if mapped else {}
        return TranscriptionReport(
            name=self._name(student_id),
            exam_name=self.exam_name,
            pages=tuple(
                PageReport(
                    scan,
                    read.get(page),
                    _on_page(page, answers),
                    tuple(each for each in answers if each.flags and first_pages[each.question_id] == page),
                    self._parts_on_page(student_id, page),
                    passed_over.get(page),
                    tuple(each for each in answers if each.read_by_person and first_pages[each.question_id] == page),
                )
                for page, scan in scans.items()
            ),
            not_found=tuple(answer for answer in answers if not answer.pages),
            unreadable=self.scans.get(student_id, StudentScans()).unreadable,
            models=(self.reader,),
            made_at=made_at,
        )

    def class_report(self, runs: Iterable[Run], made_at: datetime) -> ClassReport:
        """Return the report of the whole class, with the cost and time of these runs."""
        names, book = self.names, self.gradebook
        files = file_names(names)
        grades = {student_id: found for student_id in names if (found := self._grades(student_id)) is not None}
        criteria = criterion_figures(self.rubrics, book.exam, grades.values()) if book else ()
        places = {each.question_id: place for place, each in enumerate(book.exam.questions, 1)} if book else {}
        return ClassReport(
            assignment=self.assignment,
            exam=self.exam,
            students=tuple(
                StudentLine(
                    student=student,
                    name=names[student.student_id],
                    file=files[student.student_id],
                    pages=len(self.pages.get(student.student_id, ())),
                    grades=grades.get(student.student_id),
                )
                for student in sorted(self.students.students, key=lambda each: names[each.student_id].casefold())
            ),
            missing=self.students.missing,
            untranscribed=self.untranscribed,
            questions=question_figures(book.exam, grades.values()) if book else (),
            missed=most_missed(criteria),
            review=tuple(
                OpenCell(names[cell.student_id], cell, files[cell.student_id], places[cell.question_id])
                for cell in (book.open_cells() if book else ())
                if cell.student_id in names
            ),
            runs=tuple(_run_line(run) for run in runs),
            models=self._models(cell for each in grades.values() for cell in each.cells),
            made_at=made_at,
            graders=grader_lines(
                (names[cell.student_id], book.graded(cell.cell_id))
                for cell in (book.cells() if book else ())
                if book and cell.student_id in names
            ),
            grades_version=book.version if book else "",
            criteria=criteria,
            letters=letter_counts(book.scale, grades.values()) if book else (),
        )

    def _parts_on_page(self, student_id: str, page: int) -> tuple[PartReport, ...]:
        """Return the parts of a page that belong to no answer, without those that a person gave to one."""
        found = []
        for part in self.parts.parts.get(student_id, ()):
            decision = self.parts.decision(student_id, part.part_id)
            action = decision.action if decision is not None else None
            if part.page == page and action is not PartAction.BELONGS:
                lines = lines_of(part, self.transcriptions.get(student_id, ()))
                found.append(PartReport(part=part, lines=lines, action=action))
        return tuple(found)

    def _grades(self, student_id: str) -> StudentGrades | None:
        return self.gradebook.students.get(student_id) if self.gradebook else None

    def _models(self, cells: Iterable[Cell]) -> tuple[str, ...]:
        return tuple(sorted({cell.model for cell in cells if cell.model} or {self.grader}))

    def _answers(self, student_id: str) -> dict[str, QuestionAnswer]:
        found = self.answers.get(student_id)
        return found.by_question() if found else {}

    def _name(self, student_id: str) -> str:
        if student_id not in self.names:
            raise MissingInputError("the student is no longer in students.json: transcribe again, then report")
        return self.names[student_id]


def _rubrics(material: AssignmentFiles, gradebook: Gradebook) -> dict[str, Rubric]:
    versions = {cell.rubric for cell in gradebook.cells() if cell.rubric}
    found = {version: material.rubric_version(version) for version in versions}
    present = {rubric_version(rubric): rubric for rubric in material.rubrics().values()}  # that people decided by
    return present | {version: rubric for version, rubric in found.items() if rubric is not None}


def _on_page(page: int, answers: Iterable[QuestionAnswer]) -> tuple[tuple[float, QuestionAnswer], ...]:
    found = [(place.top, answer) for answer in answers for place in answer.pages if place.page == page]
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _choices(exam: ExamSpec, question_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the choices that questions are in, in words."""
    found = (exam.choice_of(question_id) for question_id in question_ids)
    return tuple(dict.fromkeys(choice.text for choice in found if choice is not None))


def _first_page(answer: QuestionAnswer, scans: Scans) -> int | None:
    """Return the first page of an answer that is there; ``None`` if none is."""
    return min((place.page for place in answer.pages if place.page in scans), default=None)


def _run_line(run: Run) -> RunLine:
    return RunLine(
        pipeline=run.pipeline,
        status=run.status,
        started_at=run.created_at,
        seconds=sum(_seconds(counts) for counts in run.stages.values()),
        usage=run.usage,
    )


def _seconds(counts: StageCounts) -> float:
    if counts.started_at is None or counts.ended_at is None:
        return 0.0
    return (counts.ended_at - counts.started_at).total_seconds()
