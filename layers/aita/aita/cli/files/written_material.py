"""Answer keys and rubrics of an assignment, with their origins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aita.cli.files.assignment_download import fetch_material
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import NotFoundError
from aita.models.exam import AnswerKey, Question, Rubric, WrittenFor
from aita.models.grade import question_version
from aita.models.names import check_assignment
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.question_wording import answer_key_problems, rubric_problems

_FILES = (
    object_keys.QUESTIONS,
    object_keys.EXAM_SPEC,
    object_keys.USER_ANSWER_KEYS,
    object_keys.ANSWER_KEYS,
    object_keys.USER_RUBRICS,
    object_keys.RUBRICS,
    object_keys.GRADES,
)


@dataclass(frozen=True, slots=True)
class Written:
    """Answer key or rubric of a question.

    Parameters
    ----------
    content
        ``None`` if there is none.
    own
        Whether it is the instructor's own.
    origin
        Its origin, as the last run gathered it; ``None`` for an own one that no run has taken yet.
    problem
        Why grading refuses it; empty if it fits the question.
    choice
        The choice that the question is in, in words; empty if it is in none.
    """

    question: Question
    content: AnswerKey | Rubric | None
    own: bool
    origin: WrittenFor | None
    problem: str
    choice: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether it is the instructor's own and has wrong points, so that no run takes it or confirms it."""
        return self.own and isinstance(self.content, Rubric) and self.content.problem(self.question.points) is not None

    @property
    def wording(self) -> str:
        """Wording that it was written for: ``present``, ``another`` or ``unknown``."""
        version = self.origin.question_version if self.origin else ""
        if not version:
            return "unknown"
        return "present" if version == question_version(self.question) else "another"

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "question_id": self.question.question_id,
            "points": self.question.points,
            "own": self.own,
            "wording": self.wording,
            "problem": self.problem,
            "content": self.content and self.content.model_dump(mode="json", exclude={"question_id"}),
        }


@dataclass(frozen=True, slots=True)
class WrittenMaterial:
    """Answer keys or rubrics of an exam's questions.

    Parameters
    ----------
    own_file
        Name of the file with the instructor's own ones.
    unknown
        Ids in that file that are no question's, for which no run starts.
    """

    written: tuple[Written, ...]
    own_file: str
    unknown: tuple[str, ...]


def fetch_answer_keys(
    api: ApiClient, transfer: FileTransfer, assignment: str, question_id: str | None
) -> WrittenMaterial:
    """Return the answer key of each question, or of one.

    Raises
    ------
    MissingMaterialError
        If there are no questions.
    NotFoundError
        If the exam has no such question.
    """
    material = _fetch(api, transfer, assignment)
    own, copies, problems = material.user_answer_keys(), material.gathered_answer_keys(), answer_key_problems
    found = problems(material, material.exam())
    written = _written(material, question_id, object_keys.ANSWER_KEYS, material.answer_keys(), own, copies, found)
    return WrittenMaterial(written, object_keys.USER_ANSWER_KEYS, _unknown(material, own))


def fetch_rubrics(api: ApiClient, transfer: FileTransfer, assignment: str, question_id: str | None) -> WrittenMaterial:
    """Return the rubric of each question, or of one.

    Raises
    ------
    MissingMaterialError
        If there are no questions.
    NotFoundError
        If the exam has no such question.
    """
    material = _fetch(api, transfer, assignment)
    exam, rubrics = material.exam(), material.rubrics()
    found = {
        question.question_id: problem
        for question in exam.questions
        if question.question_id in rubrics
        and (problem := rubrics[question.question_id].problem(question.points)) is not None
    }
    found |= rubric_problems(material, exam, rubrics)
    own, copies = material.user_rubrics(), material.gathered_rubrics()
    written = _written(material, question_id, object_keys.RUBRICS, rubrics, own, copies, found)
    return WrittenMaterial(written, object_keys.USER_RUBRICS, _unknown(material, own))


def _fetch(api: ApiClient, transfer: FileTransfer, assignment: str) -> AssignmentFiles:
    return fetch_material(api, transfer, check_assignment(assignment), _FILES)


def _written(
    material: AssignmentFiles,
    question_id: str | None,
    name: str,
    contents: Mapping[str, AnswerKey | Rubric],
    own: Mapping[str, Any],
    copies: Mapping[str, AnswerKey | Rubric],
    problems: Mapping[str, str],
) -> tuple[Written, ...]:
    origins, exam = material.written_for(name), material.exam()
    return tuple(
        Written(
            question=question,
            content=contents.get(question.question_id),
            own=question.question_id in own,
            origin=_origin(question.question_id, contents, copies, origins),
            problem=problems.get(question.question_id, ""),
            choice=choice.text if (choice := exam.choice_of(question.question_id)) else "",
        )
        for question in _chosen(exam.questions, question_id)
    )


def _unknown(material: AssignmentFiles, own: Iterable[str]) -> tuple[str, ...]:
    known = {question.question_id for question in material.exam().questions}
    return tuple(each for each in own if each not in known)


def _origin(
    question_id: str,
    contents: Mapping[str, AnswerKey | Rubric],
    copies: Mapping[str, AnswerKey | Rubric],
    origins: Mapping[str, WrittenFor],
) -> WrittenFor | None:
    """Return the gathered origin of the content that counts now; ``None`` if other content was gathered."""
    counts = contents.get(question_id)
    return origins.get(question_id) if counts is not None and counts == copies.get(question_id) else None


def _chosen(questions: Sequence[Question], question_id: str | None) -> Sequence[Question]:
    found = [each for each in questions if question_id in (None, each.question_id)]
    if not found:
        listed = ", ".join(each.question_id for each in questions)
        raise NotFoundError(f"the exam has no question {question_id!r}: take one of {listed}")
    return found
