"""Classification of failed calls into aita's errors, by the provider's status and code."""

import re
import ssl
from collections.abc import Mapping

import httpx2
import openai

from aita.errors import CallError, ProviderBusy, ProviderSetting, RefusalError, RunStopped, TaskError, TooLongError
from aita.llm.error_body import diagnostic_text, message_text
from aita.llm.forbidden import Forbidden, classify_forbidden, names_a_filter, refuses_input
from aita.llm.headers import limits, retry_after
from aita.llm.limited import is_limited, stated_wait

_OVERLOADED = 529  # not a registered status; some providers use it when overloaded
_REQUEST_TIMEOUT, _CONFLICT, _TOO_MANY = 408, 409, 429
_SERVER_ERROR, _UNAVAILABLE, _LAST = 500, 503, 599
_FIRST_REFUSAL = 400

_REFUSAL = re.compile(r"invalid_request_error|BadRequestError|(?:unsupported|unknown|invalid)_(?:parameter|value)")
"""Types and codes of errors about the request, with any status."""

_LOST = (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.DecodingError)
"""Errors after the request was sent."""

_NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
"""Reasons that OpenSSL's versions give for bytes that are not TLS."""

LONGEST_SAID = 1000
"""Most characters of ``CallError.said``, a provider's own message."""

NO_COMPLETION = "the provider's answer is no chat completion: see that the base URL is that of its API"
CUT_OFF = "the provider's answer was cut off"
WRONG_KEY = "the API key is wrong or may not use this model"
BAD_KEY = "the API key is empty or has characters that no key has"


def classify(error: openai.APIError | httpx2.RequestError) -> CallError:
    """Return aita's error for an error of openai's client.

    Only its ``said`` may contain text of the prompt or the reply. httpx2's errors are raised while a body is streamed.
    """
    failure = _classify(error)
    failure.said = message_text(getattr(error, "body", None))[:LONGEST_SAID]
    failure.may_be_paid = isinstance(_cause(error), _LOST)
    return failure


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
        code, parameter = _word(error.code or ""), _word(error.param or "")
        return _refusal(error.status_code, code, parameter, error.response.headers, error.body)
    if isinstance(error, openai.APITimeoutError):
        return too_late()
    if isinstance(error, openai.APIConnectionError):
        return _connection_failure(error.__cause__)
    return TaskError(NO_COMPLETION)


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


def _classify_embedded(error: object) -> CallError:
    code = _word(error.get("code", "")) if isinstance(error, dict) else ""
    if code.isdecimal() and _FIRST_REFUSAL <= int(code) <= _LAST:
        return _refusal(int(code), "", "", {}, error)
    answered = f"the provider answered an error{f' ({code})' if code else ''}"
    if meant := _by_code(code, answered):
        return meant
    if refuses_input(error):
        return _filter_refusal(answered)
    if isinstance(error, dict) and _REFUSAL.search(f"{error.get('type')} {code}"):
        return TaskError(f"{answered} and refuses the request")
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


def refusal_text(error: Exception) -> str:
    """Return the text of a refusal, to find the names of refused parameters in. It may quote the prompt.

    It is empty for failures that another form of the request could not avoid.
    """
    if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        return diagnostic_text(error.body)
    return error.said if type(error) is TaskError else ""


def _refusal(status: int, code: str, parameter: str, headers: Mapping[str, str], body: object) -> CallError:
    answered = f"the provider answered {status}{f' ({code})' if code else ''}"
    if meant := _by_code(code, answered):
        return meant
    if status in {_REQUEST_TIMEOUT, _CONFLICT, _TOO_MANY, _OVERLOADED} or status >= _SERVER_ERROR:
        observed, limited = limits(headers), is_limited(status, body)
        return ProviderBusy(
            answered,
            retry_after=retry_after(headers, limited=status in {_TOO_MANY, _UNAVAILABLE})
            or (stated_wait(body) if limited else None),
            requests_per_second=observed.requests_per_second,
            tokens_per_minute=observed.tokens_per_minute,
            limited=limited,
        )
    match status:
        case 401:
            return RunStopped(f"{answered}: {WRONG_KEY}", setting=ProviderSetting.KEY)
        case 403:
            return _classify_403(answered, body)
        case 402:
            return _quota_spent(answered)
        case 404:
            return RunStopped(f"{answered}: no such model or base URL", setting=ProviderSetting.MODEL)
    return TaskError(f"{answered} and refuses the request{f', parameter {parameter}' if parameter else ''}")


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
            return RunStopped(f"{answered}: the provider does not serve this region", setting=ProviderSetting.BASE_URL)
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
            return TooLongError(f"{answered}: the prompt is longer than the model takes")
        case "invalid_prompt":
            return _filter_refusal(answered)
    return _filter_refusal(answered) if names_a_filter(code) else None


def _filter_refusal(answered: str) -> RefusalError:
    return RefusalError(f"{answered}: its filter refuses this input: a person must look at it")


def _quota_spent(answered: str) -> RunStopped:
    return RunStopped(f"{answered}: no quota is left: add credit at the provider")


def _connection_failure(cause: BaseException | None) -> CallError:
    match cause:
        case httpx2.TooManyRedirects():
            return RunStopped("the base URL redirects without end", setting=ProviderSetting.BASE_URL)
        case httpx2.UnsupportedProtocol():
            return RunStopped("the base URL is neither http nor https", setting=ProviderSetting.BASE_URL)
        case httpx2.LocalProtocolError():  # only the key in a request's headers is not aita's own
            return RunStopped(BAD_KEY, setting=ProviderSetting.KEY)
        case httpx2.RemoteProtocolError():
            return ProviderBusy("the provider can't be reached: the connection was lost, or what answers is not HTTP")
        case httpx2.DecodingError():
            return ProviderBusy(CUT_OFF)
    if (problem := _tls_problem(cause)) is not None:
        return RunStopped(f"the base URL's server can't be trusted: {problem}", setting=ProviderSetting.BASE_URL)
    return ProviderBusy("the provider can't be reached: the connection failed or was lost")


def _tls_problem(cause: BaseException | None) -> str | None:
    """Return a problem with a server's TLS that a person must solve; ``None`` for others, such as a lost handshake."""
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not valid here"
        if isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS:
            return "it does not speak TLS"
        cause = cause.__cause__ or cause.__context__
    return None


def _word(value: object) -> str:
    """Return a code or number as text, if it looks like one: providers may put any text there."""
    text = str(value)
    return text if re.fullmatch(r"[\w.\-\[\]]{1,80}", text) else ""
