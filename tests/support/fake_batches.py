"""A provider's batches in memory, over a model that answers when a batch is looked at."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Protocol

from aita.errors import ProviderBusy, TaskError
from aita.models.provider_batch import BATCH_PRICE
from aita.models.run import Run, Usage
from aita.ports import ProviderBatch, Reply
from aita.tasks.request import LLMRequest


class Answering(Protocol):
    """The model that answers a batch's requests."""

    def answer(self, request: LLMRequest) -> Reply: ...

    def price(self, reply: Reply) -> Usage: ...


class FakeBatchInvoker:
    """The function's asynchronous invocation, as a list."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def invoke(self, run: Run) -> None:
        self.runs.append(run)


@dataclass
class FakeBatch:
    """A batch: its requests by digest, and what became of it. ``left`` is how often it is still under way."""

    batch: ProviderBatch
    file_id: str
    token: str
    requests: dict[str, LLMRequest]
    left: int
    cancelled: bool = False


@dataclass
class FakeBatches:
    """The provider. ``submitted`` holds each request's digest as often as a batch was created with it.

    Parameters
    ----------
    looks
        Number of looks at a batch before it has ended.
    unanswered
        Returns whether a request is left without a reply, as in a batch that expires.
    """

    model: Answering
    looks: int = 1
    unanswered: Callable[[LLMRequest], bool] = lambda request: False
    queue_limit: int | None = None
    files: dict[str, dict[str, LLMRequest]] = field(default_factory=dict)
    batches: list[FakeBatch] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    answered: list[LLMRequest] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    _requests: dict[str, LLMRequest] = field(default_factory=dict)

    def line(self, digest: str, request: LLMRequest, images: Mapping[str, bytes]) -> bytes:
        self._requests[digest] = request
        shown: dict[str, Any] = {"custom_id": digest, "images": sorted(images)}
        return json.dumps(shown).encode() + b"\n"

    def upload(self, file: BinaryIO, name: str) -> str:
        self._fail()
        file.seek(0)
        digests = [json.loads(line)["custom_id"] for line in file]
        file_id = f"file-{len(self.sizes)}"
        self.files[file_id] = {digest: self._requests[digest] for digest in digests}
        self.sizes.append(file.tell())
        return file_id

    def create(self, file_id: str, token: str) -> ProviderBatch:
        self._fail()
        requests = self.files.get(file_id)
        if requests is None:
            raise TaskError("no such file")
        batch = ProviderBatch(batch_id=f"batch-{len(self.batches)}", ended=False, total=len(requests))
        open_requests = sum(len(each.requests) for each in self.batches if not each.batch.ended)
        if self.queue_limit is not None and open_requests + len(requests) > self.queue_limit:
            full = FakeBatch(replace(batch, ended=True, queue_full=True), file_id, token, {}, left=0)
            self.batches.append(full)
        else:
            self.submitted += requests
            self.batches.append(FakeBatch(batch, file_id, token, requests, left=self.looks))
        return batch

    def find(self, file_id: str, token: str) -> list[ProviderBatch]:
        self._fail()
        return [each.batch for each in self.batches if each.token == token]

    def get(self, batch_id: str) -> ProviderBatch:
        self._fail()
        found = self._batch(batch_id)
        if found.batch.ended:
            return found.batch
        found.left -= 1
        if found.left < 0 or found.cancelled:
            found.batch = replace(found.batch, ended=True, done=found.batch.total, answer_files=(f"{batch_id}-out",))
        return found.batch

    def cancel(self, batch_id: str) -> None:
        self._fail()
        self._batch(batch_id).cancelled = True

    def replies(self, batch: ProviderBatch) -> Iterator[tuple[str, Reply]]:
        self._fail()
        found = self._batch(batch.batch_id)
        for digest, request in found.requests.items():
            if not self.unanswered(request):
                self.answered.append(request)
                yield digest, replace(self.model.answer(request), latency_ms=0)

    def delete(self, file_id: str) -> None:
        self._fail()
        self.files.pop(file_id, None)

    def price(self, reply: Reply) -> Usage:
        usage = self.model.price(reply)
        return usage.model_copy(update={"batch_calls": usage.calls, "cost_usd": usage.cost_usd * BATCH_PRICE})

    def _batch(self, batch_id: str) -> FakeBatch:
        (found,) = [each for each in self.batches if each.batch.batch_id == batch_id]
        return found

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def busy() -> ProviderBusy:
    return ProviderBusy("the provider answered 503")
