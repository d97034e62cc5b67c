"""Files in an assignment's folder, by the instructor and by earlier runs, read and validated."""

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Protocol, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from aita.concurrency import together
from aita.errors import InvalidMaterialError, MissingMaterialError, NotFoundError, ObjectNotFoundError, RequestError
from aita.models.answer import StudentAnswers
from aita.models.decision import Decision
from aita.models.exam import (
    AnswerKey,
    ExamSpec,
    OwnAnswerKeys,
    OwnRubrics,
    Page,
    Rubric,
    RubricPoints,
    WrittenFor,
)
from aita.models.grade import Cell, GradeScale
from aita.models.ledger import ContentLedger, Part, StudentLedger, UnplacedLedger
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision
from aita.models.pile import PileSettings, Separation
from aita.models.read_name import ReadName
from aita.models.scan import ExamPages, StudentScans
from aita.models.second_look import AnswerReading, Strip
from aita.models.student import RosterEntry, Students
from aita.models.transcription import PageTranscription
from aita.ports import ObjectStore, StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.file_memory import FileMemory
from aita.services.assignments.roster_csv import read_roster

T = TypeVar("T")

_LATER = ConfigDict(defer_build=True)  # to the first use, as models are
_USER_ANSWER_KEYS: TypeAdapter[dict[str, AnswerKey]] = TypeAdapter(OwnAnswerKeys, config=_LATER)
_USER_RUBRICS: TypeAdapter[dict[str, RubricPoints]] = TypeAdapter(OwnRubrics, config=_LATER)
_QUESTION_INSTRUCTIONS = TypeAdapter(dict[str, str], config=_LATER)
_ANSWER_KEYS = TypeAdapter(dict[str, AnswerKey], config=_LATER)
_WRITTEN_FOR = TypeAdapter(dict[str, WrittenFor], config=_LATER)
_RUBRICS = TypeAdapter(dict[str, Rubric], config=_LATER)
_SCANS = TypeAdapter(dict[str, StudentScans], config=_LATER)
_HEADS = TypeAdapter(dict[str, tuple[Page, ...]], config=_LATER)
_READ_NAMES = TypeAdapter(dict[str, ReadName], config=_LATER)
_TRANSCRIPTIONS = TypeAdapter(dict[str, tuple[PageTranscription, ...]], config=_LATER)
_ANSWERS = TypeAdapter(dict[str, StudentAnswers], config=_LATER)
_LEDGER = TypeAdapter(dict[str, StudentLedger], config=_LATER)
_CONTENT = TypeAdapter(dict[str, ContentLedger], config=_LATER)
_UNPLACED = TypeAdapter(dict[str, UnplacedLedger], config=_LATER)
_STRIPS = TypeAdapter(dict[str, tuple[Strip, ...]], config=_LATER)
_READINGS = TypeAdapter(dict[str, tuple[AnswerReading, ...]], config=_LATER)
_GRADES = TypeAdapter(dict[str, dict[str, Cell]], config=_LATER)
_PAGE_COUNTS = TypeAdapter(dict[str, int], config=_LATER)
_PAGES = TypeAdapter(dict[str, tuple[Page, ...]], config=_LATER)

_PROBLEMS_SHOWN = 5


class MaterialDecisions(Protocol):
    """People's decisions that change an assignment's material, such as those of a ``DecisionStore``."""

    def all(self, assignment: str) -> Iterable[Decision]:
        """Return the decisions about cells, some of which correct the text of an answer."""
        ...

    def on_parts(self, assignment: str) -> Iterable[PartDecision]:
        """Return the decisions about parts of pages."""
        ...

    def matches(self, assignment: str) -> Iterable[MatchDecision]:
        """Return the decisions about students' lines of the roster, of each student from the oldest on."""
        ...


