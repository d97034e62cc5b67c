"""Typed client of the stack's API."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from aita.errors import NotFoundError, RequestError, StackError
from aita.models.answer_view import AnswerFilter, AnswerPage
from aita.models.api import (
    Estimate,
    FilePage,
    GradeCounts,
    PresignedPost,
    ResultFile,
    ResultResponse,
    RubricDiff,
    RunOptions,
    RunPage,
    RunView,
    StartRunRequest,
    TaskPage,
    TaskView,
    UploadedFile,
    UploadedPage,
    UploadFile,
    UploadRequest,
    UploadResponse,
)
from aita.models.assignment_state import AssignmentList, AssignmentState
from aita.models.base import LenientModel
from aita.models.decision import Decision
from aita.models.equal_answers import EqualAnswersList
from aita.models.file_version import FileVersion, FileVersionPage, WrittenFile
from aita.models.match import (
    HeadedStudent,
    HeadedStudentPage,
    MatchDecision,
    MatchRequest,
    StudentMatch,
    StudentMatchPage,
)
from aita.models.part_decision import PartDecision
from aita.models.part_review import PartDecisionPage, PartDecisionRequest, PartDecisions, PartPage, PartView
from aita.models.review import (
    EVERYTHING,
    CellFilter,
    DecisionPage,
    DecisionRequest,
    ReviewLine,
    ReviewPage,
    ReviewView,
)
from aita.models.run import RunSummary, TaskStatus

PAGE = 100
"""Largest page of a list, in lines."""

FILES = 1000
"""Largest page of a list of files."""

VERSIONS = 20
"""Largest page of a file's versions."""

ANSWERS = 50
"""Largest page of a question's answers."""

_WITHOUT_MATCHES = frozenset({"0.1.0", "0.2.0"})
"""Versions whose stacks know no decisions on matches."""

_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class _Info(LenientModel):
    version: str


class _OpenApi(LenientModel):
    """The part of the API's description that names the deployed version."""

    info: _Info


Answer = TypeVar("Answer", bound=BaseModel)
Line = TypeVar("Line")


class ApiTransport(Protocol):
    """Transport of requests, such as ``aita.client.sigv4.SigV4Transport``."""

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Send a request and return the response's JSON; a ``repeatable`` one may be sent twice without harm."""
        ...


