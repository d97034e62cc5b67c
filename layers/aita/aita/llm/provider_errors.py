"""Classification of failed calls into aita's errors, by the provider's status and code."""

import re
from collections.abc import Container, Mapping
from math import inf

import httpx2
import openai

from aita.errors import CallError, ProviderBusy, ProviderSetting, RefusalError, RunStopped, TaskError, TooLongError
from aita.llm.connection_failures import CUT_OFF, connection_failure
from aita.llm.error_body import diagnostic_text, field_text, message_text
from aita.llm.forbidden import Forbidden, classify_forbidden, names_a_filter, refuses_input
from aita.llm.headers import demanded_wait, limits, retry_after
from aita.llm.limited import exceeds_limit, is_limited, is_of_days, is_zero, names_capacity, stated_wait
from aita.llm.plain_words import plain_name, plain_words
from aita.llm.refused import Refused, classify_refused
from aita.llm.response_body import whole_body

_REQUEST_TIMEOUT, _CONFLICT, _TOO_LARGE, _TOO_MANY = 408, 409, 413, 429
_FAILED_MODEL = 424
"""Status of a request that failed in the model: TGI's "generation error" (its API's documentation), Bedrock's, too."""
_GROQS_OR_COHERES = 498
"""Status of Cohere's filter, and of a flex tier without capacity at Groq (its documentation, "API Error Codes")."""
_SERVER_ERROR, _UNAVAILABLE, _LAST = 500, 503, 599
_FIRST_REFUSAL = 400
_STATUSES = ("code", "status", "status_code", "statusCode", "error_code", "http_status")
GATEWAY_TIMEOUTS = {_REQUEST_TIMEOUT, 504, 524}
"""Statuses of gateways that waited too long for the model, which goes on and may be paid; 524 is Cloudflare's."""

_BROKEN = {_SERVER_ERROR, 501}
"""Server errors that some servers send for a request that they can't fulfil."""

_REFUSAL = re.compile(r"invalid_request_error|BadRequestError|(?:unsupported|unknown|invalid)_(?:parameter|value)")
"""Types and codes of errors about the request, with any status."""

_LOST = (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.DecodingError)
"""Errors after the request was sent."""

_OF_PARAMETERS = r"requested parameter|response_format|json_schema|structured output|tool use|unsupported parameter"
"""Words of a 404 about a part of the request, not about its model."""
_MOST_TEXT = 4_000

LONGEST_WAIT = 2 * 60 * 60.0
"""Longest wait that a provider may demand, in seconds: as long as patience lasts with one that answers nobody."""

LONGEST_SAID = 1000
"""Most characters of ``CallError.said``, a provider's own message."""

NO_COMPLETION = "the provider's answer is no chat completion: see that the base URL is that of its API"
WRONG_KEY = "the API key is wrong or may not use this model"
_NO_REGION = "the provider does not serve this region"
_NO_QUOTA = "no quota is left: add credit at the provider"
_TOO_LONG = "the prompt is longer than the model takes"

_STOPS: Mapping[Refused, tuple[str, ProviderSetting | None]] = {
    Refused.KEY: (WRONG_KEY, ProviderSetting.KEY),
    Refused.REGION: (_NO_REGION, ProviderSetting.BASE_URL),
    Refused.QUOTA: (_NO_QUOTA, None),
    Refused.ACCOUNT: ("the account is suspended or restricted: see its page at the provider", None),
    Refused.URL: ("no such address of its API", ProviderSetting.BASE_URL),
    Refused.MEMORY: ("its server has too little memory for the model", ProviderSetting.MODEL),
}
"""Refusals that no call gets past, with their message and the setting to correct."""


def classify(error: openai.APIError | httpx2.RequestError) -> CallError:
    """Return aita's error for an error of openai's client.

    Only its ``said`` may contain text of the prompt or the reply. httpx2's errors are raised while a body is streamed.
    """
    failure = _classify(error)
    body = whole_body(error) if isinstance(error, openai.APIStatusError) else getattr(error, "body", None)
    failure.said = message_text(body)[:LONGEST_SAID]
    failure.may_be_paid = failure.may_be_paid or isinstance(_cause(error), _LOST)
    return failure


def no_completion() -> TaskError:
    """Return the error of an answer that is no chat completion, such as a proxy's page."""
    error = TaskError(NO_COMPLETION)
    error.unexplained = True
    return error


def too_late() -> ProviderBusy:
    """Return the error of a call that was not answered within its time-out."""
    return ProviderBusy("the model did not answer in time", timed_out=True)


def mark_possibly_paid(failure: CallError) -> CallError:
    """Mark the failure of a reply that had begun, so that it counts as possibly paid; return the failure."""
    failure.may_be_paid = True
    return failure


def _cause(error: openai.APIError | httpx2.RequestError) -> BaseException | None:
    return error.__cause__ if isinstance(error, openai.APIConnectionError) else error


