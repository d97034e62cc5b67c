"""Origins of answer keys and rubrics: no answer is graded with one that was written for something else.

That is another wording of the question or, of a rubric, another answer key. Files of aita 0.1.0 and an instructor's own
answer keys and rubrics do not record the wording that they were written for. It is taken from the cells of the answers
that were graded with them.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache

from aita.errors import InvalidMaterialError
from aita.models.exam import AnswerKey, ExamSpec, Rubric, WrittenFor
from aita.models.grade import Cell, question_version
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import key_version, rubric_version
from aita.tasks.answer_key import check_user_answer_keys

_REWORDED = "written when the question was worded otherwise"
_OF_ANOTHER_KEY = "written from another answer key"
_TAKEN_OUT = f"yours, and no longer in {object_keys.USER_ANSWER_KEYS}"


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
    found = {"answer key": answer_key_problems(material, exam), "rubric": rubric_problems(material, exam, rubrics)}
    named: dict[str, list[str]] = {}
    for question in exam.questions:
        for what, problems in found.items():
            if problem := problems.get(question.question_id):
                named.setdefault(problem, []).append(f"the {what} of question {question.question_id!r}")
    if named:
        listed = "; ".join(f"{', '.join(names)}: {problem}" for problem, names in named.items())
        raise InvalidMaterialError(
            f"{listed}. Write the answer keys and rubrics anew, which asks only for these questions, and confirms your "
            f"own: aita generate-rubric --assignment {material.assignment}"
        )


def answer_key_problems(material: AssignmentFiles, exam: ExamSpec) -> dict[str, str]:
    """Return why answer keys do not fit their questions, by question id; those that fit are left out."""
    own, copies = material.user_answer_keys(), material.gathered_answer_keys()
    written, keys, graded = material.written_for(object_keys.ANSWER_KEYS), material.answer_keys(), _graded(material)
    problems = {}
    for question_id, now in _wordings(exam).items():
        if (key := keys.get(question_id)) is None:
            if question_id in written and written[question_id].own:
                problems[question_id] = _TAKEN_OUT
            continue
        version = written[question_id].question_version if key == copies.get(question_id) else ""
        used = key_version(key) if question_id in own else None
        known = {version} if version else _graded_with(question_id, used, graded())
        if known and now not in known:
            problems[question_id] = _REWORDED
    return problems


def rubric_problems(material: AssignmentFiles, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> dict[str, str]:
    """Return why rubrics do not fit their questions and answer keys, by question id; those that fit are left out."""
    own, copies = material.user_rubrics(), material.gathered_rubrics()
    written, keys, graded = material.written_for(object_keys.RUBRICS), material.answer_keys(), _graded(material)
    problems = {}
    for question_id, now in _wordings(exam).items():
        if (rubric := rubrics.get(question_id)) is None:
            continue
        origin = written[question_id] if rubric == copies.get(question_id) else WrittenFor()
        known = {origin.question_version} if origin.question_version else _graded_against(rubric, graded())
        if known and now not in known:
            problems[question_id] = _REWORDED
        elif origin.answer_key and question_id not in own and origin.answer_key != key_version(keys.get(question_id)):
            problems[question_id] = _OF_ANOTHER_KEY
    return problems


def to_write_anew(material: AssignmentFiles, exam: ExamSpec) -> Callable[[str], str]:
    """Return a function that names a question's material that ``check_wording`` refuses; none if it lets it pass.

    Files are read once it is first called.
    """

    @cache
    def problems() -> tuple[Container[str], Container[str]]:
        return answer_key_problems(material, exam), rubric_problems(material, exam, material.rubrics())

    def named(question_id: str) -> str:
        keys, rubrics = problems()
        return "answer key and rubric" if question_id in keys else "rubric" if question_id in rubrics else ""

    return named


def current_keys(material: AssignmentFiles, exam: ExamSpec) -> dict[str, AnswerKey]:
    """Return the answer keys by question id, the instructor's own, and written ones for the present wording."""
    written, wordings, own = material.written_for(object_keys.ANSWER_KEYS), _wordings(exam), material.user_answer_keys()
    found = material.answer_keys()
    return {
        each: found[each] for each in found if each in own or written[each].question_version in ("", wordings.get(each))
    }


def _graded(material: AssignmentFiles) -> Callable[[], list[Cell]]:
    """Return a function that reads the graded cells with a known wording once it is first called."""
    return cache(lambda: [cell for graded in material.grades().values() for cell in graded.values() if cell.question])


def _graded_with(question_id: str, key: str | None, cells: Iterable[Cell]) -> set[str]:
    """Return the wordings of a question's graded answers; of those that were graded with an answer key, if given."""
    mine = (cell for cell in cells if cell.question_id == question_id)
    return {cell.question for cell in mine if key is None or cell.answer_key == key}


def _graded_against(rubric: Rubric, cells: Iterable[Cell]) -> set[str]:
    """Return the wordings of the answers that were graded against a rubric, for a rubric that records none."""
    version = rubric_version(rubric)
    return {cell.question for cell in cells if cell.rubric == version}


def _wordings(exam: ExamSpec) -> dict[str, str]:
    return {question.question_id: question_version(question) for question in exam.questions}
