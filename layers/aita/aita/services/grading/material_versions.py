"""Versions: digests of a grade's inputs, which show the changes since the grading."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Self

from aita.models.answer import QuestionAnswer, StudentAnswers
from aita.models.decision import Decision
from aita.models.exam import AnswerKey, ExamSpec, Page, Rubric
from aita.models.grade import Cell, CellState, cell_id, question_version
from aita.models.scan import StudentScans
from aita.services.answers.blank_detection import INK_FLAGS
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.uploaded_files import blank_exam_files, uploaded_scans
from aita.services.grading.corrected_answers import Corrections
from aita.services.grading.unplaced_parts import UnplacedParts

DIGITS = 32
"""Number of hexadecimal digits of a version."""

ANSWER, RUBRIC, ANSWER_KEY, INSTRUCTIONS = "answer", "rubric", "answer_key", "instructions"
"""Fields of a cell that hold versions, beside the question's."""

NOTES = {
    ANSWER: "the answer's scan, transcription or place",
    RUBRIC: "the rubric",
    ANSWER_KEY: "the answer key",
    INSTRUCTIONS: "the instructions or the step of points",
}
"""Changed material, in words, by the field of the cell whose version differs from the present one."""

_UPLOADED = "the student's scans, of which one was uploaded since"
_PAGES = "the student's pages, which were split and not transcribed since"
_MOVED = "the question's id, which another question had"
_BLANK_EXAM = "the blank exam"


