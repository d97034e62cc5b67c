"""Errors of a reader, one in an answer: a transcription that looks as good as any other."""

import random
import re
from collections.abc import Callable, Iterator
from enum import StrEnum

from tests.misreadings.questions import MadeUpQuestion, Statements


class Error(StrEnum):
    """Kind of a reader's error."""

    DIGIT = "a digit"
    SIGN = "a sign"
    UNIT = "a unit"
    NEGATION = "a negation"
    DROPPED = "a dropped line"
    INVENTED = "an invented line"
    REPAIRED = "a repaired mistake"


_ALIKE = {"0": "68", "1": "74", "2": "7", "3": "85", "4": "91", "5": "63", "6": "05", "7": "12", "8": "30", "9": "47"}

_UNITS = {"m/s²": "m/s", "m/s": "m/s²", "kg": "g", "N": "kN", "kJ": "J", "J": "kJ", "cm": "mm", "mm": "cm", "°": "%"}

_UNIT = re.compile(r"(?<=\d)( ?)(m/s²|m/s|kg|N|kJ|J|cm|mm|°)$")

_SIGN = re.compile(
    r"(?<=[\w)] )[+-](?= \w)|(?<=x )[+-](?= \d)|(?<=[= ])-(?=\d)|(?<== )(?=\d+(?:\.\d+)?(?:$| m/s))|^(?=\d+°)"
)
"""A sign between two terms, one before a number, and the place where one may be read before a number without."""

_NEGATIONS = (
    (" is not ", " is "),
    (" were not ", " were "),
    (" was not ", " was "),
    (" does not ", " does "),
    (" do not ", " do "),
    (" cannot ", " can "),
)


def misread(question: MadeUpQuestion, written: Statements, error: Error, chance: random.Random) -> Statements | None:
    """Return what a reader who errs in this way reads, or ``None`` if the answer has no place for the error."""
    found = [
        each for each in _ERRORS[error](question, written, chance) if each != written and len(set(each)) == len(each)
    ]
    return chance.choice(found) if found else None


def _changed(
    change: Callable[[str, random.Random], str],
) -> Callable[[MadeUpQuestion, Statements, random.Random], Iterator[Statements]]:
    """Return the readings that have one statement changed."""

    def readings(_: MadeUpQuestion, written: Statements, chance: random.Random) -> Iterator[Statements]:
        for place, statement in enumerate(written):
            if (other := change(statement, chance)) != statement:
                yield (*written[:place], other, *written[place + 1 :])

    return readings


def _digit(text: str, chance: random.Random) -> str:
    places = [match.start() for match in re.finditer(r"\d", text)]
    if not places:
        return text
    at = chance.choice(places)
    return f"{text[:at]}{chance.choice(_ALIKE[text[at]])}{text[at + 1 :]}"


def _sign(text: str, chance: random.Random) -> str:
    found = [*_SIGN.finditer(text)]
    if not found:
        return text
    match = chance.choice(found)
    is_binary = text[match.end() : match.end() + 1] == " "
    other = {"+": "-", "-": "+" if is_binary else "", "": "-"}[match[0]]
    return f"{text[: match.start()]}{other}{text[match.end() :]}"


def _unit(text: str, _: random.Random) -> str:
    return _UNIT.sub(lambda match: match[1] + _UNITS[match[2]], text)


def _negation(text: str, _: random.Random) -> str:
    for negated, plain in _NEGATIONS:
        if negated in text:
            return text.replace(negated, plain, 1)
        if plain in text:
            return text.replace(plain, negated, 1)
    if text.endswith("to scale"):
        return "to scale" if text.startswith("not") else "not to scale"
    return text


def _dropped(_: MadeUpQuestion, written: Statements, __: random.Random) -> Iterator[Statements]:
    if len(written) > 1:
        for place in range(len(written)):
            yield written[:place] + written[place + 1 :]


def _invented(question: MadeUpQuestion, written: Statements, chance: random.Random) -> Iterator[Statements]:
    """Yield readings with a statement that the student left out, or with a wrong one; no choice beside a choice."""
    if len(question.expected) == 1:
        return
    for statement in (each for each in (*question.expected, *question.beside) if each not in written):
        at = chance.randint(1, len(written))
        yield (*written[:at], statement, *written[at:])


def _repaired(question: MadeUpQuestion, written: Statements, _: random.Random) -> Iterator[Statements]:
    for right, wrong in zip(question.expected, question.mistakes, strict=True):
        for place, statement in enumerate(written):
            if statement in wrong:
                yield (*written[:place], right, *written[place + 1 :])


_ERRORS: dict[Error, Callable[[MadeUpQuestion, Statements, random.Random], Iterator[Statements]]] = {
    Error.DIGIT: _changed(_digit),
    Error.SIGN: _changed(_sign),
    Error.UNIT: _changed(_unit),
    Error.NEGATION: _changed(_negation),
    Error.DROPPED: _dropped,
    Error.INVENTED: _invented,
    Error.REPAIRED: _repaired,
}
