"""Origins of answer keys and rubrics: no answer is graded with one that was written for something else.

That is another wording of the question or, of a rubric, another answer key. Files of aita 0.1.0 and an instructor's own
answer keys and rubrics do not record the wording that they were written for. It is taken from the cells of the answers
that were graded with them.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from aita.errors import InvalidMaterialError
from aita.models.exam import AnswerKey, ExamSpec, Rubric
from aita.models.grade import Cell, question_version
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import key_version, rubric_version
from aita.tasks.answer_key import check_user_answer_keys


def check_wording(material: AssignmentFiles, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> None:
    """Check that answer keys and rubrics were written for the present questions, and rubrics from the present keys.

    An instructor's own answer key or rubric counts as written for the wording at its upload, and as fitting any answer
    key.

    Raises
    ------
    InvalidMaterialError
        If an answer key or a rubric was written for another wording, or a rubric from another answer key, or if an
        answer key of the instructor's was taken out and none was written since. The message names all of them. Also if
        an own answer key is for no question of the exam.
    """
    check_user_answer_keys(exam, material.user_answer_keys())
    found = {
        "written when the question was worded otherwise": [*_stale(material, exam, rubrics)],
        "written from another answer key": [*_of_other_keys(material, rubrics)],
        f"yours, and no longer in {object_keys.USER_ANSWER_KEYS}": [*_taken_out(material, exam)],
    }
    if problems := [f"{', '.join(names)}: {problem}" for problem, names in found.items() if names]:
        raise InvalidMaterialError(
            f"{'; '.join(problems)}. Write the answer keys and rubrics anew, which asks only for these questions, and "
            f"confirms your own: aita generate-rubric --assignment {material.assignment}"
        )


def current_keys(material: AssignmentFiles, exam: ExamSpec) -> dict[str, AnswerKey]:
    """Return the answer keys by question id, the instructor's own, and written ones for the present wording."""
    written, wordings, own = material.written_for(object_keys.ANSWER_KEYS), _wordings(exam), material.user_answer_keys()
    found = material.answer_keys()
    return {
        each: found[each] for each in found if each in own or written[each].question_version in ("", wordings.get(each))
    }


def _stale(material: AssignmentFiles, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> Iterator[str]:
    cells = cache(lambda: [cell for graded in material.grades().values() for cell in graded.values() if cell.question])
    keys_for, rubrics_for = _wordings_of(material, object_keys.ANSWER_KEYS), _wordings_of(material, object_keys.RUBRICS)
    keys, gathered_keys, own_keys = material.answer_keys(), material.gathered_answer_keys(), material.user_answer_keys()
    gathered = material.gathered_rubrics()
    for question_id, now in _wordings(exam).items():
        if (key := keys.get(question_id)) is not None:
            version = keys_for[question_id] if key == gathered_keys.get(question_id) else ""
            known = (
                {version} if version else _graded_with(question_id, key if question_id in own_keys else None, cells())
            )
            if known and now not in known:
                yield f"the answer key of question {question_id!r}"
        if (rubric := rubrics.get(question_id)) is not None:
            version = rubrics_for[question_id] if rubric == gathered.get(question_id) else ""
            known = {version} if version else _graded_against(rubric, cells())
            if known and now not in known:
                yield f"the rubric of question {question_id!r}"


def _of_other_keys(material: AssignmentFiles, rubrics: Mapping[str, Rubric]) -> Iterator[str]:
    """Yield the written rubrics that are recorded to be of other answer keys than the present ones."""
    written, own, keys = material.written_for(object_keys.RUBRICS), material.user_rubrics(), material.answer_keys()
    for question_id in rubrics:
        if question_id in written and question_id not in own:
            version = written[question_id].answer_key
            if version and version != key_version(keys.get(question_id)):
                yield f"the rubric of question {question_id!r}"


def _taken_out(material: AssignmentFiles, exam: ExamSpec) -> Iterator[str]:
    """Yield the own answer keys of which only a copy is left; grading would do without one."""
    gone = material.copies(object_keys.ANSWER_KEYS) - material.user_answer_keys().keys()
    for question in exam.questions:
        if question.question_id in gone:
            yield f"the answer key of question {question.question_id!r}"


def _graded_with(question_id: str, own: AnswerKey | None, cells: Iterable[Cell]) -> set[str]:
    """Return the wordings of a question's graded answers; with an own answer key, of those that were graded with it."""
    return {
        cell.question
        for cell in cells
        if cell.question_id == question_id and (own is None or cell.answer_key == key_version(own))
    }


def _graded_against(rubric: Rubric, cells: Iterable[Cell]) -> set[str]:
    """Return the wordings of the answers that were graded against a rubric, for a rubric that records none."""
    version = rubric_version(rubric)
    return {cell.question for cell in cells if cell.rubric == version}


def _wordings_of(material: AssignmentFiles, name: str) -> dict[str, str]:
    return {question_id: each.question_version for question_id, each in material.written_for(name).items()}


def _wordings(exam: ExamSpec) -> dict[str, str]:
    return {question.question_id: question_version(question) for question in exam.questions}