class Changes(NamedTuple):
    """Changes since a cell was graded.

    Parameters
    ----------
    notes
        Names of the changed material, in words.
    version
        Version of all present material of the cell.
    affect_answer
        Whether the answer has changed, or may have, so that the proposal can't be accepted.
    affect_scans
        Whether the scans must be transcribed before the answer can be graded.
    corrected
        Whether a person has corrected the text since, so that doubts about it are about another one.
    """

    notes: tuple[str, ...] = ()
    version: str = ""
    affect_answer: bool = False
    affect_scans: bool = False
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of an assignment's present material: stored files and people's decisions, not results of code.

    ``answers`` have the parts that people gave to them, and the texts that people corrected; ``corrections`` are those
    that count, and ``outdated_corrections`` those that count no longer, by cell id. ``parts`` are the unplaced parts.
    ``uploaded`` has the ids of the scans that were uploaded after the pages were split, by student id, and
    ``blank_exam`` the ids of the blank exam's files. ``moved`` returns a student's questions of ``moved_questions``.
    ``of_question`` returns the versions that all answers to a question share, by the cell's fields.
    """

    rubrics: Mapping[str, Rubric]
    answer_keys: Mapping[str, AnswerKey]
    answers: Mapping[str, StudentAnswers]
    scans: Mapping[str, StudentScans]
    pages: Mapping[str, Sequence[Page]]
    uploaded: Mapping[str, Sequence[str]]
    blank_exam: tuple[str, ...]
    moved: Callable[[str], frozenset[str]]
    of_question: Callable[[str], Mapping[str, str]]
    parts: UnplacedParts
    corrections: Mapping[str, Decision]
    outdated_corrections: Mapping[str, Decision]

    FILES = (
        *UnplacedParts.FILES,
        object_keys.USER_ANSWER_KEYS,
        object_keys.USER_RUBRICS,
        object_keys.RUBRICS,
        object_keys.ANSWER_KEYS,
        object_keys.RUBRIC_INSTRUCTIONS,
        object_keys.QUESTION_INSTRUCTIONS,
        object_keys.ANSWERS,
        object_keys.SCANS,
        object_keys.PAGES,
        object_keys.STUDENTS,
    )
    """Names of the assignment's files that ``of`` reads, beside the exam and the list of uploads."""

    @classmethod
    def of(cls, material: AssignmentFiles, exam: ExamSpec, decisions: Iterable[Decision]) -> Self:
        """Return the versions of an assignment's files.

        Parameters
        ----------
        decisions
            People's decisions about cells, in any order.

        Raises
        ------
        InvalidMaterialError
            If a file is invalid.
        """
        parts = UnplacedParts.of(material, exam)
        pages = material.pages()
        corrections = Corrections(decisions, exam, pages)
        answers = corrections.applied(parts.placed(material.answers()))
        now = {question.question_id: question_version(question) for question in exam.questions}
        rubrics, keys = material.rubrics(), material.answer_keys()
        instructions, own = material.rubric_instructions(), material.question_instructions()

        @cache
        def of_question(question_id: str) -> Mapping[str, str]:
            return {
                RUBRIC: rubric_version(rubrics.get(question_id)),
                ANSWER_KEY: key_version(keys.get(question_id)),
                INSTRUCTIONS: instructions_version(instructions, own.get(question_id, ""), exam.points_step),
            }

        return cls(
            rubrics=rubrics,
            answer_keys=keys,
            answers=answers,
            scans=material.scans(),
            pages=pages,
            uploaded=_uploaded(material),
            blank_exam=tuple(object_keys.source_id(file.key, file.etag) for file in blank_exam_files(material)),
            moved=cache(lambda student_id: frozenset(moved_questions(now, answers.get(student_id)))),
            of_question=of_question,
            parts=parts,
            corrections=corrections.counting(answers),
            outdated_corrections=corrections.outdated(answers),
        )

    def changes(self, cell: Cell) -> Changes:
        """Return the changes since a cell was graded; the cell must have the versions of its inputs."""
        present = self._present(cell.student_id, cell.question_id)
        return self._with_scan_changes(cell, _notes(cell, present), present)

    def basis_under(self, cell: Cell, question_id: str) -> str:
        """Return the basis of a cell that is unchanged, if its question had this id; empty if it can't be told."""
        if not cell.answer:  # of aita 0.1.0
            return ""
        named = {"question_id": question_id}
        rubric, key = self.rubrics.get(cell.question_id), self.answer_keys.get(cell.question_id)
        versions = {
            "question": cell.question,
            ANSWER: self._answer(cell.student_id, cell.question_id, named),
            RUBRIC: rubric_version(rubric and rubric.model_copy(update=named)),
            ANSWER_KEY: key_version(key and key.model_copy(update=named)),
            INSTRUCTIONS: cell.instructions,
        }
        return basis_of(versions, cell.max_points, cell.graders_asked, cell.disagreement)

    def add_scan_changes(self, cell: Cell, notes: Iterable[str]) -> Changes:
        """Return these changes of a cell's material together with the changes of the student's scans."""
        return self._with_scan_changes(cell, notes, self._present(cell.student_id, cell.question_id))

    def _with_scan_changes(self, cell: Cell, notes: Iterable[str], versions: Mapping[str, str]) -> Changes:
        uploaded, scans = self.uploaded.get(cell.student_id, ()), self.scans.get(cell.student_id)
        compared_with = scans.blank_exam if scans is not None else None
        scan_notes = [_UPLOADED] if uploaded else []
        pages_version = self._other_pages(cell.student_id)
        if pages_version and not uploaded:
            scan_notes.append(_PAGES)
        if compared_with is not None and compared_with != self.blank_exam:
            scan_notes.append(_BLANK_EXAM)
        if cell.question_id in self.moved(cell.student_id):
            scan_notes.append(_MOVED)
        found = (*scan_notes, *notes)
        affect_scans, affect_answer = bool(scan_notes), NOTES[ANSWER] in found
        correction = self.corrections.get(cell_id(cell.student_id, cell.question_id)) if affect_answer else None
        if correction is not None:
            text = f"the answer's text, which {correction.by} corrected"
            found = tuple(text if note == NOTES[ANSWER] else note for note in found)
        present = [versions, uploaded, self.blank_exam]
        version = digest([*present, pages_version] if pages_version else present)
        return Changes(found, version, affect_scans or affect_answer, affect_scans, correction is not None)

    def _other_pages(self, student_id: str) -> str:
        """Return the version of a student's pages if the answers were found on other ones; empty if not, or unknown."""
        student = self.answers.get(student_id)
        if student is None or not student.pages_version:
            return ""
        version = pages_version(self.pages.get(student_id, ()), self.scans.get(student_id))
        return "" if version == student.pages_version else version

    def _present(self, student_id: str, question_id: str) -> dict[str, str]:
        return {ANSWER: self._answer(student_id, question_id), **self.of_question(question_id)}

    def _answer(self, student_id: str, question_id: str, changes: Mapping[str, str] | None = None) -> str:
        student = self.answers.get(student_id)
        answer = student.by_question().get(question_id) if student is not None else None
        if answer is None:
            answer = QuestionAnswer(question_id=question_id)
        answer = answer.model_copy(update=changes)
        return answer_version(answer, self.scans.get(student_id), self.pages.get(student_id, ()))