def _classify(error: openai.APIError | httpx2.RequestError) -> CallError:
    if isinstance(error, httpx2.RequestError):
        return too_late() if isinstance(error, httpx2.TimeoutException) else ProviderBusy(CUT_OFF)
    if isinstance(error, openai.APIStatusError):
        body = whole_body(error)
        code = _word(error.code or (body.get("code") if isinstance(body, dict) else None) or "")
        return _refusal(error.status_code, code, _word(error.param or ""), error.response.headers, body)
    if isinstance(error, openai.APITimeoutError):
        return too_late()
    if isinstance(error, openai.APIConnectionError):
        return connection_failure(error.__cause__)
    return no_completion()


def embedded_error(error: object) -> CallError:
    """Return aita's error for an error in the body of a successful response: gateways pass errors on with status 200.

    Its ``code`` is often the status that the gateway received.

    Parameters
    ----------
    error
        The error object, or the whole response if all of it is an error.
    """
    failure = _classify_embedded(error)
    failure.said = message_text(error)[:LONGEST_SAID]
    return failure


def embedded_status(error: object) -> int | None:
    """Return the status in an error of a response's body, where gateways give it different names."""
    values = [_word(error.get(name, "")) for name in _STATUSES] if isinstance(error, dict) else []
    return next((int(each) for each in values if each.isdecimal() and _FIRST_REFUSAL <= int(each) <= _LAST), None)


def _classify_embedded(error: object) -> CallError:
    code = _word(error.get("code", "")) if isinstance(error, dict) else ""
    if (status := embedded_status(error)) is not None:
        return _refusal(status, "" if code.isdecimal() else code, "", {}, error)
    answered = f"the provider answered an error{f' ({shown})' if (shown := plain_name(code)) else ''}"
    if meant := _by_code(code, answered) or _by_words(diagnostic_text(error), answered):
        return meant
    if refuses_input(error):
        return _filter_refusal(answered)
    if isinstance(error, dict) and _REFUSAL.search(f"{error.get('type')} {code}"):
        return _unexplained(f"{answered} and refuses the request", error)
    limited = is_limited(_UNAVAILABLE, error)
    return ProviderBusy(
        "the provider answered with an error instead of a reply",
        retry_after=stated_wait(error) if limited else None,
        limited=limited,
    )


def missing_choice(answer: object) -> CallError:
    """Return aita's error for a chat completion without a choice, which mostly means a blocked prompt."""
    if refuses_input(answer):
        return _filter_refusal("the provider answered without a reply")
    return TaskError(
        "the provider answered without a reply: its filter may refuse this input. Run it again; if it stays so, a "
        "person must look at it"
    )


def _refusal(status: int, code: str, parameter: str, headers: Mapping[str, str], body: object) -> CallError:
    shown, parameter = plain_name(code), plain_name(parameter)
    answered = f"the provider answered {status}{f' ({shown})' if shown and shown != str(status) else ''}"
    text = diagnostic_text(body)
    if meant := _by_code(code, answered) or _by_limit(status, headers, answered, body):
        return meant
    if status in _BROKEN and (meant := _by_words(text, answered, {Refused.KEY, Refused.TOO_LONG, Refused.MEMORY})):
        return meant
    limited = is_limited(status, body) or (status == _GROQS_OR_COHERES and names_capacity(code, text))
    if limited or status in {_REQUEST_TIMEOUT, _CONFLICT, _FAILED_MODEL} or status >= _SERVER_ERROR:
        observed = limits(headers)
        failure = ProviderBusy(
            f"{answered}{_words(body)}",
            retry_after=_wait(status, headers, body),
            requests_per_second=observed.requests_per_second,
            tokens_per_minute=observed.tokens_per_minute,
            limited=limited,
            timed_out=status in GATEWAY_TIMEOUTS,
        )
        failure.may_be_paid = failure.timed_out
        return failure
    if meant := _by_status(status, answered, body) or _by_words(text, answered):
        return meant
    if status == _TOO_LARGE:
        return _unexplained(
            f"{answered}: a server before the model takes no request of this size: raise its limit (nginx has "
            "client_max_body_size), or send fewer or smaller pictures",
            body,
        )
    return _unexplained(f"{answered} and refuses the request{f', parameter {parameter}' if parameter else ''}", body)


def _wait(status: int, headers: Mapping[str, str], body: object) -> float | None:
    """Return the seconds to wait that a refusal's headers or its body demand."""
    demanded = retry_after(headers, limited=status in {_TOO_MANY, _UNAVAILABLE})
    return demanded or (stated_wait(body) if is_limited(status, body) else None)


def _by_status(status: int, answered: str, body: object) -> CallError | None:
    match status:
        case 401:
            return RunStopped(f"{answered}: {WRONG_KEY}", setting=ProviderSetting.KEY)
        case 403:
            return _classify_403(answered, body)
        case 402:
            return _quota_spent(answered)
        case 404 | 410:
            return _not_found(answered, body)
        case 446 | 498:  # Portkey's and Cohere's (``_GROQS_OR_COHERES``)
            return _filter_refusal(answered)
        case 405:
            return RunStopped(f"{answered}: the base URL is not that of its API", setting=ProviderSetting.BASE_URL)
    return None


