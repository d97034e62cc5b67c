"""Body of an error response, beyond the part of it that openai's client keeps."""

import httpx2
import openai


def whole_body(error: openai.APIStatusError) -> object:
    """Return the body of an error response.

    openai's client keeps the value of its field ``error`` alone. Where that is a title, as in ``{"error": "Bad
    Request", "message": ...}``, the reason stands beside it.
    """
    if isinstance(error.body, dict | list):
        return error.body
    try:
        body = error.response.json()
    except (ValueError, RecursionError, httpx2.StreamError):
        return error.body
    return body if isinstance(body, dict) else error.body
