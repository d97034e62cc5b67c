"""Questions to ask about: the sample exam's, each with an id of its own, so that no two prompts are the same.

Only what comes with Python is imported here, as the peers' processes import it as well.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TRUTH = Path(__file__).parents[2] / "samples" / "truth.json"
_CHARACTERS_PER_TOKEN = 4
_RULE = "Say what a complete and correct answer contains, so that another person can grade against it. "


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for the model, and what a right reply to it says."""

    question_id: str
    system: str
    prompt: str
    right: dict[str, Any]

    @property
    def messages(self) -> list[Any]:
        """The chat as chat completions take it."""
        before = [{"role": "system", "content": self.system}] if self.system else []
        return [*before, {"role": "user", "content": self.prompt}]

    def read(self, reply: str) -> dict[str, Any]:
        """Return the answer key that a reply holds.

        Raises
        ------
        ValueError, KeyError
            If it holds none, or another question's.
        """
        found: dict[str, Any] = json.loads(reply[reply.find("{") : reply.rfind("}") + 1])
        if found["question_id"] != self.question_id:
            raise ValueError(f"question_id must be {self.question_id}")
        return found


def questions(count: int, prefix_tokens: int = 0) -> list[Asked]:
    """Return that many; all begin with about so many tokens that they share."""
    length = prefix_tokens * _CHARACTERS_PER_TOKEN
    system = (_RULE * (length // len(_RULE) + 1))[:length]
    return [_asked(number, system) for number in range(count)]


def _asked(number: int, system: str) -> Asked:
    known = _truth()[number % len(_truth())]
    question_id = f"q{number}"
    prompt = (
        "Write the answer key of this question, as one JSON object.\n\n"
        f"Question id: {question_id}\n{known['question_text']}"
    )
    return Asked(question_id, system, prompt, known["answer_key"] | {"question_id": question_id})


@cache
def _truth() -> list[dict[str, Any]]:
    truth: list[dict[str, Any]] = json.loads(_TRUTH.read_text("utf-8"))["questions"]
    return truth
