"""Validation of a reply against its model, with small deviations mended: null for a text, percent, a wrapper."""

import json
import re
from decimal import Decimal
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aita.errors import UnparsableReplyError

ModelT = TypeVar("ModelT", bound=BaseModel)

_NUMBER = re.compile(r"\s{0,9}(\d{1,3}(?:\.\d{1,15})?)\s{0,9}")
_PERCENT = re.compile(rf"{_NUMBER.pattern}%\s{{0,9}}")
_SMALLEST_PERCENT = 10
"""Up to this value a number for a fraction may be on another scale, such as 8 of 10: it is asked for again."""

_ROUNDS = 3  # mending may reveal further errors, which the next round mends
_DEEPEST_WRAPPER = 3
_NOTHING = object()


def fitted_to(model: type[ModelT], text: str, wrappers: int = _DEEPEST_WRAPPER) -> ModelT:
    """Return the model of a JSON object: of the object itself, mended, or taken out of a wrapper.

    Raises
    ------
    pydantic.ValidationError
        If it does not fit: with the errors of the object itself.
    UnicodeEncodeError
        If it holds half of a character.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problem = error
    try:
        value = json.loads(text, strict=False)
        mended = _mended(model, value, problem)
        if mended is None and wrappers and (inner := _unwrapped(value)) is not None:
            mended = fitted_to(model, json.dumps(inner), wrappers - 1)
    except ValidationError:
        mended = None
    if mended is None:
        raise problem
    return mended


def check_fields(text: str) -> None:
    """Check that no object in a JSON text has a field twice with different values, and that its numbers are numbers.

    A decoder takes the last of such fields, reads ``NaN`` and ``Infinity``, which JSON does not have (RFC 8259, 6), and
    makes a number that is too large an infinite one.

    Raises
    ------
    UnparsableReplyError
        If an object has such fields, or a number is none or too large.
    """
    try:
        json.loads(
            text,
            strict=False,
            object_pairs_hook=_checked_fields,
            parse_constant=_refuse_constant,
            parse_float=_checked_number,
        )
    except (ValueError, RecursionError):  # no JSON, or too deep: the caller's own reading reports it
        return


def _checked_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs) and any(fields[name] != value for name, value in pairs):
        raise UnparsableReplyError("an object in it has a field twice, with unlike values")
    return fields


def _refuse_constant(name: str) -> None:
    raise UnparsableReplyError(f"{name.removeprefix('-')} stands in it, which is no number of JSON: give a number")


def _checked_number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise UnparsableReplyError("a number in it is too large")
    return number


def _mended(model: type[ModelT], value: Any, problem: ValidationError) -> ModelT | None:
    """Return the model of a value after mending it in place; ``None`` if it can't be mended."""
    for _ in range(_ROUNDS):
        changed = [_mend(model, value, detail) for detail in problem.errors(include_url=False)]
        if not any(changed):
            return None
        try:
            return model.model_validate_json(json.dumps(value))
        except ValidationError as error:
            problem = error
    return None


def _mend(model: type[BaseModel], value: Any, detail: ErrorDetails) -> bool:
    """Mend one error in place if it is a known deviation; return whether it was."""
    place, wrong = _at(value, detail["loc"])
    last = detail["loc"][-1] if detail["loc"] else ""
    if wrong is None:
        if detail["type"] == "string_type":
            place[last] = ""
        elif isinstance(place, dict):
            del place[last]  # null means not given: the model has a default, or refuses it
        else:
            return False
        return True
    if detail["type"] in {"less_than_equal", "less_than"} and _is_bounded_by_one(detail):
        if (number := _NUMBER.fullmatch(str(wrong))) and _SMALLEST_PERCENT < Decimal(number[1]) <= 100:  # noqa: PLR2004 - percent
            place[last] = float(Decimal(number[1]) / 100)
            return True
    elif (percent := _PERCENT.fullmatch(str(wrong))) and _takes_fraction(model, value, detail):
        place[last] = float(Decimal(percent[1]) / 100)
        return True
    return False


def _takes_fraction(model: type[BaseModel], value: Any, detail: ErrorDetails) -> bool:
    """Tell whether the model bounds a field by 1, by validating a larger number there."""
    place, wrong = _at(value, detail["loc"])
    last = detail["loc"][-1]
    place[last] = 2.0
    try:
        model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        details = error.errors(include_url=False)
        return any(each["loc"] == detail["loc"] and _is_bounded_by_one(each) for each in details)
    finally:
        place[last] = wrong
    return False


def _is_bounded_by_one(detail: ErrorDetails) -> bool:
    context = detail.get("ctx", {})
    return bool(context.get("le", context.get("lt")) == 1)


def _at(value: Any, loc: tuple[int | str, ...]) -> tuple[Any, Any]:
    """Return the container and the value at an error's place; the value is ``_NOTHING`` if the place does not exist."""
    holder, found = None, value
    for step in loc:
        holder = found
        try:
            found = holder[step]
        except (KeyError, IndexError, TypeError):
            return None, _NOTHING
    return holder, _NOTHING if holder is None else found


def _unwrapped(value: Any) -> Any:
    """Return the only object among the fields of another, beside texts and numbers; ``None`` if there is none."""
    if not isinstance(value, dict):
        return None
    inner = [field for field in value.values() if isinstance(field, dict | list)]
    if len(inner) == 1 and isinstance(inner[0], list):
        inner = inner[0]
    return inner[0] if len(inner) == 1 and isinstance(inner[0], dict) else None
