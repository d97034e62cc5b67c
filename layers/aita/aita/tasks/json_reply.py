"""The JSON object in a model's reply, also where the model wrapped it in words."""

import json

from aita.errors import UnparsableReply

_PLACES = 50  # how many opening braces are tried; a reply that is JSON at all starts it among the first


def find_object(reply: str) -> str:
    """Return the first JSON object in a reply, as text: the reply itself, a fenced block, or one among words.

    Raises
    ------
    UnparsableReply
        If there is none.
    """
    text = reply.strip()
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(_PLACES):
        if start < 0:
            break
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # ValueError: also a number of thousands of digits
            start = text.find("{", start + 1)
        else:
            return text[start:end]
    raise UnparsableReply("it holds no complete JSON object")
