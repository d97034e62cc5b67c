"""Estimates of a request's tokens before it is made."""

import math

from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort, expected_thoughts
from aita.tasks.request import Image, LLMRequest

_BYTES_PER_TOKEN = 4
"""English text, roughly (OpenAI, "What are tokens and how to count them?"); in UTF-8 other scripts come out higher."""

_PATCH = 32
_MOST_PATCHES = 2500
_TOKENS_PER_PATCH = 1.2
"""A page at high detail: a token for each patch of 32 by 32 pixels, at most 2,500, times the factor of the model
(OpenAI, "Images and vision", calculating costs; these are of GPT-5.6 and GPT-6)."""


def input_tokens(request: LLMRequest) -> int:
    """Return an estimate of the tokens of a request's messages and images."""
    text = sum(len(message.text.encode("utf-8", "surrogatepass")) for message in request.messages)
    images = sum(image_tokens(image) for message in request.messages for image in message.images)
    return math.ceil(text / _BYTES_PER_TOKEN) + images


def output_tokens(request: LLMRequest, effort: ReasoningEffort) -> int:
    """Return an estimate of a reply's tokens, with the model's thoughts before it."""
    return request.parameters.expected_output_tokens + expected_thoughts(effort)


def expected_tokens(request: LLMRequest, effort: ReasoningEffort = DEFAULT_EFFORT) -> int:
    """Return an estimate of a call's tokens, including its reply."""
    return input_tokens(request) + output_tokens(request, effort)


def prefix_tokens(request: LLMRequest) -> int:
    """Return an estimate of the tokens of the prompt's shared beginning."""
    return len(request.prefix.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN


def image_tokens(image: Image) -> int:
    """Return an estimate of an image's tokens; one of unknown size has the most."""
    patches = math.ceil(image.width / _PATCH) * math.ceil(image.height / _PATCH)
    return math.ceil(min(patches or _MOST_PATCHES, _MOST_PATCHES) * _TOKENS_PER_PATCH)
