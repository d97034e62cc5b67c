"""Reading a request's body: JSON within bounds, so that what strangers send costs little to refuse."""

import json
import re
from typing import Any

from aita.errors import RequestError, RequestTooLargeError

MAX_BYTES = 256 * 1024
"""The largest body: an upload request for 100 files whose names are as long as they may be has about 45 KB."""

MAX_DEPTH = 16
"""The deepest nesting: no request of the API nests more than 4 levels, and Python's parser fails at about 1,000."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_OPENS, _CLOSES = "{[", "}]"


def read_body(text: str) -> Any:
    """Parse a request's body.

    Raises
    ------
    RequestTooLargeError
        If it has more than ``MAX_BYTES`` bytes.
    RequestError
        If it nests deeper than ``MAX_DEPTH``, is not JSON, or holds text that is no Unicode.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RequestTooLargeError(f"the request's body is larger than {MAX_BYTES // 1024} KiB: send it in parts")
    if _depth(text) > MAX_DEPTH:
        raise RequestError(f"the request's JSON nests deeper than {MAX_DEPTH} levels")
    try:
        body = json.loads(text, parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False).encode()
    except ValueError:  # half a surrogate pair, a number of thousands of digits, NaN, or no JSON at all
        raise RequestError("the request's body is not JSON (RFC 8259) of Unicode text") from None
    return body


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in _STRING.sub("", text):
        if character in _OPENS:
            depth += 1
            deepest = max(deepest, depth)
        elif character in _CLOSES:
            depth -= 1
    return deepest


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
