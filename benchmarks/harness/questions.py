"""Questions for the benchmarks: the sample exam's, each with an id of its own, so that no two prompts are the same.

Only the standard library is imported, as the peers' processes import this module, too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TRUTH = Path(__file__).parents[2] / "samples" / "truth.json"
_CHARACTERS_PER_TOKEN = 4
_RULE = "Say what a complete and correct answer contains, so that another person can grade against it. "


@dataclass(frozen=True, slots=True)
class Question:
    """A question for the model, and the content of the right reply."""

    question_id: str
    system: str
    prompt: str
    right: dict[str, Any]

    @property
    def messages(self) -> list[Any]:
        """Messages in the form of chat completions."""
        before = [{"role": "system", "content": self.system}] if self.system else []
        return [*before, {"role": "user", "content": self.prompt}]

    def read(self, reply: str) -> dict[str, Any]:
        """Return the answer key in a reply.

        Raises
        ------
        ValueError, KeyError
            If the reply holds no answer key, or another question's.
        """
        found: dict[str, Any] = json.loads(reply[reply.find("{") : reply.rfind("}") + 1])
        if found["question_id"] != self.question_id:
            raise ValueError(f"question_id must be {self.question_id}")
        return found


@dataclass(frozen=True, slots=True)
class ShortQuestion:
    """A short prompt with a short reply, whose text is the result: they do not hide how much a client keeps."""

    number: int

    system = ""

    @property
    def question_id(self) -> str:
        """Id of the question."""
        return f"q{self.number}"

    @property
    def prompt(self) -> str:
        """Text of the request."""
        return f"Question id: q{self.number}"

    @property
    def messages(self) -> list[Any]:
        """Messages in the form of chat completions."""
        return [{"role": "user", "content": self.prompt}]

    @property
    def right(self) -> str:
        """Text of the right reply."""
        return f"It is {self.number}."

    def read(self, reply: str) -> str:
        """Return the text of a reply."""
        return reply


def questions(count: int, prefix_tokens: int = 0) -> list[Question]:
    """Return ``count`` questions, whose prompts have a common prefix of about ``prefix_tokens`` tokens."""
    length = prefix_tokens * _CHARACTERS_PER_TOKEN
    system = (_RULE * (length // len(_RULE) + 1))[:length]
    return [_question(number, system) for number in range(count)]


def asked_for(count: int, prefix_tokens: int = 0, *, short: bool = False) -> Sequence[Question | ShortQuestion]:
    """Return the questions of a job."""
    return [ShortQuestion(number) for number in range(count)] if short else questions(count, prefix_tokens)


def _question(number: int, system: str) -> Question:
    known = _truth()[number % len(_truth())]
    question_id = f"q{number}"
    prompt = (
        "Write the answer key of this question, as one JSON object.\n\n"
        f"Question id: {question_id}\n{known['question_text']}"
    )
    return Question(question_id, system, prompt, known["answer_key"] | {"question_id": question_id})


@cache
def _truth() -> list[dict[str, Any]]:
    truth: list[dict[str, Any]] = json.loads(_TRUTH.read_text("utf-8"))["questions"]
    return truth