class ApiClient:
    """Routes of the API as methods. Each raises the errors of ``ApiTransport.request``."""

    def __init__(self, requests: ApiTransport) -> None:
        self._requests = requests

    def start(self, request: StartRunRequest, key: str) -> RunView:
        """Start a run; idempotent for each key."""
        body = request.model_dump(mode="json", exclude_none=True)
        return _parse(RunView, self._requests.request("POST", "runs", body=body, idempotency_key=key))

    def run(self, run_id: str) -> RunView:
        """Return a run's current state."""
        return _parse(RunView, self._requests.request("GET", "runs", _checked(run_id)))

    def version(self) -> str:
        """Return the deployed version."""
        return _parse(_OpenApi, self._requests.request("GET", "openapi.json")).info.version

    def estimate(self, request: StartRunRequest) -> Estimate:
        """Return the calls, tokens and cost that a run would take."""
        body = request.model_dump(mode="json", exclude_none=True)
        return _parse(Estimate, self._requests.request("POST", "runs", "estimate", body=body, repeatable=True))

    def resume(self, run_id: str, max_cost_usd: Decimal | None = None) -> RunView:
        """Run a run's failed and missing tasks, with another cap if one is given."""
        body = None if max_cost_usd is None else {"max_cost_usd": str(max_cost_usd)}
        path = ("runs", _checked(run_id), "resume")
        return _parse(RunView, self._requests.request("POST", *path, body=body, idempotency_key=str(uuid.uuid4())))

    def cancel(self, run_id: str) -> RunView:
        """End a run."""
        return _parse(RunView, self._requests.request("POST", "runs", _checked(run_id), "cancel", repeatable=True))

    def grade_counts(self, run_id: str) -> GradeCounts:
        """Return the numbers of answers of the run's assignment by their state; a stack of 0.1.0 has no such route."""
        return _parse(GradeCounts, self._requests.request("GET", "runs", _checked(run_id), "grades"))

    def results(self, run_id: str) -> ResultResponse:
        """Return the run's result files, each with its URL."""
        return _parse(ResultResponse, self._requests.request("GET", "runs", _checked(run_id), "results"))

    def runs(self, assignment: str, limit: int) -> RunPage:
        """Return an assignment's newest runs, at most ``limit``; ``next_token`` is set if there are more."""

        def page(size: int, token: str | None) -> tuple[Sequence[RunSummary], str | None]:
            query: dict[str, str | int | None] = {"assignment": assignment, "limit": size, "next_token": token}
            answer = _parse(RunPage, self._requests.request("GET", "runs", query=query))
            return answer.runs, answer.next_token

        runs, following = _gather(page, limit)
        return RunPage(runs=tuple(runs), next_token=following)

    def tasks(self, run_id: str, status: TaskStatus | None, limit: int) -> TaskPage:
        """Return a run's tasks, at most ``limit``; ``next_token`` is set if there are more."""
        checked = _checked(run_id)

        def page(size: int, token: str | None) -> tuple[Sequence[TaskView], str | None]:
            query: dict[str, str | int | None] = {"status": status, "limit": size, "next_token": token}
            answer = _parse(TaskPage, self._requests.request("GET", "runs", checked, "tasks", query=query))
            return answer.tasks, answer.next_token

        tasks, following = _gather(page, limit)
        return TaskPage(tasks=tuple(tasks), next_token=following)

    def uploads(self, assignment: str, files: Sequence[UploadFile]) -> Iterator[tuple[PresignedPost, ...]]:
        """Yield the forms of files in their order, requested page by page, as they expire after some minutes."""
        for start in range(0, len(files), PAGE):
            batch = UploadRequest(files=tuple(files[start : start + PAGE]))
            path = ("assignments", assignment, "uploads")
            answer = self._requests.request("POST", *path, body=batch.model_dump(mode="json"), repeatable=True)
            yield _parse(UploadResponse, answer).uploads

    def files(self, assignment: str) -> tuple[ResultFile, ...]:
        """Return the assignment's own files that exist, and its reports, each with its URL."""

        def page(size: int, token: str | None) -> tuple[Sequence[ResultFile], str | None]:
            answer = _parse(FilePage, self._get(assignment, "files", limit=size, next_token=token))
            return answer.files, answer.next_token

        return tuple(_gather(page, None, FILES)[0])

    def uploaded(self, assignment: str) -> tuple[UploadedFile, ...]:
        """Return the assignment's blank exam, piles and scans as they are in the bucket."""

        def page(size: int, token: str | None) -> tuple[Sequence[UploadedFile], str | None]:
            answer = _parse(UploadedPage, self._get(assignment, "uploads", limit=size, next_token=token))
            return answer.files, answer.next_token

        return tuple(_gather(page, None, FILES)[0])

    def versions(self, assignment: str, file: WrittenFile, limit: int | None = None) -> tuple[FileVersion, ...]:
        """Return versions of a written file, newest first: at most ``limit``, or all."""

        def page(size: int, token: str | None) -> tuple[Sequence[FileVersion], str | None]:
            found = self._get(assignment, "versions", file=file, limit=size, next_token=token)
            answer = _parse(FileVersionPage, found)
            return answer.versions, answer.next_token

        return tuple(_gather(page, limit, VERSIONS)[0])

    def reviews(
        self, assignment: str, limit: int | None, *, closed: bool = False, only: CellFilter = EVERYTHING
    ) -> ReviewPage:
        """Return the cells that await a person's decision and fit a filter; with ``closed`` all others, too.

        Parameters
        ----------
        limit
            Highest number of cells; ``None`` for all.
        """
        open_cells = 0

        def page(size: int, token: str | None) -> tuple[Sequence[ReviewLine], str | None]:
            nonlocal open_cells
            query = {"limit": size, "next_token": token, "closed": "true" if closed else None} | only.model_dump()
            answer = _parse(ReviewPage, self._get(assignment, "reviews", **query))
            open_cells = answer.open_cells
            return answer.cells, answer.next_token

        cells, following = _gather(page, limit)
        return ReviewPage(cells=tuple(cells), open_cells=open_cells, next_token=following)

    def rubric_changes(self, assignment: str, options: RunOptions) -> RubricDiff:
        """Return the changes of grades that the assignment's current rubrics require."""
        query = options.model_dump(mode="json", include={"graders", "disagreement", "see"})
        return _parse(RubricDiff, self._get(assignment, "rubric-changes", **query))

    def review(self, assignment: str, cell_id: str) -> ReviewView:
        """Return a cell with everything that a decision on it needs."""
        return _parse(ReviewView, self._get(assignment, "reviews", cell_id))

    def decide(self, assignment: str, cell_id: str, request: DecisionRequest) -> Decision:
        """Record a person's decision on a cell."""
        body = request.model_dump(mode="json", exclude_none=True)
        for name in ("criteria", "feedback", "transcription"):  # which stacks before version 0.3 don't know
            if not body[name]:
                del body[name]
        path = ("assignments", assignment, "reviews", cell_id)
        return _parse(Decision, self._requests.request("POST", *path, body=body))

    def decisions(self, assignment: str) -> tuple[Decision, ...]:
        """Return all decisions on an assignment's cells, ordered by cell, then oldest first."""

        def page(size: int, token: str | None) -> tuple[Sequence[Decision], str | None]:
            answer = _parse(DecisionPage, self._get(assignment, "decisions", limit=size, next_token=token))
            return answer.decisions, answer.next_token

        return tuple(_gather(page, None)[0])

    def parts(self, assignment: str, limit: int) -> PartPage:
        """Return the parts of pages that belong to no answer, at most ``limit``; those that open answers come first."""
        open_parts = 0

        def page(size: int, token: str | None) -> tuple[Sequence[PartView], str | None]:
            nonlocal open_parts
            answer = _parse(PartPage, self._get(assignment, "parts", limit=size, next_token=token))
            open_parts = answer.open_parts
            return answer.parts, answer.next_token

        parts, following = _gather(page, limit)
        return PartPage(parts=tuple(parts), open_parts=open_parts, next_token=following)

    def part(self, assignment: str, part_id: str) -> PartView:
        """Return a part of a page with everything that a decision on it needs."""
        return _parse(PartView, self._get(assignment, "parts", part_id))

    def decide_part(self, assignment: str, part_id: str, request: PartDecisionRequest) -> PartDecisions:
        """Record a person's decision on a part of a page and, if it is for the class, on its counterparts."""
        body = request.model_dump(mode="json", exclude_none=True)
        path = ("assignments", assignment, "parts", part_id, "decisions")
        return _parse(PartDecisions, self._requests.request("POST", *path, body=body))

    def part_decisions(self, assignment: str) -> tuple[PartDecision, ...]:
        """Return all decisions on parts of an assignment's pages, ordered by part, then oldest first."""

        def page(size: int, token: str | None) -> tuple[Sequence[PartDecision], str | None]:
            answer = _parse(PartDecisionPage, self._get(assignment, "part-decisions", limit=size, next_token=token))
            return answer.decisions, answer.next_token

        return tuple(_gather(page, None)[0])

    def match_decisions(self, assignment: str) -> tuple[MatchDecision, ...]:
        """Return all decisions on the matches of an assignment's students, of each student oldest first.

        Stacks before version 0.3 have no such route, and no such decisions.
        """

        def page(size: int, token: str | None) -> tuple[Sequence[StudentMatch], str | None]:
            answer = _parse(StudentMatchPage, self._get(assignment, "students", limit=size, next_token=token))
            return answer.students, answer.next_token

        try:
            students, _ = _gather(page, None)
        except (RequestError, StackError):
            if self.version() not in _WITHOUT_MATCHES:
                raise
            return ()
        return tuple(decision for student in students for decision in student.decisions)

    def names(self, assignment: str) -> tuple[HeadedStudent, ...]:
        """Return the students whom their folders' names don't tell, with the heads of their pages."""

        def page(size: int, token: str | None) -> tuple[Sequence[HeadedStudent], str | None]:
            answer = _parse(HeadedStudentPage, self._get(assignment, "names", limit=size, next_token=token))
            return answer.students, answer.next_token

        return tuple(_gather(page, None)[0])

    def match(self, assignment: str, student_id: str, request: MatchRequest) -> MatchDecision:
        """Record a person's decision on a student's match."""
        path = ("assignments", assignment, "students", student_id)
        return _parse(MatchDecision, self._requests.request("POST", *path, body=request.model_dump(mode="json")))

    def answers(
        self, assignment: str, question: str, only: AnswerFilter, limit: int = ANSWERS, token: str | None = None
    ) -> AnswerPage:
        """Return a page of a question's answers, each with everything that a decision on it needs."""
        query = only.model_dump(mode="json", exclude={"blind"}) | ({"blind": "true"} if only.blind else {})
        query |= {"question": question, "limit": limit, "next_token": token}
        return _parse(AnswerPage, self._get(assignment, "answers", **query))

    def equal_answers(self, assignment: str, question: str | None = None) -> EqualAnswersList:
        """Return the answers that say the same, of one question or of all."""
        return _parse(EqualAnswersList, self._get(assignment, "equal-answers", question=question))

    def assignments(self) -> AssignmentList:
        """Return the assignments, each with its newest run."""
        return _parse(AssignmentList, self._requests.request("GET", "assignments"))

    def state(self, assignment: str) -> AssignmentState:
        """Return what an assignment waits for, its newest runs and its cost."""
        return _parse(AssignmentState, self._get(assignment, "state"))

    def _get(self, assignment: str, *path: str, **query: str | int | None) -> Any:
        return self._requests.request("GET", "assignments", assignment, *path, query=query)


def _checked(run_id: str) -> str:
    if not _RUN_ID.fullmatch(run_id):
        raise NotFoundError(f"there is no run {run_id[:64]!r}: 'aita runs --assignment NAME' lists the ids")
    return run_id


def _gather(
    page: Callable[[int, str | None], tuple[Sequence[Line], str | None]], limit: int | None, most: int = PAGE
) -> tuple[list[Line], str | None]:
    """Return up to ``limit`` lines (all if it is ``None``) from as many pages as needed, and the next page's token."""
    lines: list[Line] = []
    token: str | None = None
    while True:
        found, token = page(most if limit is None else min(most, limit - len(lines)), token)
        lines += found
        if token is None or (limit is not None and len(lines) >= limit):
            return lines, token


def _parse(model: type[Answer], answer: Any) -> Answer:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise StackError(
            "the stack's answer is not of the shape that this version of aita knows: deploy the stack again, or "
            f"install the version of aita that it was deployed with ({error.error_count()} differences)"
        ) from error
