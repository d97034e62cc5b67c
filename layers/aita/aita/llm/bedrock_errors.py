"""Classification of Amazon Bedrock's refusals into aita's errors, by the code of its exception and what it says."""

import re
from collections.abc import Callable, Mapping

from aita.errors import (
    CallError,
    ProviderBusy,
    ProviderSetting,
    RefusalError,
    RunStopped,
    TaskError,
    TooLongError,
)
from aita.llm.forbidden import refuses_input
from aita.llm.headers import retry_after
from aita.llm.limited import is_of_days
from aita.llm.plain_words import plain_words

_LONGEST_SAID = 1000  # characters
_SERVER_ERROR = 500
_WORD = re.compile(r"[\w.\-]{1,80}")
_REGION = re.compile(r"^(?:us|us-gov|ca|sa|eu|apac|jp|au|me|af|global)\.")
"""Prefix of an inference profile's name: the part of the world where its model may run."""

_APOSTROPHE = "\u2019"  # in some of its messages
_MODEL = re.compile(
    r"model identifier|on-demand throughput|resolve the foundation model|model not found|end of its life"
    r"|marked by provider as legacy|doesn't support the model|operation not allowed|unsupported countries",
    re.IGNORECASE,
)
_EYES = re.compile(
    r"(?:n't|not) support (?:the )?(?:images?|vision|multimodal|visual)\b|extraneous key \[image\]", re.IGNORECASE
)
_TOO_LONG = re.compile(
    r"(?:input|prompt|request|message)s? (?:is|are|was) too (?:long|large)|too many (?:input )?tokens"
    r"|context (?:limit|length|window)|input length|maximum (?:context|input|prompt)|tokens exceeded"
    r"|(?:input|prompt) (?:tokens )?exceeds?",
    re.IGNORECASE,
)

LISTED = (
    "'aws bedrock list-inference-profiles' and 'aws bedrock list-foundation-models --by-input-modality IMAGE' list "
    "those of your region"
)
CREDENTIALS = (
    "there are no AWS credentials, or they are wrong or have expired: 'aws sts get-caller-identity' tells, and 'aws "
    "configure' or 'aws sso login' sets them"
)


def classify(code: str, status: int, said: str, headers: Mapping[str, str], model: str) -> CallError:
    """Return aita's error for a response of Amazon Bedrock that is no success.

    Parameters
    ----------
    code
        Name of its exception, or the status if it has none.
    said
        Its message, which may quote the prompt and becomes part of ``said`` alone.
    headers
        Of the response, by their lower-case names.
    """
    name = code if _WORD.fullmatch(code) else ""
    answered = f"Amazon Bedrock answered {status}{f' ({name})' if name and name != str(status) else ''}"
    failure = _classify(code, status, said.replace(_APOSTROPHE, "'"), headers, model, answered)
    failure.said = said[:_LONGEST_SAID]
    return failure


def cut_off() -> ProviderBusy:
    """Return the error of a success that has no whole reply; it may be paid."""
    failure = ProviderBusy("Amazon Bedrock's answer was cut off, or is none of Converse")
    failure.may_be_paid = True
    return failure


def too_late() -> ProviderBusy:
    """Return the error of a call that was not answered within its time-out."""
    return ProviderBusy("the model did not answer in time", timed_out=True)


def _classify(code: str, status: int, said: str, headers: Mapping[str, str], model: str, answered: str) -> CallError:
    if (meant := _BY_CODE.get(code)) is not None:
        return meant(answered, said, headers, model)
    return _by_status(status, answered, said, headers, model)


def _by_status(status: int, answered: str, said: str, headers: Mapping[str, str], model: str) -> CallError:
    """Return the error of a response without an exception that is known here, such as a gateway's own."""
    match status:
        case 429:
            return _limited(answered, said, headers, model)
        case 408 | 504 | 524:
            return _timed_out(answered, said, headers, model)
        case 409 | 424 | 529:
            return _busy(answered, said, headers, model)
        case 401:
            return _unauthenticated(answered, said, headers, model)
        case 403:
            return _denied(answered, said, headers, model)
        case 404:
            return _no_model(answered, said, headers, model)
        case 413:
            return TooLongError(f"{answered}: the request is larger than it takes")
    return (
        _busy(answered, said, headers, model) if status >= _SERVER_ERROR else _invalid(answered, said, headers, model)
    )


