"""Parsing of question ids and points in the project's prompts."""

import re

_QUESTION_ID = re.compile(r"^[ \t]*Question id:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_POINTS = re.compile(r"^[ \t]*Points:[ \t]*([0-9]+(?:\.[0-9]+)?)[ \t]*$", re.MULTILINE)


def question_blocks(prompt: str) -> list[tuple[str, str]]:
    """Return each question's id, with the text from there to the next id."""
    found = list(_QUESTION_ID.finditer(prompt))
    ends = [match.start() for match in found[1:]] + [len(prompt)]
    return [(match[1], prompt[match.end() : end]) for match, end in zip(found, ends, strict=False)]


def last_question_id(prompt: str) -> str | None:
    """Return the last question's id; ``None`` if there is none."""
    return ids[-1] if (ids := _QUESTION_ID.findall(prompt)) else None


def last_points(prompt: str) -> float | None:
    """Return the last question's points; ``None`` if there are none."""
    return float(points[-1]) if (points := _POINTS.findall(prompt)) else None
