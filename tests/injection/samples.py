"""The attempts and the clean answers, as tests and the suite against a real model take them."""

import tomllib
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_SAMPLES = _HERE.parents[1] / "samples"

HOSTILE_SAMPLE = ("Leopold Quist", "5")
"""The sample student and question whose answer is an attempt itself."""


def attempts() -> dict[str, str]:
    """Return the attempts by category and name."""
    categories = _load(_HERE / "attempts.toml")
    return {f"{category}.{name}": text for category, texts in categories.items() for name, text in texts.items()}


def clean_answers() -> list[str]:
    """Return answers that none of the patterns may take for an attempt."""
    answers: list[str] = _load(_HERE / "clean.toml")["answers"]
    return answers


def corpus(name: str) -> dict[str, list[str]]:
    """Return a corpus's texts by kind: of its attempts or its innocent answers."""
    return _load(_HERE / "corpora" / f"{name}.toml")


def sample_answers() -> dict[tuple[str, str], str]:
    """Return what the sample students wrote, by student and question, but for the one attempt among it."""
    return {place: text for place, text in every_sample_answer().items() if place != HOSTILE_SAMPLE}


def every_sample_answer() -> dict[tuple[str, str], str]:
    """Return what the sample students wrote, by student and question."""
    return {
        (student["name"], question_id): answer["text"].strip()
        for student in _load(_SAMPLES / "answers.toml")["students"]
        for question_id, answer in student["answers"].items()
    }


def _load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))