def _by_limit(status: int, headers: Mapping[str, str], answered: str, body: object) -> CallError | None:
    """Return the error of a rate limit that no wait helps with."""
    if not is_limited(status, body):
        return None
    text = diagnostic_text(body)
    if exceeds_limit(text):
        return TooLongError(
            f"{answered}: the request is larger than the provider's limit of tokens a minute: ask for a higher limit"
        )
    if is_of_days(field_text(body, "quotaid")) or (is_of_days(text) and _wait(status, headers, body) is None):
        return RunStopped(
            f"{answered}: the provider's limit of a day or more is used up: resume when it begins anew, or add credit"
        )
    if is_zero(text):
        return RunStopped(f"{answered}: the account's limit for this model is zero: ask for one, or take another model")
    if (seconds := demanded_wait(headers)) is not None and LONGEST_WAIT < seconds < inf:
        return RunStopped(f"{answered}: it asks to wait for {seconds / 3600:.0f} hours: resume then")
    return _by_words(text, answered, {Refused.QUOTA, Refused.ACCOUNT})


def _by_words(text: str, answered: str, among: Container[Refused] = frozenset(Refused)) -> CallError | None:
    """Return the error of a refusal whose words tell its subject, if that is ``among`` the given ones."""
    meant = classify_refused(text[:_MOST_TEXT])
    if meant not in among:
        return None
    if meant in _STOPS:
        told, setting = _STOPS[meant]
        return RunStopped(f"{answered}: {told}", setting=setting)
    match meant:
        case Refused.MODEL:
            return _no_such_model(f"{answered}: no such model", text)
        case Refused.TOO_LONG:
            return TooLongError(f"{answered}: {_TOO_LONG}")
        case Refused.INPUT:
            return _filter_refusal(answered)
    return None


def _unexplained(message: str, body: object) -> TaskError:
    """Return the error of a refusal that may be of one request or of all."""
    error = TaskError(f"{message}{_words(body)}")
    error.unexplained = True
    return error


def _not_found(answered: str, body: object) -> RunStopped:
    """Return the error of a 404, which OpenRouter also sends where no endpoint of a model fits a request."""
    text = diagnostic_text(body)[:_MOST_TEXT].lower()
    if "data policy" in text or "guardrail restrictions" in text:
        return RunStopped(f"{answered}: the account's data policy leaves no endpoint of this model: change it there")
    if re.search(_OF_PARAMETERS, text):
        return _no_such_model(f"{answered}: no endpoint of this model takes what is sent with a request", body)
    return _no_such_model(f"{answered}: no such model or base URL", body)


def _no_such_model(message: str, body: object) -> RunStopped:
    return RunStopped(f"{message}{_words(body, before=', and says')}", setting=ProviderSetting.MODEL)


def _words(body: object, before: str = ": it says") -> str:
    """Return such of the provider's words as can't be of a prompt, a reply or a key, as the end of a message."""
    said = plain_words(message_text(body)[:LONGEST_SAID])
    return f'{before} "{said}"' if said else ""


def _classify_403(answered: str, body: object) -> CallError:
    """Return aita's error for a 403 by its body, as providers send it for single inputs as well as for keys."""
    setting = None
    match classify_forbidden(body):
        case Forbidden.INPUT:
            return _filter_refusal(answered)
        case Forbidden.RATE:
            return ProviderBusy(answered, retry_after=stated_wait(body), limited=True)
        case Forbidden.QUOTA:
            return _quota_spent(answered)
        case Forbidden.REGION:
            return RunStopped(f"{answered}: {_NO_REGION}", setting=ProviderSetting.BASE_URL)
        case Forbidden.KEY:
            return RunStopped(f"{answered}: {WRONG_KEY}", setting=ProviderSetting.KEY)
        case Forbidden.FIREWALL:
            stopped = "a firewall or a web page answers instead of the API: it keeps these calls from it"
            refused = "a firewall before the API refuses this input: a person must look at it"
        case Forbidden.UNSAID:
            setting = ProviderSetting.KEY
            stopped, refused = WRONG_KEY, "it refuses this input and says no reason: a person must look at it"
    return RunStopped(f"{answered}: {stopped}", setting=setting, of_one_input=RefusalError(f"{answered}: {refused}"))


def _by_code(code: str, answered: str) -> CallError | None:
    match code:
        case "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active":
            return _quota_spent(answered)
        case "context_length_exceeded":
            return TooLongError(f"{answered}: {_TOO_LONG}")
        case "invalid_prompt":
            return _filter_refusal(answered)
    return _filter_refusal(answered) if names_a_filter(code) else None


def _filter_refusal(answered: str) -> RefusalError:
    return RefusalError(f"{answered}: its filter refuses this input: a person must look at it")


def _quota_spent(answered: str) -> RunStopped:
    return RunStopped(f"{answered}: {_NO_QUOTA}")


def _word(value: object) -> str:
    """Return a code or number as text, if it looks like one: providers may put any text there."""
    text = str(value)
    return text if re.fullmatch(r"[\w.\-\[\]]{1,80}", text) else ""
