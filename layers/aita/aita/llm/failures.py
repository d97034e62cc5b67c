"""What a failed call means: who owns it, by the status and code that the provider answered."""

import re

import openai

from aita.errors import CallError, ProviderBusy, Refused, RunStopped, TaskError, TooLong
from aita.llm.headers import limits, retry_after

_OVERLOADED = 529  # not a registered status; some providers answer it when overloaded
_REQUEST_TIMEOUT, _CONFLICT, _TOO_MANY = 408, 409, 429
_SERVER_ERROR, _UNAVAILABLE = 500, 503

NO_COMPLETION = "the provider's answer is no chat completion: see that the base URL is that of its API"


def classify(error: openai.APIError) -> CallError:
    """Return the error of aita's own for one of openai's; it holds nothing of the prompt or the reply."""
    if not isinstance(error, openai.APIStatusError):
        return _without_answer(error)
    status, code = error.status_code, _code(error)
    told = f"the provider answered {status}{f' ({code})' if code else ''}"
    if code in {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}:
        return RunStopped(f"{told}: no quota is left: add credit at the provider, then resume the run")
    if status in {_REQUEST_TIMEOUT, _CONFLICT, _TOO_MANY, _OVERLOADED} or status >= _SERVER_ERROR:
        headers = error.response.headers
        learnt = limits(headers)
        return ProviderBusy(
            told,
            retry_after=retry_after(headers, limited=status in {_TOO_MANY, _UNAVAILABLE}),
            requests_per_second=learnt.requests_per_second,
            tokens_per_minute=learnt.tokens_per_minute,
        )
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return RunStopped(f"{told}: the API key is wrong or may not use this model: set it with 'aita key set'")
        case openai.NotFoundError():
            return RunStopped(f"{told}: no such model or base URL: deploy the stack with the right ones")
    if code == "context_length_exceeded":
        return TooLong(f"{told}: the prompt is longer than the model takes")
    if code in {"content_filter", "content_policy_violation", "invalid_prompt"}:
        return Refused(f"{told}: its filter refuses this input: a person must look at it")
    return TaskError(f"{told} and refuses the request{f', parameter {_word(error.param)}' if error.param else ''}")


def _without_answer(error: openai.APIError) -> CallError:
    if isinstance(error, openai.APITimeoutError):
        return ProviderBusy("the model did not answer in time")
    if isinstance(error, openai.APIConnectionError):
        return ProviderBusy("the provider can't be reached: the connection failed or was lost")
    return TaskError(NO_COMPLETION)


def _code(error: openai.APIStatusError) -> str:
    return _word(error.code or "")


def _word(value: object) -> str:
    """Return a code if it looks like one, also a number's: what providers put there could otherwise be anything."""
    text = str(value)
    return text if re.fullmatch(r"[\w.\-\[\]]{1,80}", text) else ""