def _limited(answered: str, said: str, headers: Mapping[str, str], model: str) -> CallError:
    if is_of_days(said):
        return RunStopped(
            f"{answered}: the account's tokens per day for {model} are used up: resume when the next day begins, or "
            "ask for more in the console of Service Quotas (Amazon Bedrock)"
        )
    return ProviderBusy(answered, retry_after=retry_after(headers, limited=True), limited=True)


def _busy(answered: str, _: str, headers: Mapping[str, str], __: str) -> CallError:
    return ProviderBusy(answered, retry_after=retry_after(headers, limited=False))


def _timed_out(answered: str, _: str, __: Mapping[str, str], ___: str) -> CallError:
    failure = ProviderBusy(answered, timed_out=True)
    failure.may_be_paid = True  # the model had begun
    return failure


def _denied(answered: str, said: str, _: Mapping[str, str], model: str) -> CallError:
    if "INVALID_PAYMENT_INSTRUMENT" in said:
        return RunStopped(
            f"{answered}: the account has no valid means of payment, which {model} needs: give one in the console of "
            "AWS Billing, Payment preferences"
        )
    if "marketplace" in said.lower():
        return RunStopped(
            f"{answered}: the role may not subscribe to {model}: call it once as an administrator, with "
            "aws-marketplace:ViewSubscriptions and aws-marketplace:Subscribe"
        )
    return RunStopped(
        f"{answered}: this account or its role may not call {model}: 'aws bedrock get-foundation-model-availability "
        f"--model-id {_REGION.sub('', model, count=1)}' tells whether the account may"
    )


def _no_model(answered: str, said: str, _: Mapping[str, str], model: str) -> CallError:
    if "use case details" in said:
        return RunStopped(
            f"{answered}: its vendor asks for your use case first: fill in the form in the console of Amazon Bedrock, "
            f"Model catalog, {model}"
        )
    return RunStopped(f"{answered}: {model} can't be called: {LISTED}", setting=ProviderSetting.MODEL)


def _quota_spent(answered: str, _: str, __: Mapping[str, str], model: str) -> CallError:
    return RunStopped(
        f"{answered}: the account's quota for {model} is spent: ask for more in the console of Service Quotas (Amazon "
        "Bedrock)"
    )


def _unauthenticated(answered: str, said: str, _: Mapping[str, str], __: str) -> CallError:
    if "ignature expired" in said or "not yet current" in said:
        return RunStopped(f"{answered}: this computer's clock is wrong: set it, as AWS takes a signature for minutes")
    return RunStopped(f"{answered}: {CREDENTIALS}")


def _invalid(answered: str, said: str, headers: Mapping[str, str], model: str) -> CallError:
    """Return the error of a request that is not valid: because of the model, or of this request alone."""
    if _EYES.search(said):
        return RunStopped(f"{answered}: {model} does not see pictures: {LISTED}", setting=ProviderSetting.MODEL)
    if _MODEL.search(said):
        return _no_model(answered, said, headers, model)
    if _TOO_LONG.search(said):
        return TooLongError(f"{answered}: the prompt is longer than the model takes")
    if refuses_input({"message": said}):
        return RefusalError(f"{answered}: its filter refuses this input: a person must look at it")
    shown = plain_words(said)
    words = f': it says "{shown}"' if shown else ""
    error = TaskError(f"{answered} and refuses the request{words}")
    error.unexplained = True
    return error


_BY_CODE: Mapping[str, Callable[[str, str, Mapping[str, str], str], CallError]] = {
    "ThrottlingException": _limited,
    "TooManyRequestsException": _limited,
    "ModelNotReadyException": _busy,
    "ServiceUnavailableException": _busy,
    "InternalServerException": _busy,
    "ModelErrorException": _busy,
    "ModelTimeoutException": _timed_out,
    "AccessDeniedException": _denied,
    "ResourceNotFoundException": _no_model,
    "ServiceQuotaExceededException": _quota_spent,
    "ValidationException": _invalid,
    "ExpiredTokenException": _unauthenticated,
    "IncompleteSignatureException": _unauthenticated,
    "InvalidSignatureException": _unauthenticated,
    "MissingAuthenticationTokenException": _unauthenticated,
    "UnrecognizedClientException": _unauthenticated,
}
"""Error by the code of an exception: those of Converse, and those of any call of AWS (InvokeModel, "Common errors")."""
