"""A stack over the harness: the API's routes, and uploads and downloads, without a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from aita.client.api_client import ApiClient
from aita.executor.chat_runs import ChatRuns
from aita.executor.config import ParallelExecutionConfig
from aita.executor.stack import StackExecutor
from aita.models.api import PresignedPost, StartRunRequest, UploadRequest
from aita.models.run import Run
from tests.support.fakes import Harness


@dataclass
class HarnessStack:
    """What stands for a deployed stack. A run is driven to its end when it is first looked at.

    ``before`` is called with each run before it is driven; ``sent`` are the names of the files that came, and
    ``warning`` is what the API warns of at each start.
    """

    harness: Harness
    before: Callable[[Run], None] = lambda run: None
    sent: list[str] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    warning: str = ""

    def executor(self, **settings: Any) -> StackExecutor:
        config = ParallelExecutionConfig(**{"show_progress": False, "rate_limit_rps": 0} | settings)
        return StackExecutor(config, self.connect)

    def connect(self, assignment: str) -> ChatRuns:
        return ChatRuns(ApiClient(self), self, assignment, pause=lambda _: None)

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Answer as the API's function does."""
        harness = self.harness
        match method, *path:
            case "POST", "assignments", assignment, "uploads":
                answer: Any = harness.reader.uploads(assignment, UploadRequest.model_validate(body))
            case "POST", "runs":
                assert body is not None
                harness.clock.advance(1)
                run = harness.submissions.start(StartRunRequest.model_validate(body))
                self.started.append(dict(body))
                answer = harness.reader.view(run).model_copy(update={"warning": self.warning})
            case "GET", "runs":
                assert query is not None
                answer = harness.reader.runs_of(str(query["assignment"]), int(query["limit"] or 1), None)
            case "GET", "runs", run_id:
                answer = harness.reader.view(self._driven(run_id))
            case "GET", "runs", run_id, "results":
                answer = harness.reader.results(harness.submissions.get(run_id))
            case _:
                raise AssertionError(f"the executor has no use for {method} {path}")
        return answer.model_dump(mode="json")

    def send(self, post: PresignedPost, file: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        """Put a file into the bucket."""
        data = file.read_bytes()
        assert len(data) == size
        self.sent.append(post.name)
        self.harness.objects.put(post.fields["key"], data)

    def fetch(self, url: str, target: BinaryIO) -> None:
        """Write what is in the bucket."""
        target.write(self.harness.objects.data[url.removeprefix("memory:///").partition("?")[0]])

    def _driven(self, run_id: str) -> Run:
        run = self.harness.submissions.get(run_id)
        if run.active:
            self.before(run)
            run = self.harness.drive(run)
        return run
