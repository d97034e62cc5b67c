"""Decisions that people ask for, checked against the cell that they are about."""

from collections.abc import Iterator, Sequence
from typing import Any

from aita.errors import RequestError
from aita.models.answer import QuestionAnswer
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import Page, Rubric
from aita.models.grade import Cell
from aita.models.points import exact, fitted, in_steps, total
from aita.models.review import DecisionRequest
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.corrected_answers import reading_version
from aita.services.grading.material_versions import rubric_version


def check_fields(asked: DecisionRequest) -> None:
    """Check that a request has no more than its action takes.

    Raises
    ------
    RequestError
        If it has.
    """
    if asked.action is DecisionAction.ACCEPT and (asked.points is not None or asked.criteria):
        raise RequestError("accepting takes the points that are proposed: set other ones instead")
    given = {
        name
        for name, value in (
            ("points", asked.points is not None),
            ("criteria", asked.criteria),
            ("feedback", asked.feedback),
            ("transcription", asked.transcription),
        )
        if value
    }
    taken = {
        DecisionAction.SET: {"points", "criteria", "feedback"},
        DecisionAction.CORRECT: {"transcription"},
    }.get(asked.action, set())
    if surplus := sorted(given - taken):
        raise RequestError(f"{', '.join(surplus)}: not with the action {asked.action}, leave it out")


def accepted(graded: Cell) -> dict[str, Any]:
    """Return the fields of a decision that accepts a proposal.

    Raises
    ------
    RequestError
        If there is no proposal.
    """
    if graded.points is None:
        raise RequestError(f"{graded.cell_id} has no proposal to accept: set its points")
    return {"points": graded.points, "proposal": graded.proposal}


def points_set(asked: DecisionRequest, graded: Cell, rubric: Rubric | None, step: float) -> dict[str, Any]:
    """Return the fields of a decision that sets points.

    Parameters
    ----------
    graded
        Cell before people's decisions.
    rubric
        Rubric with the criteria; ``None`` if none fits the question's points.
    step
        Step of which points are multiples.

    Raises
    ------
    RequestError
        If points or the reason are missing or invalid.
    """
    if asked.points is None and not asked.criteria:
        raise RequestError("points are missing: setting takes the points that count, or those of criteria")
    if not asked.why and not asked.criteria:  # which say themselves for what there are points
        raise RequestError("why is missing: say for what the points are set, as it is kept with them")
    if asked.points is not None:
        _check(asked.points, graded.max_points, step, "the question")
    if not asked.criteria:
        return {"points": asked.points, "feedback": asked.feedback}
    if rubric is None:
        raise RequestError(
            "criteria: no rubric of the question sums to its present points, so that there are none to set: set points"
        )
    criteria = _criteria(asked, graded, rubric, step)
    points = total(criteria)
    if asked.points is not None and exact(asked.points) != exact(points):
        raise RequestError(
            f"points are {asked.points:g}, and the criteria sum to {points:g}: make them equal, or leave points out"
        )
    return {
        "points": points,
        "criteria": criteria,
        "rubric": rubric_version(rubric),
        "feedback": asked.feedback,
    }


def corrected(asked: DecisionRequest, answer: QuestionAnswer, pages: Sequence[Page], present: str) -> dict[str, Any]:
    """Return the fields of a decision that corrects a transcription.

    Parameters
    ----------
    answer
        Answer as it was read.
    present
        Text that counts at present, which an earlier correction may have changed.

    Raises
    ------
    RequestError
        If there is no text, or the present one.
    """
    if not asked.transcription:
        raise RequestError("transcription is missing: give the answer's text. If nothing is written, set 0 points")
    if asked.transcription == present.strip():
        raise RequestError("transcription: this is the text that counts already")
    return {"transcription": asked.transcription, "reading": reading_version(answer, pages)}


def noted(asked: DecisionRequest) -> dict[str, Any]:
    """Return the fields of a decision that leaves an answer to the instructor: its reason is the note.

    Raises
    ------
    RequestError
        If there is no note.
    """
    if not asked.why:
        raise RequestError("why is missing: write the note, which tells the instructor why the answer is left")
    return {}


def taken_back(cell: Cell, standing: Sequence[Decision]) -> dict[str, Any]:
    """Return the fields of a decision that takes back the last one that stands.

    Raises
    ------
    RequestError
        If none stands.
    """
    if not standing:
        raise RequestError(f"{cell.cell_id}: there is no decision to take back")
    return {"undoes": standing[-1].decision_id}


def deciding_rubric(material: AssignmentFiles, graded: Cell) -> Rubric | None:
    """Return the rubric by whose criteria a person decides; ``None`` if none sums to the question's points.

    It is the one that the answer was graded against or, if the question's points have changed, the present one.
    """
    found = (material.rubric_version(graded.rubric), material.rubrics().get(graded.question_id))
    return next((each for each in found if each is not None and not each.problem(graded.max_points)), None)


def _criteria(asked: DecisionRequest, graded: Cell, rubric: Rubric, step: float) -> tuple[float, ...]:
    worth = fitted([criterion.points for criterion in rubric.criteria], graded.max_points)
    if unknown := sorted(number for number in asked.criteria if number > len(worth)):
        numbers = ", ".join(map(str, unknown))
        raise RequestError(f"criteria: the rubric has no {numbers}, but 1 to {len(worth)}")
    has_proposal = graded.points is not None and graded.rubric == rubric_version(rubric)
    kept = [each.points for each in graded.criteria] if has_proposal else []
    if not kept and (missing := [str(n) for n in range(1, len(worth) + 1) if n not in asked.criteria]):
        raise RequestError(f"criteria: there is no proposal to keep points of: give those of {', '.join(missing)}, too")

    def points() -> Iterator[float]:
        for number, most in enumerate(worth, 1):
            if number not in asked.criteria:
                yield kept[number - 1]
                continue
            _check(asked.criteria[number], most, step, f"criterion {number}")
            yield asked.criteria[number]

    return tuple(points())


def _check(points: float, most: float, step: float, subject: str) -> None:
    if exact(points) > exact(most):
        raise RequestError(f"{points:g} points are more than {subject} is worth, {most:g}")
    if points != in_steps(points, most, step):
        raise RequestError(
            f"{points:g} points for {subject} are no multiple of {step:g}, the exam's points_step, nor all {most:g}"
        )
