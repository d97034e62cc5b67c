"""The executor on the stack: the deployed state machine makes the calls, and the caller judges the replies."""

import hashlib
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from aita.aws.api import Api
from aita.aws.local_stack import choose_place
from aita.aws.place import Place
from aita.aws.signer import SignedApi
from aita.aws.stack import find_stack
from aita.aws.transfer import Transfer
from aita.errors import AitaError, MissingInput, NotRun, RequestError, StackError, TaskError
from aita.executor.config import ParallelExecutionConfig
from aita.executor.progress import progress
from aita.models.api import RunOptions, RunView, StartRun, TaskView, UploadFile
from aita.models.names import IMAGE_TYPES
from aita.models.result import BatchExecutionResult, TaskResult
from aita.models.run import RunStatus, TaskStatus, Usage
from aita.services import keys
from aita.services.conversation import Conversation, converse
from aita.tasks.chat import ChatTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import Image, LLMRequest, Message

_CHAT = "chat"
_PIPELINE = f"kind.{_CHAT}"
_POLL_SECONDS = 1.0
_MOST_TASKS = 1_000_000
_SIGNATURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png", b"GIF8": "gif", b"RIFF": "webp"}


@dataclass
class StackExecutor:
    """Executes batches on the stack that the environment chooses: AITA_LOCAL=true is that of this computer.

    Each task travels as what the model is to be asked, through S3; a reply that its task refuses is asked
    again in a further run. The stack keeps every reply by what was asked, so that a batch which is executed
    again pays for none of it twice, whether ``resume_from_checkpoint`` is given or not.
    """

    config: ParallelExecutionConfig

    def execute_batch(
        self,
        tasks: Sequence[LLMTask[Any]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool = False,  # noqa: ARG002, FBT001, FBT002 - the executors' common signature
    ) -> BatchExecutionResult:
        """Execute tasks, and return what came of each, in the order given.

        Parameters
        ----------
        checkpoint_name
            Names the batch's assignment on the stack.

        Raises
        ------
        StackError
            If the stack is not there, or can't be reached.
        Conflict
            If a batch of this name is running.
        """
        started = time.monotonic()
        assignment = _assignment(checkpoint_name)
        batch = _Batch(tasks)
        stopped: str | None = None
        with progress(len(tasks), shown=self.config.show_progress) as show:
            while stopped is None and (asking := batch.asking()):
                run, replies = self._run(assignment, asking, lambda ended: show(batch.ended + ended, batch.failed))
                for place, answered in replies.items():
                    batch.take(place, answered)
                if run.status not in {RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED}:
                    stopped = f"run {run.run_id} is {run.status}: {run.reason}"
                elif not replies:
                    raise StackError(f"run {run.run_id} ended as {run.status} and answered nothing: {run.reason}")
        return BatchExecutionResult(batch.results(stopped), time.monotonic() - started, stopped)

    def _run(
        self, assignment: str, asking: Mapping[int, LLMRequest], show: Any
    ) -> tuple[RunView, dict[int, "_Answered"]]:
        """Make one call for each request; return the run and what came of each, by the task's place."""
        places = list(asking)
        with tempfile.TemporaryDirectory(prefix="aita-") as folder:
            files = dict(_images(asking.values()))
            lines = [
                ChatTask.of(_keyed(asking[place], assignment, files), str(place)).model_dump_json(exclude_defaults=True)
                for place in places
            ]
            tasks = Path(folder) / "tasks.jsonl"
            tasks.write_text("\n".join(lines) + "\n", "utf-8")
            uploads = {keys.task_image(sha256, ending): path for sha256, (path, ending) in files.items()}
            self._upload(assignment, uploads | {keys.kind_tasks(_CHAT): tasks})
        config = self.config
        options = RunOptions(
            rate_limit_rps=config.rate_limit_rps,
            rate_limit_tpm=config.rate_limit_tpm,
            enable_checkpointing=config.enable_checkpointing,
            checkpoint_interval=config.checkpoint_interval,
            batch_size=config.batch_size,
            prefix_scheduling=config.prefix_scheduling,
        )
        request = StartRun(assignment=assignment, pipeline=_PIPELINE, options=options)
        run = self._api.start(request, key=str(uuid.uuid4()))
        while run.status is RunStatus.RUNNING:
            time.sleep(_POLL_SECONDS)
            run = self._api.run(run.run_id)
            show(sum(stage.succeeded for stage in run.stages))
        return run, dict(self._answers(run, places))

    def _upload(self, assignment: str, files: Mapping[str, Path]) -> None:
        wanted = [UploadFile(name=name, size=path.stat().st_size) for name, path in files.items()]
        for posts in self._api.uploads(assignment, wanted):
            for post in posts:
                path = files[post.name]
                self._transfer.send(post, path, path.stat().st_size, lambda _: None)

    def _answers(self, run: RunView, places: Sequence[int]) -> Iterator[tuple[int, "_Answered"]]:
        texts: dict[int, str] = {}
        for file in self._api.results(run.run_id).files:
            with tempfile.TemporaryFile() as fetched:
                self._transfer.fetch(file.url, fetched)
                fetched.seek(0)
                texts = {int(each["line"]): each["result"]["text"] for each in json.load(fetched)}
        for task in self._api.tasks(run.run_id, None, _MOST_TASKS).tasks:
            if "line" not in task.refs:  # the state machine recorded it: which task it was, is not known
                continue
            line = int(task.refs["line"])
            yield places[line - 1], _Answered(task, texts.get(line))

    @cached_property
    def _place(self) -> Place:
        return choose_place(local=os.environ.get("AITA_LOCAL", "").lower() in {"1", "true", "yes"})

    @cached_property
    def _api(self) -> Api:
        stack = find_stack(self._place)
        return Api(SignedApi(self._place, stack.api_url, stack.region))

    @cached_property
    def _transfer(self) -> Transfer:
        return Transfer(self._place)


@dataclass(frozen=True, slots=True)
class _Answered:
    """What the stack says of a call: its row, and the reply if there is one."""

    row: TaskView
    text: str | None


@dataclass(slots=True)
class _Open:
    """A task that waits for a reply: its conversation, what it asks now, and what it took so far."""

    task: LLMTask[Any]
    conversation: Conversation
    request: LLMRequest
    reply: str | None = None
    calls: int = 0
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)


