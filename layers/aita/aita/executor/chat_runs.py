"""Runs of the kind ``chat`` on a stack: requests are uploaded as a file of tasks, and replies are downloaded."""

import io
import logging
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from pydantic import ConfigDict, TypeAdapter, ValidationError

from aita.client.api_client import ApiClient
from aita.client.polling import AWS, PollInterval, follow
from aita.errors import ConflictError, StackError
from aita.models.api import PresignedPost, RunOptions, RunView, StartRunRequest, UploadFile
from aita.models.base import StrictModel
from aita.models.model_role import ModelRole
from aita.models.run import RunStatus, Usage
from aita.services.assignments import object_keys
from aita.services.runs.pipelines import stage_of
from aita.services.runs.planner import item_id
from aita.services.stages.custom_tasks import KIND
from aita.tasks.chat import ChatReply, ChatTask

logger = logging.getLogger(__name__)

CHAT = "chat"
PIPELINE = f"{KIND}{CHAT}"
_CONCURRENT_UPLOADS = 8
_NEWEST_RUNS = 20  # runs of an assignment among which an active one is looked for
_STARTS = 5
"""Most attempts to start a run while others of the same assignment are active."""


class LineReply(StrictModel):
    """Result of one line: the reply or an error, its usage, and the request parameters that its calls left out."""

    model_config = ConfigDict(extra="ignore")

    line: int
    task_id: str
    result: ChatReply | None = None
    error: str = ""
    asks: int = 0
    latency_ms: int = 0
    usage: Usage = Usage()
    lacks: tuple[str, ...] = ()


_ANSWERS = TypeAdapter(list[LineReply])


