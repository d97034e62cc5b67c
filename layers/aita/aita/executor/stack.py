"""Executor on the stack: the deployed state machine makes the calls, and the caller's process parses the replies."""

import hashlib
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.client.polling import AWS, LOCAL
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_outputs import find_stack
from aita.client.target_selection import target_of_environment
from aita.errors import AitaError, MissingInputError, RequestError, TaskError, TooLongError
from aita.executor.batch_executor import STOPPED, BatchExecutor, BatchInterrupted, RunningBatch
from aita.executor.chat_runs import ChatRuns, by_size
from aita.executor.config import ParallelExecutionConfig
from aita.executor.conversations import Conversations
from aita.executor.progress import ShowProgress, progress
from aita.models.api import RunOptions, RunView
from aita.models.file_type import shown_image_ending
from aita.models.names import check_assignment
from aita.models.result import BatchExecutionResult
from aita.models.run import RunStatus
from aita.services.assignments import object_keys
from aita.services.assignments.task_files import MOST_BYTES
from aita.tasks.chat import ChatTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import Image, LLMRequest, Message

Connect = Callable[[str], ChatRuns]
"""Returns the runs of an assignment, by its name."""

_ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED})


def connect(assignment: str) -> ChatRuns:
    """Return the runs of an assignment on the stack that the environment selects.

    Raises
    ------
    StackError, LocalStackError
        If the stack does not exist or can't be reached.
    """
    place = target_of_environment()
    stack = find_stack(place)
    api = ApiClient(SigV4Transport(place, stack.api_url, stack.region))
    return ChatRuns(api, FileTransfer(place), assignment, pace=LOCAL if place.local else AWS)


@dataclass(repr=False)
class StackExecutor(BatchExecutor):
    """Executes batches on the stack that commands use; with AITA_LOCAL=true, on this computer's.

    Each task's request is uploaded to S3, a Lambda makes the call, and the task parses the reply in this process. After
    an invalid reply, the task's next request is part of a further run. The stack determines the model and the number of
    concurrent calls; AITA_MAX_COST_USD caps the cost of the batch.

    The stack caches every reply by its request, so a batch that is executed again pays for none of them twice, even if
    its first caller was killed. A task that failed with cached replies is then asked again without the cache, unless
    ``retry_failed_tasks`` is off. ``resume_from_checkpoint`` has no effect: cached replies are always used, unless
    ``enable_checkpointing`` is off.

    ``checkpoint_name`` is the assignment of the batch's runs (``aita runs`` lists them). A name that is invalid for an
    assignment is converted to a valid one; without a name, each batch gets an assignment of its own. An active run of
    the assignment is waited for.

    Methods raise StackError or LocalStackError if the stack does not exist or can't be reached. After an interrupt or a
    stop, the run on the stack continues.
    """

    config: ParallelExecutionConfig
    connect: Connect = connect

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.config.brief}>"

    def _execute(
        self,
        tasks: tuple[LLMTask[Any], ...],
        checkpoint_name: str | None,
        batch: RunningBatch,
        *,
        resume: bool | None,  # noqa: ARG002 - the executors' common signature
    ) -> BatchExecutionResult:
        started = time.monotonic()
        assignment = assignment_of(checkpoint_name)
        conversations = Conversations(tasks, batch.on_result, retry_failed=self.config.retry_failed_tasks)
        stopped = None
        try:
            if conversations.open:
                stopped = self._converse(conversations, assignment, batch)
        except KeyboardInterrupt:
            reason = "it was interrupted"
            then = "goes on" if self.config.enable_checkpointing else "runs all of them anew"
            remedy = f"execute_batch(tasks, {checkpoint_name or assignment!r}) {then}"
            partial = BatchExecutionResult(conversations.results(reason), time.monotonic() - started, reason)
            raise BatchInterrupted(partial, remedy) from None
        return BatchExecutionResult(conversations.results(stopped), time.monotonic() - started, stopped)

    def _converse(self, batch: Conversations, assignment: str, running: RunningBatch) -> str | None:
        """Run the conversations to their ends; return the reason of an early stop, or ``None``."""
        cap = self.config.max_cost_usd
        runs = self.connect(assignment)
        runs.watched = lambda _: _raise_if_stopped(running)
        with progress(batch.total, shown=self.config.show_progress) as show:
            try:
                return _Rounds(self.config, runs, batch, show, cap).run()
            except _StoppedError:
                return f"{STOPPED}; run {runs.running} of {assignment} goes on"
            except KeyboardInterrupt:
                sys.stderr.write(
                    f"interrupted: {batch.ended} of {batch.total} tasks are done; run {runs.running} of {assignment} "
                    f"goes on, and checkpoint_name={assignment!r} uses its replies\n"
                )
                raise