class AssignmentFiles:
    """Files of an assignment. Each method reads its file anew, unless the memory has it.

    All methods raise InvalidMaterialError for an invalid file, with the file, the path in it and the rule.

    Parameters
    ----------
    decisions
        People's decisions. Without them every part of a page is undecided, so that the answers beside it are open,
        students are matched with the roster by their folders' names alone, and no text is a corrected one.
    memory
        Parsed files of earlier requests; the files are then those that were there at the first read.
    """

    def __init__(
        self,
        objects: ObjectStore,
        assignment: str,
        decisions: MaterialDecisions | None = None,
        memory: FileMemory | None = None,
    ) -> None:
        self.objects = objects
        self.assignment = assignment
        self._decisions = decisions
        self._memory = memory

    def exam(self) -> ExamSpec:
        """Return the instructor's questions or, without any, the extracted ones.

        Raises
        ------
        MissingMaterialError
            If there are no questions.
        NotFoundError
            If the assignment has no file at all.
        """
        exam = self.own_exam() or self._read(object_keys.EXAM_SPEC, ExamSpec.model_validate_json)
        if exam is None:
            raise self.missing(
                f"assignment {self.assignment} has no questions.json: upload one (aita upload questions.json "
                f"--assignment {self.assignment}), or have it made (aita extract-questions "
                f"--assignment {self.assignment})"
            )
        return exam

    def countable_exam(self) -> ExamSpec:
        """Return the exam for the start of a run.

        Raises
        ------
        MissingMaterialError
            If there are no questions.
        InvalidMaterialError
            If points or their step are out of bounds.
        """
        own, exam = self.own_exam(), self.exam()
        if problem := exam.problem():
            raise InvalidMaterialError(f"{object_keys.EXAM_SPEC if own is None else object_keys.QUESTIONS}: {problem}")
        return exam

    def own_exam(self) -> ExamSpec | None:
        """Return the instructor's questions, which win over extracted ones; ``None`` without any."""
        return self._read(object_keys.QUESTIONS, ExamSpec.model_validate_json)

    def has_exam(self) -> bool:
        """Return whether there are questions, by the instructor or extracted."""
        return (
            self.own_exam() is not None or self._read(object_keys.EXAM_SPEC, ExamSpec.model_validate_json) is not None
        )

    def user_answer_keys(self) -> dict[str, AnswerKey]:
        """Return the instructor's own answer keys by question id."""
        return self._read(object_keys.USER_ANSWER_KEYS, _USER_ANSWER_KEYS.validate_json) or {}

    def user_rubrics(self) -> dict[str, RubricPoints]:
        """Return the instructor's own rubrics by question id."""
        return self._read(object_keys.USER_RUBRICS, _USER_RUBRICS.validate_json) or {}

    def question_instructions(self) -> dict[str, str]:
        """Return the instructor's instructions by question id."""
        return self._read(object_keys.QUESTION_INSTRUCTIONS, _QUESTION_INSTRUCTIONS.validate_json) or {}

    def rubric_instructions(self) -> str:
        """Return the instructor's instructions for the whole exam."""
        return self._read(object_keys.RUBRIC_INSTRUCTIONS, str.strip) or ""

    def roster(self) -> tuple[RosterEntry, ...] | None:
        """Return the entries of the roster; ``None`` without a roster."""
        try:
            data = self.objects.get(object_keys.material(self.assignment, object_keys.ROSTER))
        except ObjectNotFoundError:
            return None
        return read_roster(data).entries

    def answer_keys(self) -> dict[str, AnswerKey]:
        """Return the answer keys for grading by question id: the instructor's own, else the written ones.

        A gathered copy of an own answer key counts no longer than the own one.
        """
        copies, gathered = self.copies(object_keys.ANSWER_KEYS), self.gathered_answer_keys()
        return {each: gathered[each] for each in gathered if each not in copies} | self.user_answer_keys()

    def gathered_answer_keys(self) -> dict[str, AnswerKey]:
        """Return the answer keys that the last run gathered: written ones, and copies of own ones, by question id."""
        return self._read(object_keys.ANSWER_KEYS, _ANSWER_KEYS.validate_json) or {}

    def page_counts(self) -> dict[str, int]:
        """Return the number of pages of the piles' PDFs, by the files' ids, as the last run counted them."""
        return self._read(object_keys.PAGE_COUNTS, _PAGE_COUNTS.validate_json) or {}

    def pile_settings(self) -> PileSettings:
        """Return the instructor's settings of piles."""
        return self._read(object_keys.PILE_SETTINGS, PileSettings.model_validate_json) or PileSettings()

    def separation(self) -> Separation:
        """Return the booklets that the last run separated the piles into."""
        return self._read(object_keys.BOOKLETS, Separation.model_validate_json) or Separation()

    def pages(self) -> dict[str, tuple[Page, ...]]:
        """Return the pages that the last split gathered, by student id."""
        return self._read(object_keys.PAGES, _PAGES.validate_json) or {}

    def rubrics(self) -> dict[str, Rubric]:
        """Return the rubrics for grading by question id: the instructor's own, else the written ones.

        A gathered copy of an own rubric counts no longer once the instructor has taken it out of ``user_rubrics.json``.
        """
        own = {
            question_id: Rubric(question_id=question_id, **rubric.model_dump())
            for question_id, rubric in self.user_rubrics().items()
        }
        copies = self.copies(object_keys.RUBRICS)
        return {each: rubric for each, rubric in self.gathered_rubrics().items() if each not in copies} | own

    def gathered_rubrics(self) -> dict[str, Rubric]:
        """Return the rubrics that the last run gathered, by question id: written ones, and copies of own ones."""
        return self._read(object_keys.RUBRICS, _RUBRICS.validate_json) or {}

    def written_for(self, name: str) -> dict[str, WrittenFor]:
        """Return the origin of each gathered answer key or rubric, by question id.

        Parameters
        ----------
        name
            ``answer_keys.json`` or ``rubrics.json``.
        """
        return self._read(name, _WRITTEN_FOR.validate_json) or {}

    def copies(self, name: str) -> set[str]:
        """Return the ids of the questions whose gathered answer key or rubric is a copy of the instructor's own."""
        return {question_id for question_id, origin in self.written_for(name).items() if origin.own}

    def rubric_version(self, digest: str) -> Rubric | None:
        """Return the rubric of a version that answers were graded against; ``None`` if there is none."""
        if not digest:
            return None
        return self._read(object_keys.rubric_version(digest), Rubric.model_validate_json, is_version=True)

    def exam_pages(self) -> ExamPages | None:
        """Return the pages that questions are read from; ``None`` before they were split."""
        return self._read(object_keys.EXAM_PAGES, ExamPages.model_validate_json)

    def scans(self) -> dict[str, StudentScans]:
        """Return the results of the last split beside the pages, such as ink, by student id."""
        return self._read(object_keys.SCANS, _SCANS.validate_json) or {}

    def heads(self) -> dict[str, tuple[Page, ...]]:
        """Return the heads of pages that the last split kept, by the ids of the students whom nobody knew."""
        return self._read(object_keys.HEADS, _HEADS.validate_json) or {}

    def read_names(self) -> dict[str, ReadName]:
        """Return what a model read on heads of pages that are still kept, by student id."""
        read = self._read(object_keys.READ_NAMES, _READ_NAMES.validate_json) or {}
        kept = {student_id: {head.sha256 for head in heads} for student_id, heads in self.heads().items()}
        return {student_id: each for student_id, each in read.items() if kept.get(student_id, set()) >= {*each.heads}}

    def transcriptions(self) -> dict[str, tuple[PageTranscription, ...]]:
        """Return each student's transcribed pages, in order; a page whose task failed is missing."""
        return self._read(object_keys.TRANSCRIPTIONS, _TRANSCRIPTIONS.validate_json) or {}

    def answers(self) -> dict[str, StudentAnswers]:
        """Return each student's answers, by student id."""
        return self._read(object_keys.ANSWERS, _ANSWERS.validate_json) or {}

    def ledger(self) -> dict[str, StudentLedger]:
        """Return the owners of all parts of each student's pages, by student id; empty for data before version 0.3."""
        return self._read(object_keys.LEDGER, _LEDGER.validate_json) or {}

    def page_contents(self) -> dict[str, ContentLedger]:
        """Return the answers, heads and unplaced parts of the ledger, by student id; empty before version 0.3."""
        return self._read(object_keys.LEDGER, _CONTENT.validate_json) or {}

    def strips(self) -> dict[str, tuple[Strip, ...]]:
        """Return the strips of page images that were cut, by student id."""
        return self._read(object_keys.STRIPS, _STRIPS.validate_json) or {}

    def readings(self) -> dict[str, tuple[AnswerReading, ...]]:
        """Return the second readings of answers on their strips, by student id."""
        return self._read(object_keys.READINGS, _READINGS.validate_json) or {}

    def unplaced_parts(self) -> dict[str, tuple[Part, ...]]:
        """Return the unplaced parts of the ledger, by the ids of the students who have any."""
        ledger = self._read(object_keys.LEDGER, _UNPLACED.validate_json) or {}
        return {student_id: each.parts for student_id, each in ledger.items() if each.parts}

    def cell_decisions(self) -> Iterable[Decision]:
        """Return people's decisions about the assignment's cells, in any order."""
        return self._decisions.all(self.assignment) if self._decisions else ()

    def part_decisions(self) -> Iterable[PartDecision]:
        """Return people's decisions about parts of the assignment's pages, in any order."""
        return self._decisions.on_parts(self.assignment) if self._decisions else ()

    def match_decisions(self) -> Iterable[MatchDecision]:
        """Return people's decisions about students' lines of the roster, of each student from the oldest on."""
        return self._decisions.matches(self.assignment) if self._decisions else ()

    def grades(self) -> dict[str, dict[str, Cell]]:
        """Return the cells of the last grading, before people's decisions, by student id and question id."""
        return self._read(object_keys.GRADES, _GRADES.validate_json) or {}

    def grade_scale(self) -> GradeScale | None:
        """Return the instructor's grade scale; ``None`` without one."""
        return self._read(object_keys.GRADE_SCALE, GradeScale.model_validate_json)

    def student_map(self) -> Students:
        """Return the map of students; an empty one before there is one."""
        return self._read(object_keys.STUDENTS, Students.model_validate_json) or Students()

    def students(self) -> tuple[Students, str | None]:
        """Return the map of students and its ETag, to change it; an empty map and ``None`` before there is one."""
        try:
            data, etag = self.objects.get_with_etag(object_keys.material(self.assignment, object_keys.STUDENTS))
        except ObjectNotFoundError:
            return Students(), None
        return parse_students(data), etag

    def missing(self, problem: str) -> RequestError:
        """Return the error about missing material; of an assignment without any file, that its name may be wrong."""
        if next(iter(self.objects.list(object_keys.material(self.assignment, ""))), None) is not None:
            return MissingMaterialError(problem)
        return unknown_assignment(self.assignment)

    def stored_scans(self) -> Iterable[StoredObject]:
        """Return the uploaded scans' files; with a memory, as they were at the first read."""
        return self._list_scans() if self._memory is None else self._scans

    def stored_blank_exam(self) -> Iterable[StoredObject]:
        """Return the blank exam's files; with a memory, as they were at the first read of the folder."""
        prefix = object_keys.blank_exam(self.assignment)
        if self._memory is None:
            return self.objects.list(prefix)
        return (stored for key, stored in self._listed.items() if key.startswith(prefix))

    def look(self) -> None:
        """List, at the same time, all that tells a memory which files have changed: later reads list nothing."""
        if self._memory is not None:
            together(lambda: self._listed, lambda: self._scans)

    @cached_property
    def _listed(self) -> dict[str, StoredObject]:
        """The assignment's own files by key, as they were at the first read from the memory."""
        folder = object_keys.material(self.assignment, "")
        return {} if self._memory is None else self._memory.listed(self.objects, folder)

    @cached_property
    def _scans(self) -> tuple[StoredObject, ...]:
        return tuple(self._list_scans())

    def _list_scans(self) -> Iterable[StoredObject]:
        return self.objects.list(object_keys.scans(self.assignment))

    def _read(self, name: str, parse: Callable[[str], T], *, is_version: bool = False) -> T | None:
        key = object_keys.material(self.assignment, name)
        parse_data = partial(parse_file, name, parse=parse)
        if self._memory is not None and is_version:
            return self._memory.read_version(self.objects, key, parse_data)
        if self._memory is not None and "/" not in name:
            stored = self._listed.get(key)
            return self._memory.read(self.objects, key, stored.etag if stored else None, parse, parse_data)
        try:
            data = self.objects.get(key)
        except ObjectNotFoundError:
            return None
        return parse_data(data)


def unknown_assignment(assignment: str) -> NotFoundError:
    """Return the error about an assignment of which there is nothing, as if its name is wrong."""
    return NotFoundError(
        f"nothing of an exam was uploaded to an assignment {assignment}: check its name, or upload the exam "
        f"(aita upload DIR --assignment {assignment})"
    )


def parse_students(data: bytes) -> Students:
    """Return the map of students in a version of ``students.json``."""
    return parse_file(object_keys.STUDENTS, data, Students.model_validate_json)


def parse_file(name: str, data: bytes, parse: Callable[[str], T]) -> T:
    """Parse a file of an assignment.

    Raises
    ------
    InvalidMaterialError
        If the file is not UTF-8, or breaks a rule of its model. The message gives the file, the path in it and the
        rule.
    """
    try:
        return parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8: save it as UTF-8"
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        problem = "; ".join(
            f"{_path(detail['loc'])}{detail['msg'].removeprefix('Value error, ')}"
            for detail in details[:_PROBLEMS_SHOWN]
        )
        if (more := len(details) - _PROBLEMS_SHOWN) > 0:
            problem += f"; and {more} more"
    raise InvalidMaterialError(f"{name}: {problem}")


def _path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{path}: " if path else ""