class Files(Protocol):
    """Transfer of files; implemented by ``aita.client.file_transfer.FileTransfer``."""

    def send(self, post: PresignedPost, file: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        """Post a file of ``size`` bytes."""
        ...

    def fetch(self, url: str, target: BinaryIO) -> None:
        """Download a URL into a file."""
        ...


@dataclass
class ChatRuns:
    """Consecutive runs in one assignment.

    Parameters
    ----------
    api, files
        API of the stack, and transfer of files to and from its bucket.
    assignment
        Assignment of the runs.
    pause
        Sleeps for a number of seconds.
    pace
        Intervals at which a run is polled.
    watched
        Called with the run after each poll; an exception that it raises ends the watch.
    role
        Role of the model that is asked.
    """

    api: ApiClient
    files: Files
    assignment: str
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)
    pace: PollInterval = AWS
    watched: Callable[[RunView], None] = field(default=lambda _: None, repr=False)
    role: ModelRole | None = None
    running: str = ""
    """Id of the run that is being watched."""
    _sent: set[str] = field(default_factory=set)
    _warned: set[str] = field(default_factory=set)

    def ask(
        self, lines: Sequence[str], images: Mapping[str, Path], options: RunOptions, show: Callable[[int], None]
    ) -> tuple[RunView, dict[int, LineReply]]:
        """Execute a file of these lines; return the ended run, and the result of each line by its index.

        Parameters
        ----------
        lines
            Tasks of the kind ``chat``, as JSON.
        images
            Files of their images, by name in the assignment; each is uploaded once.
        options
            Options of the run.
        show
            Called with the number of finished lines.

        Raises
        ------
        StackError
            If the stack can't be reached or is of another version.
        ConflictError
            If other runs of this assignment were active at each attempt to start.
        """
        view = self._start(lines, images, options)
        logger.info("run %s of %s asks %d questions", view.run_id, self.assignment, len(lines))
        if view.warning and view.warning not in self._warned:  # a batch may take several runs
            logger.warning("run %s of %s: %s", view.run_id, self.assignment, view.warning)
            self._warned.add(view.warning)
        view = self._watch(view, show)
        return view, self._answers(view, lines)

    def _start(self, lines: Sequence[str], images: Mapping[str, Path], options: RunOptions) -> RunView:
        request = StartRunRequest(assignment=self.assignment, pipeline=self._pipeline, options=options)
        for _ in range(_STARTS - 1):
            self._upload(lines, images)
            try:
                return self.api.start(request, key=str(uuid.uuid4()))
            except ConflictError:
                self._wait_for_other()
        self._upload(lines, images)
        return self.api.start(request, key=str(uuid.uuid4()))

    def _wait_for_other(self) -> None:
        """Wait for the end of the active run, such as one of a killed caller, whose replies are then in the cache."""
        for run in self.api.runs(self.assignment, _NEWEST_RUNS).runs:
            if run.pipeline == self._pipeline and run.status is RunStatus.RUNNING:
                logger.info("waiting for run %s of %s to end", run.run_id, self.assignment)
                self._watch(self.api.run(run.run_id), lambda _: None)
                return
        self.pause(self.pace.longest)

    def _watch(self, first: RunView, show: Callable[[int], None]) -> RunView:
        last, self.running = first, first.run_id
        try:
            for last in follow(lambda: self.api.run(first.run_id), first, self.pace, self.pause, lambda _: None):
                self.watched(last)
                show(sum(stage.succeeded + stage.failed for stage in last.stages))
        except StackError as error:
            raise StackError(
                f"{error}. Run {self.running} of {self.assignment} goes on; a batch that is executed again waits for it"
            ) from error
        self.running = ""
        return last

    def _upload(self, lines: Sequence[str], images: Mapping[str, Path]) -> None:
        left = {name: path for name, path in images.items() if name not in self._sent}
        with tempfile.TemporaryDirectory(prefix="aita-") as folder:
            tasks = Path(folder) / "tasks.jsonl"
            tasks.write_text("".join(f"{line}\n" for line in lines), "utf-8")
            self._send(left | {object_keys.kind_tasks(self._kind): tasks})
        self._sent |= left.keys()

    def _send(self, files: Mapping[str, Path]) -> None:
        sizes = {name: path.stat().st_size for name, path in files.items()}
        wanted = [UploadFile(name=name, size=size) for name, size in sizes.items()]
        with ThreadPoolExecutor(_CONCURRENT_UPLOADS) as senders:
            for posts in self.api.uploads(self.assignment, wanted):
                if any(post.name not in files for post in posts):
                    raise StackError("the stack gave forms for other files than it was asked for: deploy it again")
                sent = [senders.submit(self.files.send, p, files[p.name], sizes[p.name], lambda _: None) for p in posts]
                for each in sent:
                    each.result()

    def _answers(self, view: RunView, lines: Sequence[str]) -> dict[int, LineReply]:
        stage, model = stage_of(self._pipeline), view.model_of(self.role)
        found = {file.name: file.url for file in self.api.results(view.run_id).files}
        if stage.artifact not in found:
            return {}
        fetched = io.BytesIO()
        self.files.fetch(found[stage.artifact], fetched)
        try:
            answers = {each.line - 1: each for each in _ANSWERS.validate_json(fetched.getvalue())}
        except ValidationError as error:
            raise StackError("the stack's results are of another version of aita: deploy it again") from error
        for place, each in answers.items():
            if place >= len(lines) or each.task_id != _id_of(
                lines[place], place, self.assignment, model, self._pipeline
            ):
                raise StackError(
                    f"run {view.run_id} answered other questions: another batch of {self.assignment} was started at "
                    "the same time. Execute them one after the other, or with a checkpoint_name each"
                )
        return answers

    @property
    def _kind(self) -> str:
        return CHAT if self.role is None else f"{self.role}_{CHAT}"

    @property
    def _pipeline(self) -> str:
        return f"{KIND}{self._kind}"


def _id_of(line: str, place: int, assignment: str, model: str, pipeline: str = PIPELINE) -> str:
    task = ChatTask.model_validate_json(line)
    return item_id(assignment, stage_of(pipeline), {"line": place + 1}, task.digest(model))


def by_size(lines: Mapping[int, str], most: int) -> Iterator[dict[int, str]]:
    """Yield the lines in parts of at most ``most`` bytes; a longer line is a part of its own."""
    part: dict[int, str] = {}
    size = 0
    for place, line in lines.items():
        length = len(line.encode()) + 1
        if part and size + length > most:
            yield part
            part, size = {}, 0
        part[place] = line
        size += length
    if part:
        yield part