def _notes(cell: Cell, present: Mapping[str, str]) -> Iterator[str]:
    """Yield the changed material. Of a blank answer only the answer counts, as it is blank under any rubric."""
    for name, note in NOTES.items():
        if getattr(cell, name) != present[name] and (name == ANSWER or cell.state is not CellState.BLANK):
            yield note


def _uploaded(material: AssignmentFiles) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folder, _, file in uploaded_scans(material):
        found.setdefault(folder, []).append(object_keys.source_id(file.key, file.etag))
    return {
        student.student_id: new
        for student in material.student_map().students
        if student.files and (new := sorted({*found.get(student.folder, ())} - student.files.keys()))
    }


def rubric_version(rubric: Rubric | None) -> str:
    """Return the version of a rubric; empty without a rubric."""
    return digest(rubric.model_dump(mode="json")) if rubric else ""


def key_version(key: AnswerKey | None) -> str:
    """Return the version of an answer key; a missing answer key has a version, too."""
    return digest(key and key.model_dump(mode="json", exclude_defaults=True))


def instructions_version(instructions: str, own: str, points_step: float) -> str:
    """Return the version of the instructions for the exam and for one question, without white space at line ends."""
    texts = ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (instructions, own)]
    return digest([*texts, points_step])


def answer_version(answer: QuestionAnswer, scans: StudentScans | None, pages: Sequence[Page]) -> str:
    """Return the version of a student's answer, which covers its text, flags and places, and the pages of the places.

    The answer's presence and the flags that come with it are left out: they follow from the rest, and files of aita
    0.1.0 do not have them.
    """
    answer = answer.model_copy(update={"flags": tuple(flag for flag in answer.flags if flag.kind not in INK_FLAGS)})
    images = {page.page: page.sha256 for page in pages}
    ink = dict(enumerate(scans.ink, 1)) if scans else {}
    on = [(images.get(place.page), ink.get(place.page)) for place in answer.pages]
    return digest(
        [
            answer.model_dump(mode="json", exclude_defaults=True, exclude={"confidence", "question", "presence"}),
            [(image, written and written.findings) for image, written in on],
            scans.unreadable if scans else 0,
        ]
    )


def pages_version(pages: Sequence[Page], scans: StudentScans | None) -> str:
    """Return the version of a student's pages: their images, the ink on them, and the files without a page."""
    scans = scans or StudentScans()
    ink = [found and found.findings for found in scans.ink]
    return digest([[page.sha256 for page in pages], ink, scans.unreadable])


def moved_questions(now: Mapping[str, str], answers: StudentAnswers | None) -> Iterator[str]:
    """Yield the ids whose answers belong to other questions, because ids were swapped after the answers were found.

    Parameters
    ----------
    now
        Versions of the present exam's questions, by question id.
    """
    if answers is None:
        return
    then = {answer.question_id: answer.question for answer in answers.question_answers if answer.question}
    ids_now = {version: question_id for question_id, version in now.items()}
    ids_then = {version: question_id for question_id, version in then.items()}
    for question_id in now.keys() & then.keys():
        was, is_now = then[question_id], now[question_id]
        if was != is_now and {ids_now.get(was), ids_then.get(is_now)} - {None, question_id}:
            yield question_id


def basis_of(versions: Mapping[str, str], points: float, graders: int, disagreement: float | None) -> str:
    """Return the basis of a grade: the digest of its inputs' versions and of the way of grading."""
    return digest([*sorted(versions.items()), points, graders, disagreement])


def digest(value: Any) -> str:
    """Return the digest of a JSON value, in the form of versions."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:DIGITS]
