"""A provider's batches behind the files and batches of an OpenAI-compatible endpoint."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO, Final, Self

import httpx2
import openai
from openai.types import Batch

from aita.errors import BatchGoneError, CallError, ProviderBusy, RunStopped, TaskError
from aita.llm.chat import ChatModel, encoded
from aita.llm.completion import LARGEST, read_completion
from aita.llm.connection_failures import CUT_OFF
from aita.llm.connections import Connections
from aita.llm.plain_words import plain_words
from aita.llm.pricing import in_batch
from aita.llm.provider_errors import classify
from aita.models.run import Usage
from aita.ports import ProviderBatch, Reply
from aita.tasks.request import LLMRequest, Parameters

logger = logging.getLogger(__name__)

FILE_SECONDS = 3 * 24 * 60 * 60
"""Seconds after which the provider deletes a batch file by itself: a batch has two days at most."""

_PATH: Final = "/v1/chat/completions"
_NAME = "aita"
"""Name of the entry with a batch's token in its metadata."""
_ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
_QUEUE_FULL = "token_limit_exceeded"
_MOST_FAILURES = 3
"""Most of the reasons that are told why a whole batch failed: each of its lines may have one."""
_LISTED = 1000
"""Most batches that are listed, the newest first: one whose id was lost is minutes old."""
_SUCCESS = 200
_NOT_FOUND = 404
_NO_ROUTE = frozenset({_NOT_FOUND, 405})
NO_BATCHES = "the endpoint has no batches (files and batches of OpenAI's API): start the run without batches"


@dataclass(slots=True)
class BatchEndpoint:
    """Batches of calls to one model.

    Parameters
    ----------
    client
        openai client without retries, as its own would create a batch twice, and with a transport that streams files.
    chat
        Model whose calls the batches hold.
    defaults
        Temperature and limit of tokens of the requests that have none.
    """

    client: openai.OpenAI
    chat: ChatModel
    defaults: Parameters = field(default_factory=Parameters)
    _lacks_expiry: bool = field(default=False)

    @classmethod
    def of(cls, chat: ChatModel, defaults: Parameters = Parameters()) -> Self:  # noqa: B008 - it is immutable
        """Return the batches of a model, over a copy of its client."""
        client = chat.client.with_options(max_retries=0)
        if isinstance(client._client._transport, Connections):  # which holds a request in memory
            http = openai.DefaultHttpxClient(base_url=client.base_url, timeout=client.timeout)
            client = client.with_options(http_client=http)
        return cls(client, chat, defaults)

    def line(self, digest: str, request: LLMRequest, images: Mapping[str, bytes]) -> bytes:
        """Return a batch file's line for a request, which its reply will name by the digest."""
        request.check_text()
        if request.parameters.model not in ("", self.chat.model):
            raise TaskError("a batch is of one model, and the request names another")
        whole = replace(request, parameters=request.parameters.over(self.defaults))
        body = self.chat.body(whole, images)
        return encoded({"custom_id": digest, "method": "POST", "url": _PATH, "body": body}) + b"\n"

    def upload(self, file: BinaryIO, name: str) -> str:
        """Upload a batch file, and return its id. The file expires, unless the endpoint lacks that."""
        try:
            return self._upload(file, name)
        except TaskError as refused:
            if self._lacks_expiry or "expires_after" not in refused.said:
                raise
        self._lacks_expiry = True
        logger.info("the endpoint lacks expires_after: now without it")
        return self._upload(file, name)

    def create(self, file_id: str, token: str) -> ProviderBatch:
        """Create a batch of a file; the token becomes part of its metadata."""
        with self._errors():
            created = self.client.batches.create(
                input_file_id=file_id, endpoint=_PATH, completion_window="24h", metadata={_NAME: token}
            )
            return _batch(created)

    def find(self, file_id: str, token: str) -> list[ProviderBatch]:
        """Return the batches of a file or with a token, the oldest first."""
        with self._errors():
            listed: Iterable[Batch] = islice(self.client.batches.list(limit=100), _LISTED)
            found = [
                each for each in listed if each.input_file_id == file_id or (each.metadata or {}).get(_NAME) == token
            ]
            return [_batch(each) for each in reversed(found)]

    def get(self, batch_id: str) -> ProviderBatch:
        """Return a batch."""
        with self._errors(gone="the provider knows the batch no longer"):
            return _batch(self.client.batches.retrieve(batch_id))

    def cancel(self, batch_id: str) -> None:
        """Cancel a batch. Nothing happens if it is at its end.

        Raises
        ------
        BatchGoneError
            If the provider does not know it: by the key of its own account it may go on.
        """
        with self._errors(gone="the provider does not know a batch that is to be cancelled"):
            try:
                self.client.batches.cancel(batch_id)
            except (openai.ConflictError, openai.BadRequestError):
                logger.info("a batch could not be cancelled: it has ended, or is being cancelled")

    def replies(self, batch: ProviderBatch) -> Iterator[tuple[str, Reply]]:
        """Yield the replies of a batch that has ended, each with its request's digest."""
        for file_id in batch.answer_files:
            left_out = 0
            with (
                self._errors(gone="the provider has the file of a batch's replies no longer"),
                self.client.files.with_streaming_response.content(file_id) as response,
            ):
                for line in _lines(response.iter_bytes()):
                    reply = _reply(line)
                    left_out += reply is None
                    if reply is not None:
                        yield reply
            if left_out:
                logger.warning("%d requests of a batch have no reply", left_out)

    def delete(self, file_id: str) -> None:
        """Delete a file. Nothing happens if it is not there."""
        try:
            with self._errors():
                self.client.files.delete(file_id)
        except (TaskError, RunStopped) as refused:
            logger.warning("a batch's file could not be deleted at the provider: %s", type(refused).__name__)

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply in a batch."""
        return in_batch(self.chat.price(reply))

    @contextmanager
    def _errors(self, *, gone: str = "") -> Iterator[None]:
        """Raise aita's errors for those of openai's client; ``gone`` is a 404's meaning if it is of one object."""
        try:
            yield
        except openai.APIStatusError as error:
            if gone and error.status_code == _NOT_FOUND:
                raise BatchGoneError(gone) from None
            failure = RunStopped(NO_BATCHES) if error.status_code in _NO_ROUTE else classify(error)
        except (openai.APIError, httpx2.RequestError) as error:
            failure = classify(error)
        else:
            return
        if isinstance(failure, RunStopped):
            self.chat.forget_key()
        raise failure

    def _upload(self, file: BinaryIO, name: str) -> str:
        file.seek(0)
        expiry: Any = {"anchor": "created_at", "seconds": FILE_SECONDS}
        with self._errors():
            uploaded = self.client.files.create(
                file=(name, file), purpose="batch", expires_after=openai.omit if self._lacks_expiry else expiry
            )
            return _required(uploaded.id)


