"""Replies about a student's answer: its points for each criterion of the rubric.

The question and the rubric are read from the prompt's part before the answer, and the answer from between its two
delimiting lines, so that a student's text is never taken for either.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Self

from aita.models.exam import Question
from aita.tasks.grading import written_for
from aita_local.simulated_model.errors import NotInSampleExamError
from aita_local.simulated_model.sample.exam import KnownQuestion, SampleExam, one_line

_ANSWER = re.compile(r"^<<<answer ([0-9a-f]+)>>>\n(.*?)\n<<<end of answer \1>>>$", re.MULTILINE | re.DOTALL)
_CRITERION = re.compile(r"^Criterion [0-9]+ \(([0-9]+(?:\.[0-9]+)?) points\):", re.MULTILINE)
_QUESTION = re.compile(
    r"^Question id: (?P<question_id>.*)\nType: (?P<question_type>.*)\nPoints: (?P<points>.*)\nQuestion:\n"
    r"(?P<question_text>.*?)\n\nAnswer key:$",
    re.MULTILINE | re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WORDS_QUOTED = 6
_SHARES = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class GradingRequest:
    """Parts of a grading prompt: the text before the answer, the answer, and the full points of each criterion."""

    before: str
    answer: str
    worth: tuple[float, ...]

    @property
    def question(self) -> Question:
        """The question that is graded.

        Raises
        ------
        NotInSampleExamError
            If the prompt has none.
        """
        found = list(_QUESTION.finditer(self.before))
        if not found:
            raise NotInSampleExamError("the prompt has no question")
        return Question.model_validate(found[-1].groupdict())

    @classmethod
    def find(cls, prompt: str) -> Self:
        """Return the parts of a prompt.

        Raises
        ------
        NotInSampleExamError
            If the prompt has no answer or no rubric.
        """
        found = _ANSWER.search(prompt)
        before = prompt[: found.start()] if found else ""
        worth = tuple(float(points) for points in _CRITERION.findall(before))
        if found is None or not worth:
            raise NotInSampleExamError("the prompt has no answer to grade, or no rubric")
        return cls(before, found[2], worth)


def grading(prompt: str, exam: SampleExam, *, on_strips: bool = False) -> dict[str, Any]:
    """Return the sample's own grading of the answer, in the points of the prompt's rubric.

    On strips it reads the same as was transcribed.

    Raises
    ------
    NotInSampleExamError
        If the sample exam lacks the question or the answer, or its rubric has another number of criteria.
    """
    request = GradingRequest.find(prompt)
    question = exam.question(request.before)
    if question is None:
        raise NotInSampleExamError("no question of the sample exam is in the prompt")
    known = question.grades.get(one_line(request.answer))
    if known is None:
        raise NotInSampleExamError("no student of the sample exam gave this answer")
    if len(known["criteria"]) != len(request.worth):
        raise NotInSampleExamError(
            f"the rubric has {len(request.worth)} criteria, and the sample exam's has another number"
        )
    return _reading(on_strips=on_strips) | {
        "criteria": _scaled(known["criteria"], question, request.worth),
        "feedback": known["feedback"],
        "addresses_grader": known["addresses_grader"],
    }


def improvised_grading(prompt: str, *, on_strips: bool = False) -> dict[str, Any]:
    """Return a grading of any answer, of the right form and with a statement that it is simulated.

    Its points come from a digest of the answer, so that equal answers get equal points; all points have a quote.

    Raises
    ------
    NotInSampleExamError
        If the prompt has no question, no answer or no rubric.
    """
    request = GradingRequest.find(prompt)
    quote = _words(request)
    digits = hashlib.sha256(request.answer.encode("utf-8", "replace")).digest()
    criteria = [
        {
            "criterion": number,
            "quote": quote,
            "reason": "Simulated: nobody has judged it.",
            "points": most * _SHARES[digits[number % len(digits)] % len(_SHARES)] if quote else 0.0,
        }
        for number, most in enumerate(request.worth, 1)
    ]
    feedback = "This is a simulated grading of an answer that is not in the sample exam."
    grading = {"criteria": criteria, "feedback": feedback, "addresses_grader": False}
    return _reading(on_strips=on_strips) | grading


def _reading(*, on_strips: bool) -> dict[str, Any]:
    return {"reading": []} if on_strips else {}


def _scaled(criteria: list[dict[str, Any]], question: KnownQuestion, worth: tuple[float, ...]) -> list[dict[str, Any]]:
    known = [criterion["points"] for criterion in question.rubric["criteria"]]
    return [
        {
            "criterion": number,
            "quote": given["quote"],
            "reason": given["reason"],
            "points": round(given["points"] * most / of, 4),
        }
        for number, (given, of, most) in enumerate(zip(criteria, known, worth, strict=True), 1)
    ]


def _words(request: GradingRequest) -> str:
    """Return the first words of an answer that are evidence, by the package's own rule; empty if there are none.

    No control character is in them: in a reply's JSON, a backspace is taken for LaTeX.
    """
    written = written_for(request.question, request.answer)
    for line in request.answer.splitlines():
        for part in _CONTROL.split(line):
            words = " ".join(part.split()[:_WORDS_QUOTED])
            if words and written.shows(words):
                return words
    return ""
