"""Tasks from JSON Lines: a prompt with the fields of each line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any, TypedDict, Unpack, overload

from pydantic_core import from_json

from aita.errors import InvalidMaterialError, RequestError, UnparsableReplyError
from aita.models.result import ResultT_co
from aita.tasks.reply_validation import check_fields
from aita.tasks.simple import ModelT, SimpleLLMTask

_BOM = b"\xef\xbb\xbf"


class _Options(TypedDict, total=False):
    """Arguments beside the file, the prompt and the form of the result."""

    id_field: str
    system: str
    model: str
    temperature: float | None
    max_tokens: int | None


@overload
def read_tasks(path: Path | str, prompt: str, **options: Unpack[_Options]) -> list[SimpleLLMTask[str]]: ...
@overload
def read_tasks(
    path: Path | str, prompt: str, *, response_model: type[ModelT], **options: Unpack[_Options]
) -> list[SimpleLLMTask[ModelT]]: ...
@overload
def read_tasks(
    path: Path | str, prompt: str, *, parse_fn: Callable[[str], ResultT_co], **options: Unpack[_Options]
) -> list[SimpleLLMTask[ResultT_co]]: ...
@overload
def read_tasks(
    path: Path | str,
    prompt: str,
    *,
    response_model: type[ModelT],
    parse_fn: Callable[[ModelT], ResultT_co],
    **options: Unpack[_Options],
) -> list[SimpleLLMTask[ResultT_co]]: ...
def read_tasks(path: Path | str, prompt: str, *, id_field: str = "", **fields: Any) -> list[SimpleLLMTask[Any]]:
    """Return a task for each line of a file of JSON objects, in their order. Empty lines are passed over.

    The line's object becomes the task's metadata, and so is in its result.

    Parameters
    ----------
    path
        File in UTF-8, with or without a byte order mark.
    prompt
        Text of each request, with the names of fields in braces: ``"Label: {text}"``. Braces of the prompt's own are
        written twice. A field that is no text or number is written as JSON.
    id_field
        Field with the task's id, a text or whole number; without one, ids follow from the requests.
    **fields
        As of ``SimpleLLMTask``: ``response_model``, ``parse_fn``, ``system``, ``model``, ``temperature`` and
        ``max_tokens``.

    Raises
    ------
    InvalidMaterialError
        If a line is no JSON object in UTF-8, lacks a field or has ``null`` there, or repeats an id; the message gives
        the file and the line's number.
    RequestError
        If the file can't be read, or the prompt's braces are wrong.

    Examples
    --------
    >>> tasks = read_tasks("texts.jsonl", "Which language is this? {text}", id_field="id")  # doctest: +SKIP
    """
    named = _names(prompt)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RequestError(f"{path} can't be read: {error.strerror or error}") from None
    tasks = []
    numbers: dict[str, int] = {}
    for number, row in _rows(data.removeprefix(_BOM), path):
        where = f"{path}, line {number}"
        if missing := [name for name in (*named, *([id_field] if id_field else [])) if row.get(name) is None]:
            raise InvalidMaterialError(f"{where}: the field {missing[0]!r} is missing or null")
        task_id = _task_id(row[id_field], where) if id_field else ""
        if task_id and numbers.setdefault(task_id, number) != number:
            raise InvalidMaterialError(f"{where}: line {numbers[task_id]} has the same {id_field!r}: give each its own")
        text = prompt.format_map({name: _text(row[name]) for name in named})
        tasks.append(SimpleLLMTask(task_id=task_id, prompt=text, metadata=row, **fields))
    return tasks


def _names(prompt: str) -> list[str]:
    """Return the fields that a prompt names.

    Raises
    ------
    RequestError
        If a brace stands alone, or what is between two is no field's name.
    """
    try:
        parts = list(Formatter().parse(prompt))
    except ValueError as error:
        raise RequestError(f"the prompt's braces are wrong ({error}): write braces of its own twice") from None
    named = [name for _, name, _, _ in parts if name is not None]
    for _, name, form, conversion in parts:
        if name is not None and (not name.isidentifier() or form or conversion):
            raise RequestError("the prompt has braces around what is no field's name: write braces of its own twice")
    return named


def _rows(data: bytes, path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            text = line.decode()
            row = from_json(text, allow_inf_nan=False)
            check_fields(text)
        except UnicodeDecodeError as error:
            raise InvalidMaterialError(f"{path}, line {number}: byte {error.start} is not UTF-8") from None
        except ValueError:
            raise InvalidMaterialError(f"{path}, line {number}: it is not JSON") from None
        except UnparsableReplyError as error:
            raise InvalidMaterialError(f"{path}, line {number}: {error}") from None
        if not isinstance(row, dict):
            raise InvalidMaterialError(f"{path}, line {number}: it is no JSON object")
        yield number, row


def _task_id(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise InvalidMaterialError(f"{where}: its id is no text or whole number")
    return str(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
