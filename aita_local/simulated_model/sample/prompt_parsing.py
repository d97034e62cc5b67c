"""What prompts say of the questions that they are about, in the words in which the project's prompts say it."""

import re

_QUESTION_ID = re.compile(r"^[ \t]*Question id:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_POINTS = re.compile(r"^[ \t]*Points:[ \t]*([0-9]+(?:\.[0-9]+)?)[ \t]*$", re.MULTILINE)


def question_blocks(prompt: str) -> list[tuple[str, str]]:
    """Return each question's id, and the text from it up to the next one's."""
    found = list(_QUESTION_ID.finditer(prompt))
    ends = [match.start() for match in found[1:]] + [len(prompt)]
    return [(match[1], prompt[match.end() : end]) for match, end in zip(found, ends, strict=True)]


def last_question_id(prompt: str) -> str | None:
    """Return the id that stands last, ``None`` if there is none."""
    return ids[-1] if (ids := _QUESTION_ID.findall(prompt)) else None


def last_points(prompt: str) -> float | None:
    """Return the question's points that stand last, ``None`` if there are none."""
    return float(points[-1]) if (points := _POINTS.findall(prompt)) else None
