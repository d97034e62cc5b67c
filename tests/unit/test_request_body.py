"""What the API takes for a body."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import RequestError, RequestTooLargeError
from aita.request_body import MAX_BYTES, MAX_DEPTH, read_body

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(JSON)
def test_json_comes_as_it_is(value: Any) -> None:
    text = json.dumps(value)
    if depth(value) <= MAX_DEPTH and len(text) <= MAX_BYTES:
        assert read_body(text) == value


@given(st.text())
def test_anything_else_is_refused_with_an_error_of_ours(text: str) -> None:
    with suppress(RequestError):
        read_body(text)


def test_nesting_is_bounded_where_it_nests() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read_body(deepest) is not None
    assert read_body(json.dumps("[" * 99 + '"\\')) == "[" * 99 + '"\\', "brackets in a string do not nest"
    for text in (f"[{deepest}]", '{"a":' * 50_000, "[" * 200_000):
        with pytest.raises(RequestError, match="deeper than 16 levels"):
            read_body(text)


def test_the_size_is_bounded_in_bytes() -> None:
    assert read_body(json.dumps("x" * (MAX_BYTES - 2)))
    for text in (json.dumps("x" * (MAX_BYTES - 1)), '"' + "é" * (MAX_BYTES // 2) + '"'):
        with pytest.raises(RequestTooLargeError, match="256 KiB") as raised:
            read_body(text)
        assert raised.value.http_status == 413


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "9" * 5000, '"\\ud800"', '"\ud800"', "{'a': 1}"])
def test_what_json_is_not(text: str) -> None:
    with pytest.raises(RequestError, match="not JSON"):
        read_body(text)
