"""Files of custom tasks: JSON Lines with the fields of one task on each line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from aita.errors import AitaError, InvalidMaterialError
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import Image

MOST_BYTES = 20 * 1024 * 1024
"""Size limit of a file of tasks, as each function holds the whole file in memory."""

IMAGE_FOLDERS = ("images", "pages", "scans")
"""Folders of an assignment whose files may be shown to a model. They exclude files that identify students."""

_PROBLEMS_SHOWN = 5
_FIELD = re.compile(r"\w{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A line of a file of tasks: its number from 1, its fields, and their task."""

    number: int
    fields: dict[str, Any]
    task: LLMTask[Any]


def read_lines(kind: type[LLMTask[Any]], data: bytes, name: str) -> list[TaskLine]:
    """Read a file of tasks. Empty lines are ignored.

    Parameters
    ----------
    kind
        Class of the tasks.
    data, name
        Content of the file, and its name in messages.

    Raises
    ------
    InvalidMaterialError
        If the file or a line is invalid. The message names the file, the line and the field, but never a value.
    """
    check_size(len(data), name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMaterialError(f"{name}: byte {error.start} is not UTF-8: save it as UTF-8") from None
    lines = list(_lines(kind, text, name))
    _check_ids(lines, name)
    return lines


def check_size(size: int, name: str) -> None:
    """Check the size of a file of tasks, in bytes.

    Raises
    ------
    InvalidMaterialError
        If the size exceeds ``MOST_BYTES``.
    """
    if size > MOST_BYTES:
        raise InvalidMaterialError(
            f"{name}: it has {size / 1024 / 1024:,.1f} MB and may have {MOST_BYTES // 1024 // 1024}: "
            "split it, and give each part an assignment of its own"
        )


def check_images(lines: Iterable[TaskLine], assignment: str, name: str) -> None:
    """Check that the tasks show the model images of the assignment only.

    Raises
    ------
    InvalidMaterialError
        If a key belongs to another assignment or is not in one of ``IMAGE_FOLDERS``, or if a task can't make its
        request.
    """
    for line in lines:
        if not all(_may_be_shown(image.key, assignment) for image in _images(line, name)):
            folders = ", ".join(f"{assignment}/{folder}/" for folder in IMAGE_FOLDERS)
            raise InvalidMaterialError(
                f"{name}, line {line.number}: an image is not one of this assignment's: take a key under {folders}"
            )


def _lines(kind: type[LLMTask[Any]], text: str, name: str) -> Iterator[TaskLine]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines, as JSON strings may hold U+2028
        if not line.strip():
            continue
        try:
            [[fields]] = from_json(f"[[{line}]]", allow_inf_nan=False)  # nested as deep as in the stage's inputs
        except ValueError:
            raise InvalidMaterialError(f"{name}, line {number}: it is not JSON") from None
        if not isinstance(fields, dict):
            raise InvalidMaterialError(f"{name}, line {number}: it is no JSON object")
        try:
            yield TaskLine(number, fields, kind.model_validate(fields))
        except ValidationError as error:
            raise InvalidMaterialError(f"{name}, line {number}: {_problems(error, kind)}") from None


def _problems(error: ValidationError, kind: type[LLMTask[Any]]) -> str:
    details = error.errors(include_input=False, include_url=False, include_context=False)
    problems = [f"{_path(detail['loc'])}{_rule(detail, kind)}" for detail in details[:_PROBLEMS_SHOWN]]
    if (more := len(details) - _PROBLEMS_SHOWN) > 0:
        problems.append(f"and {more} more")
    return "; ".join(problems)


def _path(location: Sequence[int | str]) -> str:
    """Return a path in a line, for messages; a key that could be a student's text becomes ``?``."""
    parts = [str(part) if _FIELD.fullmatch(str(part)) else "?" for part in location]
    return f"{'.'.join(parts)}: " if parts else ""


def _rule(detail: Any, kind: type[LLMTask[Any]]) -> str:
    if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
        return f"{kind.kind} has no such field: it has {', '.join(field_names(kind))}"
    return str(detail["msg"]).removeprefix("Value error, ")


def field_names(kind: type[LLMTask[Any]]) -> dict[str, bool]:
    """Return the names of a kind's fields in a line, and whether each is required."""
    return {field.alias or name: field.is_required() for name, field in kind.model_fields.items()}


def _check_ids(lines: Iterable[TaskLine], name: str) -> None:
    numbers: dict[str, int] = {}
    for line in lines:
        task_id, number = line.task.task_id, line.number
        if task_id and numbers.setdefault(task_id, number) != number:
            raise InvalidMaterialError(
                f"{name}, line {number}: task_id: line {numbers[task_id]} has the same: give each its own"
            )


def _images(line: TaskLine, name: str) -> Iterator[Image]:
    try:
        messages = line.task.request().messages
    except AitaError as error:
        raise InvalidMaterialError(f"{name}, line {line.number}: {error}") from None
    for message in messages:
        yield from message.images


def _may_be_shown(key: str, assignment: str) -> bool:
    match key.split("/"):
        case [first, folder, *path] if path:
            return first == assignment and folder in IMAGE_FOLDERS and not {"", ".", ".."} & {*path}
    return False
