"""How many tokens a request is likely to take, before it is made."""

import math

from aita.tasks.request import Image, LLMRequest

_BYTES_PER_TOKEN = 4
"""English text, roughly (OpenAI, "What are tokens and how to count them?"); in UTF-8 other scripts come out higher."""

_PATCH = 32
_MOST_PATCHES = 1536
_TOKENS_PER_PATCH = 1.62
"""A page at high detail: a token for each patch of 32 by 32 pixels, at most 1,536, times the factor of the model
(OpenAI, "Images and vision", calculating costs; 1.62 is that of gpt-4.1-mini)."""


def input_tokens(request: LLMRequest) -> int:
    """Return about how many tokens a request's messages and images take."""
    text = sum(len(message.text.encode()) for message in request.messages)
    images = sum(_image_tokens(image) for message in request.messages for image in message.images)
    return math.ceil(text / _BYTES_PER_TOKEN) + images


def expected_tokens(request: LLMRequest) -> int:
    """Return about how many tokens a call takes, its reply included."""
    return input_tokens(request) + request.parameters.expected_output_tokens


def prefix_tokens(request: LLMRequest) -> int:
    """Return about how many tokens the prompt's shared beginning takes."""
    return len(request.prefix.encode()) // _BYTES_PER_TOKEN


def _image_tokens(image: Image) -> int:
    patches = math.ceil(image.width / _PATCH) * math.ceil(image.height / _PATCH)
    return math.ceil(min(patches or _MOST_PATCHES, _MOST_PATCHES) * _TOKENS_PER_PATCH)
