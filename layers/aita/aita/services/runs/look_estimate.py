"""Estimate of the calls and tokens that graders' second looks add to a grading, for each mode."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aita.models.exam import Question
from aita.models.second_look import See
from aita.services.grading.grade_inputs import AnswerToGrade, GradeInputs
from aita.tasks.request import Image
from aita.tasks.tokens import image_tokens


@dataclass(frozen=True, slots=True)
class LookEstimate:
    """Calls and images of a mode.

    Parameters
    ----------
    seen, answers
        Number of answers that graders see on strips, and of all.
    tokens
        Tokens of images, compared with grading without strips; negative if strips take the place of whole pages.
    calls
        Calls in all. Equal answers share one unless they are seen, as a strip is one student's own.
    """

    see: See
    seen: int
    answers: int
    tokens: int
    calls: int

    def note(self, settled: See) -> str:
        """Return the estimate in words; ``settled`` is the run's mode."""
        mode = f"--see {self.see}{' (as estimated here)' if self.see is settled else ''}"
        images = f", {self.tokens:+,} tokens of images" if self.tokens else ""
        seen = f"{self.seen:,} of {self.answers:,} answers to grade are seen on the page"
        return f"{mode}: {seen}, in {self.calls:,} different calls{images}"


def look_estimates(inputs: GradeInputs, answers: Iterable[tuple[str, str]]) -> Iterator[LookEstimate]:
    """Yield the estimate of each mode.

    Parameters
    ----------
    inputs
        Inputs of a grading that sees all answers.
    answers
        Student id and question id of each answer to grade.
    """
    questions = {question.question_id: question for question in inputs.exam.questions}
    graded = [
        (questions[question_id], answer)
        for student_id, question_id in answers
        if (answer := inputs.answers[student_id][question_id]).needs_grader(questions[question_id])
    ]
    for see in (See.NEVER, See.DOUBTFUL, See.ALWAYS):
        seen = frozenset(place for place, (_, answer) in enumerate(graded) if _is_seen(answer, see))
        tokens = sum(_tokens(graded[place][1]) for place in seen)
        calls = _calls(graded, seen)
        yield LookEstimate(see, len(seen), len(graded), tokens * inputs.graders, calls * inputs.graders)


def _is_seen(answer: AnswerToGrade, see: See) -> bool:
    look = answer.second_look
    return see is not See.NEVER and bool(answer.strips) and (see is See.ALWAYS or bool(look and look.doubts))


def _tokens(answer: AnswerToGrade) -> int:
    """Return the tokens of an answer's strips, less those of the pages that they take the place of."""
    shown = sum(image_tokens(Image(each.key, "", each.width, each.height)) for each in answer.strips)
    return shown - sum(image_tokens(Image(page.key, "", page.width, page.height)) for page in answer.pages)


def _calls(graded: list[tuple[Question, AnswerToGrade]], seen: frozenset[int]) -> int:
    """Return the number of different requests of one grader: of equal answers, those with images are each their own."""
    alone = sum(place in seen or bool(answer.pages) for place, (_, answer) in enumerate(graded))
    texts = {
        (question.question_id, answer.text)
        for place, (question, answer) in enumerate(graded)
        if place not in seen and not answer.pages
    }
    return alone + len(texts)