def _batch(answer: Batch) -> ProviderBatch:
    counts, errors = answer.request_counts, answer.errors
    failures = (errors.data or []) if errors else []
    said = [plain_words(text) for each in failures[:_MOST_FAILURES] for text in (each.code, each.message) if text]
    files = (answer.output_file_id, answer.error_file_id)
    return ProviderBatch(
        batch_id=_required(answer.id),
        ended=str(answer.status).lower() in _ENDED,
        done=(counts.completed or 0) + (counts.failed or 0) if counts else 0,
        total=(counts.total or 0) if counts else 0,
        answer_files=tuple(each for each in files if each),
        queue_full=answer.status == "failed" and _QUEUE_FULL in [each.code for each in failures],
        failure="; ".join(filter(None, said)) if answer.status == "failed" else "",
    )


def _required(value: str | None) -> str:
    """Return the id in an answer; openai's client lets one without it pass.

    Raises
    ------
    ProviderBusy
        If there is none. What was asked for may have happened.
    """
    if not isinstance(value, str) or not value:
        raise ProviderBusy(CUT_OFF)
    return value


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file but empty ones; texts may hold the further ends of lines that Unicode has.

    Of a line that is longer than any reply, the rest is left out, so that it is no reply: the others are.
    """
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield from (line for line in lines if line.strip())
        if len(rest) > LARGEST:
            rest = b"\0"  # no JSON begins so
    if rest.strip():
        yield rest


def _reply(line: bytes) -> tuple[str, Reply] | None:
    """Return the digest and the reply in a line of a batch's output or errors; ``None`` if it has none."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):  # cut off, no text, or too deep
        answer = None
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict) or response.get("status_code") != _SUCCESS:
        return None
    try:
        completion = read_completion(encoded(response.get("body") or {}), "application/json")
    except (CallError, RecursionError):
        return None
    reply = Reply(
        text=completion.text,
        finish_reason=completion.finish_reason,
        refusal=completion.refusal,
        model=completion.model,
        usage=completion.usage,
        latency_ms=0,
    )
    return str(answer.get("custom_id")), reply
