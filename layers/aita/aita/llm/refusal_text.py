"""Text of a refusal that another form of the request could avoid, and what it says of a call with pictures."""

import re

import openai

from aita.errors import CallError, ProviderSetting, RunStopped, TaskError, TooLongError
from aita.llm.error_body import diagnostic_text
from aita.llm.refused import says_no_eyes

_TEACHING = {400, 422}
_MAY_TEACH = {404, 415, 500, 501}
"""Statuses of refusals, and statuses that some servers send for a refusal and others for a failure."""

_UNSUPPORTED = (
    r"not (?:support|implement|enabled|allowed|permitted)|n't support|unsupported|unimplemented|unrecognized"
    r"|extra_forbidden|must alternate|failed to parse grammar|conversion failed|cannot resolve|no endpoints found"
    r"|mmproj|multi-?modal|required for image|only supports?|不支持"
)
"""Words of a refusal, in answers whose status may mean another failure."""


def refusal_text(error: Exception) -> str:
    """Return the text of a refusal, to find the names of refused parameters in. It may quote the prompt.

    It is empty for failures that another form of the request could not avoid.
    """
    if isinstance(error, openai.APIStatusError):
        status, text = error.status_code, diagnostic_text(error.body)
        return text if status in _TEACHING or (status in _MAY_TEACH and _refuses(text)) else ""
    said = error.said if isinstance(error, CallError) else ""  # of an answer with status 200
    return said if type(error) in {TaskError, TooLongError} or _refuses(said) else ""


def _refuses(text: str) -> bool:
    return re.search(_UNSUPPORTED, text.lower()) is not None or says_no_eyes(text)


def no_eyes(failure: CallError, *, seen: bool) -> CallError:
    """Return the error of a call with pictures whose refusal says that the model takes none.

    Parameters
    ----------
    seen
        Whether the model has answered a call with pictures, so that the refusal is of this one's.
    """
    answered = str(failure).partition(":")[0].removesuffix(" and refuses the request")
    if seen:
        error: CallError = TaskError(
            f"{answered} and refuses this picture, as it has not done with others: run it again"
        )
    else:
        of_one = TaskError(f"{answered} and refuses this picture, but answers other calls: run it again")
        of_one.said = failure.said
        error = RunStopped(
            f"{answered}: the model takes no pictures, and pages are pictures",
            setting=ProviderSetting.MODEL,
            of_one_input=of_one,
        )
    error.said = failure.said
    return error
