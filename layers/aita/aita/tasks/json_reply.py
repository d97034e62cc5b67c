"""Reading of the JSON object in a model's reply, also from among words, as a pydantic model."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from aita.errors import DoubtfulReplyError, UnparsableReplyError
from aita.tasks.escapes import neutral, repaired
from aita.tasks.reply_validation import check_fields, fitted_to
from aita.tasks.thoughts import answer_of, closes_thoughts, is_marked

ModelT = TypeVar("ModelT", bound=BaseModel)

_START = re.compile(r'\{\s*["}]|\[\s*\{')
_ESCAPE = re.compile(r"\\.")
_UNMISTAKABLE = {r"\n": r"\u000a", r"\t": r"\u0009"}
_ELEMENT = re.compile(r"[^\s,]")
_BRACES = re.compile(r"[{}]")
_FENCE = re.compile(r"```[A-Za-z0-9]{0,10}\s{0,9}$")
_DECODER = json.JSONDecoder(strict=False)

_MOST_OBJECTS = 100

_PROBLEMS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Read(Generic[ModelT]):
    """Value of a reply; ``doubts`` are its backslashes that may have been meant otherwise."""

    value: ModelT
    doubts: tuple[str, ...]

    def check(self, kept: Any = None) -> None:
        """Check that the reply is unambiguous.

        Parameters
        ----------
        kept
            Result to use after all if no better reply comes.

        Raises
        ------
        DoubtfulReplyError
            If a backslash may have been meant otherwise.
        """
        if self.doubts:
            raise DoubtfulReplyError(
                "a backslash in it may be LaTeX's or JSON's own",
                kept=kept,
                feedback=(
                    f"it can't be told what is meant by {', '.join(self.doubts[:_PROBLEMS_SHOWN])}. In JSON, double "
                    r"each backslash of LaTeX (\\nu, \\times), and where a line break is meant before such letters "
                    r"write it as \u000a"
                ),
            )


def read_reply(model: type[ModelT], reply: str) -> Read[ModelT]:
    """Return the one object of a reply that fits the model.

    Raises
    ------
    UnparsableReplyError
        If none does, or several that differ.
    """
    fits: list[Read[ModelT]] = []
    problems = ""
    for found in map(repaired, _objects(reply)):
        try:
            check_fields(found.text)
            value = fitted_to(model, found.text)
        except UnparsableReplyError as error:
            problems = str(error)
        except ValidationError as error:
            problems = _describe(error)
        except UnicodeEncodeError:
            problems = "it holds half of a character"
        else:
            if all(value != other.value for other in fits):
                fits.append(Read(value, found.doubts))
    if not fits:
        raise UnparsableReplyError(problems)
    if len(fits) > 1:
        raise UnparsableReplyError("it holds more than one JSON object that could be the answer: give one")
    return fits[0]


def check_is_alone(reply: str) -> None:
    """Check that a reply holds one object, and nothing else that could be taken for one.

    Raises
    ------
    UnparsableReplyError
        Also if an object stands in thoughts whose beginning is not marked: it may be the answer, and the text after
        it a quotation of the answer's.
    """
    found = find_object(reply)
    around = _unquoted(answer_of(reply) if is_marked(reply) else reply).replace(found, "", 1)
    if "{" in around:
        raise UnparsableReplyError("it holds more than one JSON object")


def find_object(reply: str) -> str:
    """Return the text of the one JSON object in a reply: the whole reply, a fenced block, or a part among words.

    Raises
    ------
    UnparsableReplyError
        If there is none, or several that differ.
    """
    texts = dict.fromkeys(_objects(reply))
    if len(texts) > 1:
        raise UnparsableReplyError("it holds more than one JSON object: give one")
    return next(iter(texts))


def written(value: Any) -> str:
    """Return a value as JSON that ``read_reply`` reads without doubts, also with LaTeX or line breaks in it."""
    return _ESCAPE.sub(lambda escape: _UNMISTAKABLE.get(escape.group(), escape.group()), json.dumps(value))


def _objects(reply: str) -> list[str]:
    """Return the texts of the objects that could be the answer."""
    answer = _unquoted(answer_of(reply))
    return [answer[start:end] for start, end in _places(answer)]


def _unquoted(answer: str) -> str:
    """Return an answer's text, decoded if it is a JSON string, which may hold JSON."""
    try:
        text = json.loads(answer, strict=False) if answer.lstrip().startswith('"') else None
    except ValueError:
        return answer
    return text if isinstance(text, str) else answer


def _places(answer: str) -> list[tuple[int, int]]:
    """Return the places of the objects that could be the answer: the whole reply if it is JSON, else fenced, else all.

    Raises
    ------
    UnparsableReplyError
        If there is none, the answer is a list of several, or another end of thoughts stands beside them: then any of
        them may be a quotation in the thoughts.
    """
    text = neutral(answer)
    found = list(_values(text))
    if closes_thoughts("".join(_around(answer, found))):
        raise UnparsableReplyError("it ends its thoughts more than once")
    wholes = [(start, end) for start, end in found if not text[:start].strip() and not text[end:].strip()]
    fenced = [(start, end) for start, end in found if _is_fenced(text, start, end)]
    places: list[tuple[int, int]] = []
    for start, end in wholes or fenced or found:
        inner = [(start, end)] if text[start] == "{" else list(_elements(text, start + 1))
        if len(inner) > 1 and (wholes or fenced):
            raise UnparsableReplyError("it is a list of several objects, and one object is asked for")
        places += inner
    if not places:
        raise UnparsableReplyError("it holds no complete JSON object")
    return places


def _around(text: str, places: list[tuple[int, int]]) -> Iterator[str]:
    """Yield the parts of a text before, between and after some places."""
    last = 0
    for start, end in places:
        yield text[last:start]
        last = end
    yield text[last:]


def _is_fenced(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 30) : start], text[end : end + 30]
    return _FENCE.search(before) is not None and after.lstrip().startswith("```")


def _values(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of the outermost objects and lists of objects."""
    position = tried = 0
    while (start := _START.search(text, position)) is not None:
        tried += 1
        if tried > _MOST_OBJECTS:
            raise UnparsableReplyError(f"it holds the beginnings of more than {_MOST_OBJECTS} JSON objects")
        try:
            _, position = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):  # ValueError: also a number of thousands of digits
            position = _closing(text, start.start()) if text[start.start()] == "{" else start.start() + 1
        else:
            yield start.start(), position


def _elements(text: str, position: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the objects in a valid list."""
    while (start := _ELEMENT.search(text, position)) is not None and text[start.start()] != "]":
        _, position = _DECODER.raw_decode(text, start.start())
        if text[start.start()] == "{":
            yield start.start(), position


def _closing(text: str, start: int) -> int:
    """Return the end of an invalid object, so that objects inside of it are not taken for the reply's own."""
    depth = 0
    for brace in _BRACES.finditer(text, start):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.end()
    return len(text)


def _describe(error: ValidationError) -> str:
    """Return the first problems of a reply, each with its field, without quoting the reply."""
    details = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'JSON'}: {detail['msg']}" for detail in details[:_PROBLEMS_SHOWN]
    )