@dataclass(slots=True)
class _Rounds:
    """Runs of one batch. ``cap`` is the cap of their total cost, in USD."""

    config: ParallelExecutionConfig
    runs: ChatRuns
    batch: Conversations
    show: ShowProgress
    cap: Decimal | None
    _spent: Decimal = Decimal(0)
    _images: dict[str, Path] = field(default_factory=dict)
    _names: dict[Image, str] = field(default_factory=dict)

    def run(self) -> str | None:
        """Run until every task is finished; return the reason of an early stop, or ``None``."""
        while self.batch.open:
            for fresh in (False, True):
                for part in by_size(self._lines(fresh=fresh), MOST_BYTES):
                    if (stopped := self._ask(part, fresh=fresh)) is not None:
                        return stopped
        return None

    def _ask(self, part: Mapping[int, str], *, fresh: bool) -> str | None:
        """Make one call for each line, and pass the replies to their tasks; return the reason to stop, or ``None``."""
        if self.cap is not None and self._spent >= self.cap:
            return f"the batch's cap of {self.cap} USD is spent"
        places, before = list(part), self.batch.ended
        run, answers = self.runs.ask(
            list(part.values()),
            self._images,
            self._options(fresh=fresh),
            lambda ended: self.show(before + ended, self.batch.failed),
        )
        self._spent += run.usage.cost_usd or 0
        for number, answered in answers.items():
            self.batch.accept_reply(places[number], answered)
        if run.status not in _ENDED or not answers:
            return _reason(run)
        for place in (place for number, place in enumerate(places) if number not in answers):
            self.batch.fail(place, TaskError("the stack has no record of it: execute the batch again"))
        return None

    def _options(self, *, fresh: bool) -> RunOptions:
        values = self.config.model_dump(include=RunOptions.model_fields.keys() - {"max_workers", "max_cost_usd"})
        options = RunOptions(**values, max_cost_usd=None if self.cap is None else self.cap - self._spent)
        return options.model_copy(update={"enable_checkpointing": False}) if fresh else options

    def _lines(self, *, fresh: bool) -> dict[int, str]:
        """Return the requests of open tasks as lines, by place; fail the tasks whose requests can't be sent."""
        lines: dict[int, str] = {}
        for place, each in list(self.batch.open.items()):
            if each.fresh is not fresh:
                continue
            try:
                lines[place] = self._line(each.request)
            except AitaError as error:
                self.batch.fail(place, error)
        return lines

    def _line(self, request: LLMRequest) -> str:
        messages = tuple(
            Message(message.role, message.text, tuple(self._stack_image(image) for image in message.images))
            for message in request.messages
        )
        try:
            line = ChatTask.line(replace(request, messages=messages))
        except ValueError as error:
            raise RequestError(f"its request is not one that the stack takes ({type(error).__name__})") from None
        if len(line.encode()) >= MOST_BYTES:
            raise TooLongError(f"its request is longer than {MOST_BYTES // 1024 // 1024} MB")
        return line

    def _stack_image(self, image: Image) -> Image:
        """Return an image with its key on the stack, and add its file to the next run's uploads."""
        if image not in self._names:
            name = object_keys.task_image(image.sha256, _image_type(image))
            self._names[image], self._images[name] = name, Path(image.key)
        key = object_keys.material(self.runs.assignment, self._names[image])
        return Image(key, image.sha256, image.width, image.height)


class _StoppedError(Exception):
    """The caller stopped the batch."""


def _raise_if_stopped(batch: RunningBatch) -> None:
    if batch.is_stopped:
        raise _StoppedError


def assignment_of(name: str | None) -> str:
    """Return the assignment of a batch: its name or, if that is invalid for one, its readable part and a hash."""
    if name is None:
        return f"batch-{uuid.uuid4().hex[:12]}"
    try:
        return check_assignment(name)
    except RequestError:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name)[:40].strip("-")
        return f"{plain or 'batch'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _reason(run: RunView) -> str:
    return f"run {run.run_id} of {run.assignment} is {run.status}" + (f": {run.reason}" if run.reason else "")


def _image_type(image: Image) -> str:
    """Return the file extension for an image, after a check that its file is unchanged.

    Raises
    ------
    MissingInputError
        If the file can't be read, or has changed since the task was made.
    TaskError
        If models do not accept the image's format.
    """
    try:
        data = Path(image.key).read_bytes()
    except OSError as error:
        raise MissingInputError(f"an image of this task can't be read: {error.strerror or error}") from None
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise MissingInputError("an image of this task was changed since the task was made: make it again")
    return shown_image_ending(data)