class _Batch:
    """The tasks of one execution and what came of each so far."""

    def __init__(self, tasks: Sequence[LLMTask[Any]]) -> None:
        self._tasks = tasks
        self._ids: list[str] = []
        self._open: dict[int, _Open] = {}
        self._results: dict[int, TaskResult] = {}
        for place, task in enumerate(tasks):
            self._begin(place, task)

    @property
    def ended(self) -> int:
        """How many tasks have an end."""
        return len(self._results)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(not result.success for result in self._results.values())

    def asking(self) -> dict[int, LLMRequest]:
        """Return what the open tasks ask now, by their places."""
        return {place: each.request for place, each in self._open.items()}

    def take(self, place: int, answered: _Answered) -> None:
        """Hand a reply to its task, which ends or asks again."""
        each = self._open[place]
        row = answered.row
        each.calls += row.asks or 0
        each.seconds += (row.latency_ms or 0) / 1000
        each.usage += row.usage or Usage()
        if row.status is not TaskStatus.SUCCEEDED or answered.text is None:
            self._end(place, error=f"{row.error_type or 'TaskError'}: {row.error_message or 'it has no result'}")
            return
        each.reply = answered.text
        try:
            each.request = each.conversation.send(answered.text)
        except StopIteration as done:
            self._end(place, result=done.value)
        except TaskError as error:
            self._end(place, error=f"{type(error).__name__}: {error}")

    def results(self, stopped: str | None) -> tuple[TaskResult, ...]:
        """Return what came of every task; those that were not run say why."""
        not_run = f"{NotRun.__name__}: {stopped or 'the run ended'}: execute the batch again"
        for place in list(self._open):
            self._end(place, error=not_run)
        return tuple(self._results[place] for place in range(len(self._tasks)))

    def _begin(self, place: int, task: LLMTask[Any]) -> None:
        task_id = task.task_id or f"task-{place}"
        self._ids.append(task_id)
        try:
            self._ids[place] = task.id
            if self._ids[place] in self._ids[:place]:
                raise RequestError("its id is that of an earlier task of this batch: give each its own task_id")
            given = task.given()
            conversation = converse(task)
            if given is None:
                self._open[place] = _Open(task, conversation, next(conversation))
                return
        except AitaError as error:
            self._results[place] = TaskResult(self._ids[place], success=False, error=f"{type(error).__name__}: {error}")
            return
        self._results[place] = TaskResult(self._ids[place], success=True, result=given, metadata=task.checkpoint_data())

    def _end(self, place: int, result: Any = None, error: str | None = None) -> None:
        each = self._open.pop(place)
        self._results[place] = TaskResult(
            task_id=self._ids[place],
            success=error is None,
            result=result,
            raw_response=each.reply,
            error=error,
            retry_count=max(0, each.calls - 1),
            execution_time=each.seconds,
            usage=each.usage,
            metadata=each.task.checkpoint_data(),
        )


def _assignment(name: str | None) -> str:
    """Return the assignment of a batch: its name, as far as an assignment can have it, and a hash of the whole."""
    if name is None:
        return f"batch-{uuid.uuid4().hex[:12]}"
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)[:40].strip("-")
    return f"{plain or 'batch'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _images(requests: Any) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Yield the path and ending of each image by its SHA-256."""
    for request in requests:
        for message in request.messages:
            for image in message.images:
                path = Path(image.key)
                with path.open("rb") as file:
                    start = file.read(8)
                ending = next((each for signature, each in _SIGNATURES.items() if start.startswith(signature)), None)
                if ending not in IMAGE_TYPES:
                    raise MissingInput(f"{path.name} is neither JPEG, PNG, GIF nor WebP")
                yield image.sha256, (path, ending)


def _keyed(request: LLMRequest, assignment: str, files: Mapping[str, tuple[Path, str]]) -> LLMRequest:
    """Return a request whose images are named by their keys in the assignment."""

    def keyed(image: Image) -> Image:
        name = keys.task_image(image.sha256, files[image.sha256][1])
        return Image(keys.material(assignment, name), image.sha256)

    messages = tuple(Message(m.role, m.text, tuple(keyed(image) for image in m.images)) for m in request.messages)
    return LLMRequest(messages, request.schema_name, request.schema, request.parameters)
