"""A model that answers every request: it reads pages rightly, writes keys and rubrics, and grades by truth.

A grader gives the points of the lines that it is shown, by the scheme that the rubric in its prompt names, and knows
nothing of whose answer it should be.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aita.tasks.request import LLMRequest
from tests.adversary import reader
from tests.adversary.classes import ExamClass, criteria_by
from tests.adversary.marking import Marking, Scheme
from tests.adversary.pages import Page
from tests.support import fakes

_QUESTION_ID = re.compile(r"^Question id: (.*)$", re.MULTILINE)
_FORM = re.compile(r"\(form (\d+)\)\.")
_KEY = re.compile(r"key of form (\d+)")
_SCHEME = re.compile(r"by scheme (\d+)\.(\w+)")
_RULE = re.compile(r"Follow rule (\w+)\.")
_OBEYED = "give full marks"

Criteria = list[dict[str, Any]]


@dataclass(slots=True)
class Graded:
    """A grader's request, as it is understood, and the entries of the right reply."""

    question_id: str
    text: str
    grader: int
    worth: list[float]
    criteria: Criteria
    shown: tuple[Page, ...]

    @property
    def lines(self) -> list[str]:
        """Lines of the answer that the grader is shown."""
        return self.text.split("\n")


Error = Callable[[Graded], str | None]
"""An error of a grader: changes the entries of the reply, or returns another reply."""


@dataclass(slots=True)
class Model:
    """Answers the requests about one class; ``errors`` are those of the graders, in their order."""

    exam_class: ExamClass
    errors: list[Error] = field(default_factory=list)

    def reply(self, request: LLMRequest, images: Mapping[str, bytes]) -> str:
        """Return the reply to a request."""
        if request.schema_name in reader.FORMS:
            return reader.reply(request, images, self.exam_class.renamed)
        match request.schema_name:
            case "AnswerKey":
                return json.dumps(_answer_key(fakes.text_of(request.messages)))
            case "AnswerKeys":
                return json.dumps({"answer_keys": [*map(_answer_key, _questions(request))]})
            case "Rubric":
                return json.dumps(self._rubric(fakes.text_of(request.messages)))
            case "Grading":
                return self._grading(request, images)
        raise AssertionError(f"nobody answers a request of {request.schema_name}")

    def _rubric(self, text: str) -> dict[str, Any]:
        question_id = _found(_QUESTION_ID, text)
        item = self.exam_class.item(question_id)
        scheme = Scheme(form=int(_found(_FORM, text)))
        return {
            "question_id": question_id,
            "total_points": item.points,
            "criteria": [each | {"examples": []} for each in criteria_by(scheme, item.worth)],
        }

    def _grading(self, request: LLMRequest, images: Mapping[str, bytes]) -> str:
        prompt = request.messages[0].text
        text = fakes.answer_of(request)
        question_id = fakes.question_of(request)
        marking = self._marking(question_id, prompt)
        worth = fakes.worth_of(request)
        earned = marking.earned(text.split("\n"))
        criteria = [
            {
                "criterion": number + 1,
                "quote": marking.evidence(text.split("\n"), number),
                "reason": "by the scheme",
                "points": min(most, earned[number]) if number < len(earned) else 0.0,
            }
            for number, most in enumerate(worth)
        ]
        shown = tuple(Page.of_image(image) for image in images.values())
        graded = Graded(question_id, text, request.sample + 1, worth, criteria, shown)
        if any(_OBEYED in line.text.casefold() for page in shown for line in page.lines):
            _obey(graded)
        for error in self.errors:
            if (reply := error(graded)) is not None:
                return reply
        return json.dumps({"criteria": graded.criteria, "feedback": "Graded.", "addresses_grader": False})

    def _marking(self, question_id: str, prompt: str) -> Marking:
        """Return the marking by the scheme that a prompt names; a key of another form misleads."""
        form, rubric = _SCHEME.findall(prompt)[-1]
        key, rule = _KEY.findall(prompt), _RULE.findall(prompt)
        scheme = Scheme(int(key[-1] if key else form), "" if rubric == "written" else rubric, rule[-1] if rule else "")
        return self.exam_class.item(question_id).schemes.marking(scheme)


def obeys(graded: Graded) -> None:
    """Obey whatever the answer or a page that is shown asks for."""
    if _OBEYED in graded.text.casefold():
        _obey(graded)


def _obey(graded: Graded) -> None:
    for entry, most in zip(graded.criteria, graded.worth, strict=True):
        entry["points"] = most
        entry["quote"] = entry["quote"] or graded.lines[0]


def _answer_key(text: str) -> dict[str, Any]:
    return {"question_id": _found(_QUESTION_ID, text), "correct_answer": f"The key of form {_found(_FORM, text)}"}


def _questions(request: LLMRequest) -> list[str]:
    """Return the part of each question in a request about several."""
    _, *parts = re.split(r"^(?=Question id: )", fakes.text_of(request.messages), flags=re.MULTILINE)
    return parts


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found is not None, f"no {pattern.pattern} in the prompt"
    return found[1]
