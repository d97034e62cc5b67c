"""Conversation of one task with the model: repeats the request, with feedback, until a reply is valid."""

from collections.abc import Generator
from typing import Any

from aita.errors import (
    BrokenRuleError,
    DoubtfulReplyError,
    InvalidReplyError,
    RefusalError,
    TaskError,
    TooLongError,
    UnparsableReplyError,
)
from aita.services.calls.finish_reasons import Finish, finish_of, printable_reason
from aita.services.calls.reply_cache import of_whole_characters
from aita.tasks.llm_task import LLMTask, RetryPolicy
from aita.tasks.request import LLMRequest

Conversation = Generator[LLMRequest, str, Any]
"""Yields requests, receives the text of each reply, and returns the task's result."""


def converse(task: LLMTask[Any]) -> Conversation:
    """Yield a task's requests until a reply is valid. The caller of the generator makes the calls.

    After the last allowed retry, ``task.salvage`` may still make a result of an invalid reply.

    Raises
    ------
    InvalidReplyError
        If replies stay invalid for as many requests as the task's retry policy allows.
    TaskError
        If the task's own code fails on a reply.
    """
    request = task.request()
    problems: list[type[InvalidReplyError]] = []
    while True:
        reply = yield request
        try:
            return task.parse(reply)
        except InvalidReplyError as error:
            kind, problem, feedback = type(error), str(error), error.feedback
        problems.append(kind)
        if problems.count(kind) > _most(kind, task.retry_policy):
            if (salvaged := task.salvage(reply)) is not None:
                return salvaged
            raise kind(f"asked {len(problems)} times; of the last reply: {problem}")
        request = request.answered(reply, feedback)


def _most(kind: type[InvalidReplyError], policy: RetryPolicy) -> int:
    """Return the number of times that an invalid reply of a kind is asked for again."""
    limits = {
        UnparsableReplyError: policy.unparsable,
        BrokenRuleError: policy.broken_rule,
        DoubtfulReplyError: policy.doubtful,
    }
    return limits[kind]


def require_complete(text: str, finish_reason: str, *, refusal: bool) -> str:
    """Return the text of a complete reply; unpaired surrogates in it are replaced.

    Raises
    ------
    RefusalError
        If the model or the provider's filter refused the input.
    TooLongError
        If the reply was truncated at its token limit.
    TaskError
        If the finish reason is not that of a complete reply.
    """
    finish = finish_of(finish_reason)
    if refusal or finish is Finish.REFUSED:
        raise RefusalError("the model refuses this input: a person must look at it")
    if finish is Finish.CUT:
        raise TooLongError("the reply is longer than the model may give: a person must look at it")
    if finish is Finish.TOOL and not text.strip():
        raise TaskError(
            "the model called a tool instead of answering, though it has none: run it again, or take another"
        )
    if finish not in {Finish.WHOLE, Finish.TOOL, Finish.MALFORMED}:
        raise TaskError(
            f"the reply is not known to be whole, it ended with {printable_reason(finish_reason)}: run it again"
        )
    return of_whole_characters(text)
