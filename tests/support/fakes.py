"""Fakes behind the ports, and a harness that drives runs in process as the state machine does."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aita.errors import AitaError, ProviderBusy, UnreadableScanError
from aita.memory.objects import MemoryObjects
from aita.memory.prompt_cache import MemoryPromptCaches
from aita.models.api import RunOptions, StartRunRequest
from aita.models.assignment_state import AssignmentState
from aita.models.provider_batch import BatchStep
from aita.models.rate_limits import Rates
from aita.models.run import (
    CollectResponse,
    Item,
    ItemEvent,
    Outcome,
    PlanResponse,
    Run,
    RunSettings,
    RunStatus,
    StageEvent,
    TaskRow,
    TaskStatus,
    Usage,
)
from aita.models.scan import BANDS, PageImage, PageInk
from aita.ports import ByteSource, Reply, Slot, TokenUsage
from aita.reports.pages import Pages
from aita.services.assignments import object_keys
from aita.services.calls.admission import Admission
from aita.services.calls.batch_queue import BatchQueue
from aita.services.calls.budget import RunBudget
from aita.services.calls.item_calls import ItemCalls
from aita.services.calls.pacing import Pacing
from aita.services.calls.prompt_cache_gate import PromptCacheGate
from aita.services.calls.reply_cache import ReplyCache
from aita.services.calls.token_expectations import TokenExpectations
from aita.services.execution.blank_exams import BlankExams
from aita.services.execution.page_splitter import PageSplitter
from aita.services.execution.pile_separator import COUNT_PAGES, SEPARATE, PileSeparator
from aita.services.execution.report_renderer import ReportRenderer
from aita.services.execution.role_executors import RoleExecutors
from aita.services.execution.stage_batches import LONGEST_INVOCATION, StageBatches
from aita.services.execution.strip_cutter import StripCutter
from aita.services.execution.task_executor import TaskExecutor
from aita.services.runs.assignment_states import AssignmentStates
from aita.services.runs.collector import Collector
from aita.services.runs.planner import ITEMS, MANIFEST, Planner
from aita.services.runs.run_cache import RunCache
from aita.services.runs.run_control import RunControl
from aita.services.runs.run_queries import RunQueries
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.strip_cuts import CUT
from aita.tasks.request import LLMRequest, Message
from tests.support.fake_batches import FakeBatches, FakeBatchInvoker
from tests.support.memory_decisions import MemoryDecisions
from tests.support.memory_runs import MemoryRuns, MemoryTasks

INPUT_PRICE, OUTPUT_PRICE = Decimal("0.001"), Decimal("0.01")
"""USD for one token of the fake model's."""

RENDERER = Pages()
"""Its templates are compiled once for all tests."""

ASSIGNMENT = "midterm"
MODEL = "fake-model"

QUESTIONS: list[dict[str, Any]] = [
    {"question_id": "1a", "question_text": "What is 2 + 2?", "points": 5, "question_type": "short_answer"},
    {"question_id": "1b", "question_text": "Name a prime.", "points": 3.5, "question_type": "multiple_choice"},
    {"question_id": "2", "question_text": "Draw a cell.", "points": 10, "question_type": "diagram"},
]
EXAM: dict[str, Any] = {"exam_name": "Sums", "total_pages": 2, "questions": QUESTIONS}


class Clock:
    """A clock that only tests move: aware datetimes, and seconds as a monotonic clock counts them."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


Script = str | Reply | Exception | Callable[[LLMRequest], "str | Reply"]


def reply(text: str, **changes: Any) -> Reply:
    """Return a reply as a provider gives it: 100 tokens in, 10 out, one second."""
    values: dict[str, Any] = {
        "text": text,
        "finish_reason": "stop",
        "refusal": False,
        "model": MODEL,
        "usage": TokenUsage(input_tokens=100, cached_input_tokens=0, output_tokens=10),
        "latency_ms": 1000,
    }
    return Reply(**values | changes)


HIGHEST_COST = Decimal("0.5")
"""The most that a call to the fake model can cost."""

COST_OF_A_CALL = 100 * INPUT_PRICE + 10 * OUTPUT_PRICE


class FakeModel:
    """A model that says what is queued: replies, or exceptions to raise; then whatever ``otherwise`` answers."""

    provider = "https://model.test/v1"

    def __init__(self, otherwise: Callable[[LLMRequest], str | Reply] | None = None) -> None:
        self.model = MODEL
        self.queue: deque[Script] = deque()
        self.otherwise = otherwise
        self.requests: list[LLMRequest] = []
        self.images: list[dict[str, bytes]] = []

    def say(self, *scripts: Script) -> None:
        self.queue.extend(scripts)

    @property
    def calls(self) -> int:
        return len(self.requests)

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        self.requests.append(request)
        self.images.append(dict(images))
        return self.answer(request)

    def answer(self, request: LLMRequest) -> Reply:
        """Answer a request without counting it, as a batch does."""
        script: Script | None = self.queue.popleft() if self.queue else self.otherwise
        assert script is not None, "the model was asked more often than the test expects"
        if isinstance(script, Exception):
            raise script
        said = script(request) if callable(script) else script
        return said if isinstance(said, Reply) else reply(said)

    def price(self, reply: Reply) -> Usage:
        tokens = reply.usage
        if tokens is None:
            return Usage(calls=1, unpriced_calls=1)
        return Usage(
            calls=1,
            input_tokens=tokens.input_tokens,
            cached_input_tokens=tokens.cached_input_tokens,
            output_tokens=tokens.output_tokens,
            cost_usd=tokens.input_tokens * INPUT_PRICE + tokens.output_tokens * OUTPUT_PRICE,
        )


def question_of(request: LLMRequest) -> str:
    """Return the id of the question that a request is about: graders' requests share it with other answers'."""
    message = request.messages[0 if request.schema_name in ("Grading", "StripGrading") else 1]
    return message.text.partition("Question id: ")[2].partition("\n")[0]


def questions_of(request: LLMRequest) -> list[str]:
    """Return the ids of the questions that a request is about, in their order."""
    return re.findall(r"^Question id: (.*)$", request.messages[1].text, re.MULTILINE)


def answer_key(question_id: str) -> dict[str, Any]:
    return {"question_id": question_id, "correct_answer": "four"}


def points_of(request: LLMRequest) -> float:
    """Return the points of the question that a request is about."""
    return float(request.messages[1].text.partition("Points: ")[2].partition("\n")[0])


def right(request: LLMRequest, text: str = "the answer is 4") -> str:
    """Answer any request rightly; on each page stands a text."""
    match request.schema_name:
        case "AnswerKey":
            return json.dumps(answer_key(question_of(request)))
        case "AnswerKeys":
            return json.dumps({"answer_keys": [answer_key(question_id) for question_id in questions_of(request)]})
        case "Rubric":
            return rubric(question_of(request), points_of(request))
        case "ExtractedQuestions":
            return extracted(*pages_of(request))
        case "Grading":
            return grading(request)
        case "StripGrading":
            return grading(request, reading=[])
        case "StripTranscription":
            return json.dumps({"lines": text.splitlines()})
    return transcription(request, text)


def rubric(question_id: str, points: float, *criteria: float) -> str:
    """Return a rubric's reply; its criteria are two halves unless given."""
    parts = criteria or (points / 2, points / 2)
    return json.dumps(
        {
            "question_id": question_id,
            "total_points": points,
            "criteria": [{"points": part, "description": "right", "examples": []} for part in parts],
        }
    )


def pages_of(request: LLMRequest) -> list[int]:
    """Return the numbers of the exam's pages that a request shows."""
    numbers = request.messages[1].text.partition(" of an exam")[0]
    return [int(number) for number in re.findall(r"\d+", numbers)]


def extracted(*pages: int, name: str = "Sums", **changes: Any) -> str:
    """Return the reply that reads one question on each page, whose id is the page's number."""
    question = {"points": 2, "question_type": "short_answer", "complete": True}
    questions = [
        question | {"question_id": str(page), "question_text": f"Question of page {page}?", "page_number": page}
        for page in pages
    ]
    return json.dumps({"exam_name": name, "questions": questions, "continuation": None} | changes)


def transcription(request: LLMRequest, text: str, **changes: Any) -> str:
    """Return the reply that reads a text, on whose lines the exam's questions begin, one after another."""
    lines = [{"text": line, "kind": "answer", "top": None} for line in text.splitlines()]
    ids = questions_shown(request)
    starts = [
        {"question_id": question_id, "line": min(place, len(lines)), "top": (place - 1) / len(ids), "confidence": 0.9}
        for place, question_id in enumerate(ids, 1)
    ]
    return json.dumps({"lines": lines, "starts": starts, "confidence": 0.9, "warnings": []} | changes)


def questions_shown(request: LLMRequest) -> list[str]:
    """Return the ids of the questions that a transcriber is shown."""
    return re.findall(r"^Question id: (.*)$", request.messages[0].text, re.MULTILINE)


def worth_of(request: LLMRequest) -> list[float]:
    """Return the points of each criterion that a grader is shown."""
    return [float(points) for points in re.findall(r"^Criterion \d+ \((.*) points\)", request.messages[0].text, re.M)]


def answer_of(request: LLMRequest) -> str:
    """Return the student's answer that a grader is shown."""
    code, _, rest = request.messages[1].text.partition("\n<<<answer ")[2].partition(">>>\n")
    return rest.partition(f"\n<<<end of answer {code}>>>")[0]


def grading(request: LLMRequest, *points: float, **changes: Any) -> str:
    """Return a grader's reply that quotes the answer's first line, with all points unless given."""
    quote = answer_of(request).partition("\n")[0]
    criteria = [
        {"criterion": number, "quote": quote, "reason": "it says so", "points": each}
        for number, each in enumerate(points or worth_of(request), 1)
    ]
    return json.dumps({"criteria": criteria, "feedback": "Well done.", "addresses_grader": False} | changes)


def text_of(messages: Iterable[Message]) -> str:
    """Return all that a request's messages say."""
    return "\n".join(message.text for message in messages)


class FakeLimiter:
    """A limiter that answers the waits that are queued, then lets everyone through at once, unless it is closed."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queue: deque[float] = deque()
        self.open_from = 0.0
        self.configured: list[Rates] = []
        self.tokens: list[int] = []
        self.reservations: list[float | None] = []
        self.settled: list[int] = []
        self.closed: list[tuple[float | None, Rates]] = []
        self.observed: list[Rates] = []

    def reserve(self, configured: Rates, tokens: int, reservation: float | None = None) -> Slot:
        self.configured.append(configured)
        self.tokens.append(tokens)
        self.reservations.append(reservation)
        now = self.clock.monotonic()
        due = max(now + (self.queue.popleft() if self.queue else 0.0), self.open_from)
        if reservation is not None and reservation >= self.open_from:
            due = reservation
        return Slot(available_at=due, wait=max(0.0, due - now))

    def settle(self, configured: Rates, expected_tokens: int, actual_tokens: int) -> None:
        self.settled.append(actual_tokens)

    def close(self, configured: Rates, seconds: float | None, observed: Rates, *, paced: bool = True) -> None:
        self.closed.append((seconds, observed))
        self.pause(seconds or 1.0)

    def pause(self, seconds: float) -> None:
        self.open_from = max(self.open_from, self.clock.monotonic() + seconds)

    def learn(self, observed: Rates) -> None:
        self.observed.append(observed)


class FakeExecutions:
    """The state machine as an account of what was started.

    ``running`` holds what has not ended, and ``unknown`` what Step Functions does not know, or not yet.
    """

    def __init__(self) -> None:
        self.started: list[Run] = []
        self.stopped: list[str] = []
        self.running: set[str] = set()
        self.unknown: set[str] = set()
        self.refuses: Exception | None = None

    def start(self, run: Run) -> str:
        if self.refuses is not None:
            raise self.refuses
        self.started.append(run)
        arn = f"arn:execution:{run.run_id}-{run.attempt}"
        self.running.add(arn)
        return arn

    def stop(self, execution_arn: str) -> None:
        self.stopped.append(execution_arn)
        self.running.discard(execution_arn)

    def is_running(self, execution_arn: str) -> bool | None:
        return None if execution_arn in self.unknown else execution_arn in self.running

    def list_running(self) -> frozenset[str]:
        return frozenset(self.running - self.unknown)


class Crash(Exception):
    """The function dies here, as by a time-out: nothing in the package may catch it."""


class Objects(MemoryObjects):
    """A bucket whose next requests can be made to fail: ``crashes`` holds parts of keys, each good for one put."""

    def __init__(self) -> None:
        super().__init__()
        self.crashes: list[str] = []

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        for part in self.crashes:
            if part in key:
                self.crashes.remove(part)
                raise Crash(key)
        super().put(key, data, content_type)

    def json(self, key: str) -> Any:
        return json.loads(self.data[key])


@dataclass(frozen=True, slots=True)
class FakePage(PageImage):
    """A page image of a usual size."""

    width: int = 850
    height: int = 1100


def fake_pages(data: bytes) -> Iterator[FakePage]:
    """Make a page of each part between bars; a file that starts with BAD can't be read."""
    if data.startswith(b"BAD"):
        raise UnreadableScanError("the file is not an image or PDF that can be read")
    for part in data.split(b"|"):
        yield FakePage(part)


def fake_range(file: ByteSource, first: int, last: int) -> Iterator[tuple[int, FakePage]]:
    """Make the pages of a range, as ``fake_pages`` does; a page that is BAD can't be read."""
    parts = file.read(0, file.size).split(b"|")
    for number in range(first, last + 1):
        if parts[number - 1] == b"BAD":
            raise UnreadableScanError("a page can't be read")
        yield number, FakePage(parts[number - 1])


def fake_codes(page: PageImage) -> tuple[str, ...]:
    """Return the text behind an @ on a page."""
    _, code, text = page.jpeg.partition(b"@")
    return (text.decode(),) if code else ()


def fake_strip(jpeg: bytes, first: int, end: int) -> FakePage:
    """Cut rows out of a page: the page's bytes, with the rows' numbers before them."""
    return FakePage(f"rows {first} to {end} of ".encode() + jpeg, height=end - first)


class FakeBlankExam:
    """A blank exam that knows its pages by their first letter; what else is on a page is ink, all over it."""

    def __init__(self, pages: Iterable[bytes]) -> None:
        self.letters = [page[:1] for page in pages]

    def single_pages(self, sheet: PageImage, expected: int) -> list[tuple[PageImage, PageInk]]:
        return [(sheet, self.ink(sheet.jpeg, expected))]

    def ink(self, jpeg: bytes, expected: int) -> PageInk:
        found = [number for number, letter in enumerate(self.letters, 1) if letter == jpeg[:1]]
        if not found:
            return PageInk(exam_page=None, likeness=0)
        nearest = min(found, key=lambda number: abs(number - expected))
        return PageInk(exam_page=nearest, likeness=1, bands=f"{len(jpeg) - 1:02x}" * BANDS)


@dataclass
class Harness:
    """Every service over stores in memory, and the loop Plan, items, Collect that the state machine runs.

    ``cold()`` stands for a new execution environment: it forgets what functions remember between invocations.
    """

    clock: Clock = field(default_factory=Clock)
    model: FakeModel = field(default_factory=lambda: FakeModel(otherwise=right))
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    objects: Objects = field(default_factory=Objects)
    remaining: float = 900.0
    longest_call: float = 120.0
    waits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = FakeLimiter(self.clock)
        self.prefixes = MemoryPromptCaches(self.clock.monotonic)
        self.runs = MemoryRuns(self.clock)
        self.tasks = MemoryTasks()
        self.decisions = MemoryDecisions()
        self.batch_invoker = FakeBatchInvoker()
        self.batches = FakeBatches(self.model)
        self.submissions = RunControl(
            runs=self.runs,
            objects=self.objects,
            executions=self.executions,
            batches=self.batch_invoker,
            clock=self.clock,
            defaults=RunSettings(model=MODEL, max_workers=5, rate_limit_rps=0, batch_size=1),
        )
        self.planner = Planner(
            runs=self.runs,
            tasks=self.tasks,
            objects=self.objects,
            clock=self.clock,
            functions={name: f"arn:{name}" for name in ("task", "names", "split", "report")},
            retention_days=30,
            decisions=self.decisions,
        )
        self.collector = Collector(runs=self.runs, tasks=self.tasks, objects=self.objects, clock=self.clock)
        self.reader = RunQueries(
            runs=self.runs, tasks=self.tasks, objects=self.objects, decisions=self.decisions, clock=self.clock
        )
        self.cold()

    def cold(self) -> None:
        watch = RunCache(self.runs, now=self.clock.monotonic)
        recorder = Recorder(runs=self.runs, tasks=self.tasks, objects=self.objects, watch=watch, clock=self.clock)
        calls = ItemCalls(
            llm=self.model,
            admission=Admission(
                pacing=Pacing(self.limiter, TokenExpectations(self.submissions.defaults.reasoning_effort)),
                gate=PromptCacheGate(self.prefixes, self.clock.advance, self.clock.monotonic),
                watch=watch,
                sleep=self.clock.advance,
                context="fake",
            ),
            budget=RunBudget(self.runs, watch, lambda request: HIGHEST_COST),
            cache=ReplyCache(self.objects),
            objects=self.objects,
            watch=watch,
            longest_call=self.longest_call,
        )
        self.executor = TaskExecutor(
            runs=self.runs,
            objects=self.objects,
            watch=watch,
            calls=calls,
            recorder=recorder,
            clock=self.clock,
            jitter=lambda low, high: low,
        )
        makes_batches = replace(self.executor, calls=replace(calls, makes_batches=True))
        self.batch_queue = BatchQueue(self.batches, self.clock, LONGEST_INVOCATION)
        self.stage_batches = StageBatches(lambda _: self.batch_queue, RoleExecutors(lambda _: makes_batches))
        self.splitter = PageSplitter(
            objects=self.objects,
            watch=watch,
            recorder=recorder,
            blank_exams=BlankExams(self.objects, fake_pages, FakeBlankExam),
            mask=lambda page, _: page,
            strip=fake_strip,
        )
        self.separator = PileSeparator(
            objects=self.objects,
            watch=watch,
            recorder=recorder,
            blank_exams=self.splitter.blank_exams,
            count=lambda file: len(list(fake_pages(file.read(0, file.size)))),
            page_range=fake_range,
            read_codes=fake_codes,
            is_white=lambda jpeg: not jpeg.strip(),
        )
        self.cutter = StripCutter(objects=self.objects, watch=watch, recorder=recorder, strip=fake_strip)
        self.reporter = ReportRenderer(
            objects=self.objects,
            runs=self.runs,
            decisions=self.decisions,
            watch=watch,
            recorder=recorder,
            renderer=RENDERER,
            clock=self.clock,
        )

    # What people do

    def put(self, name: str, data: bytes | str | dict[str, Any] | list[Any], assignment: str = ASSIGNMENT) -> None:
        if isinstance(data, dict | list):
            data = json.dumps(data)
        self.objects.data[f"{assignment}/{name}"] = data.encode() if isinstance(data, str) else data

    def exam(self, *changes: dict[str, Any], assignment: str = ASSIGNMENT) -> None:
        """Give the sample questions, or these."""
        self.put("questions.json", EXAM | {"questions": list(changes or QUESTIONS)}, assignment)

    def begin(self, pipeline: str = "rubric", assignment: str = ASSIGNMENT, **options: Any) -> Run:
        """Start a run without driving it; each run is a second younger than the one before."""
        self.clock.advance(1)
        request = StartRunRequest(assignment=assignment, pipeline=pipeline, options=RunOptions(**options))
        return self.submissions.start(request)

    def run(self, pipeline: str = "rubric", assignment: str = ASSIGNMENT, **options: Any) -> Run:
        """Start a run and drive it to its end."""
        return self.drive(self.begin(pipeline, assignment, **options))

    def resume(self, run: Run) -> Run:
        return self.drive(self.submissions.resume(run.run_id))

    # What the state machine does

    def drive(self, run: Run, retries: int = 2) -> Run:
        stage: str = run.stage
        while True:
            event = StageEvent(run_id=run.run_id, attempt=run.attempt, stage=stage)
            plan = self.planner.plan(event)
            if not plan.count or not plan.provider_batch or self.advance_batches(event, retries):
                for item in self.manifest(plan):
                    self.drive_item(event, item, plan.function, retries)
            collected = self.collector.collect(event)
            stage = collected.stage
            if collected.status is not RunStatus.RUNNING:
                self.executions.running.discard(f"arn:execution:{run.run_id}-{run.attempt}")
                return self.runs.get(run.run_id)

    def advance_batches(self, stage: StageEvent, retries: int = 2) -> bool:
        """Do the steps of a stage's batches, and return whether its items run then."""
        failures = 0
        for _ in range(1000):
            try:
                step = self.stage_batches.step(stage, lambda: self.remaining).step
            except (Crash, AitaError) as error:
                self.cold()
                failures += 1
                if failures > retries:
                    self.runs.end(stage.run_id, stage.attempt, RunStatus.FAILED, type(error).__name__)
                    return False
                continue
            if step in (BatchStep.DONE, BatchStep.STOPPED):
                return step is BatchStep.DONE
            if step is BatchStep.WAIT:
                self.clock.advance(300)
        raise AssertionError("steps without end")

    def drive_item(self, stage: StageEvent, item: Item, function: str, retries: int = 2) -> Outcome:
        event = ItemEvent(**stage.model_dump(), item=item)
        failures = 0
        while True:
            try:
                answer = self.invoke(event, function).answer
            except (Crash, AitaError) as error:
                self.cold()
                failures += 1
                if failures > retries:
                    self.record_failure(event, type(error).__name__)
                    return Outcome.FAILED
                continue
            if answer.outcome is not Outcome.WAIT:
                return answer.outcome
            self.waits.append(answer.wait)
            assert len(self.waits) < 1000, "waits without end"
            self.clock.advance(answer.wait)
            event = event.model_copy(update={"waited": answer.waited})

    def invoke(self, event: ItemEvent, function: str = "arn:task") -> Executed:
        if function == "arn:split":
            executors = {CUT: self.cutter.cut, COUNT_PAGES: self.separator.execute, SEPARATE: self.separator.execute}
            return executors.get(event.stage, self.splitter.split)(event)
        if function == "arn:report":
            return self.reporter.report(event)
        return self.executor.execute(event, lambda: self.remaining)

    def record_failure(self, event: ItemEvent, error_type: str) -> None:
        """Do what the definition's Catch does: a row without refs or usage, never over a success."""
        row = TaskRow(
            task_id=event.item.task_id,
            stage=event.stage,
            status=TaskStatus.FAILED,
            attempt=event.attempt,
            error_type=error_type,
            error_message="the function stopped unexpectedly",
            ended_at=self.clock(),
        )
        if self.tasks.record(event.run_id, row):
            self.runs.count(event.run_id, event.stage, row)

    # What tests look at

    def plan(self, run: Run, stage: str | None = None) -> PlanResponse:
        return self.planner.plan(StageEvent(run_id=run.run_id, attempt=run.attempt, stage=stage or run.stage))

    def collect(self, run: Run, stage: str | None = None) -> CollectResponse:
        return self.collector.collect(StageEvent(run_id=run.run_id, attempt=run.attempt, stage=stage or run.stage))

    def manifest(self, plan: PlanResponse) -> list[Item]:
        if plan.count == 0:
            return []
        items = [Item.model_validate(item) for item in self.objects.json(plan.manifest.key)]
        assert len(items) == plan.count
        return items

    def events(self, run: Run, stage: str | None = None) -> list[ItemEvent]:
        """Plan a stage and return the events of the items to run."""
        items = self.manifest(self.plan(run, stage))
        named = {"run_id": run.run_id, "attempt": run.attempt, "stage": stage or run.stage}
        return [ItemEvent(**named, item=item) for item in items]

    def items(self, run: Run, stage: str) -> list[dict[str, Any]]:
        return list(self.objects.json(object_keys.stage_file(run.run_id, stage, ITEMS)))

    def to_run(self, run: Run, stage: str) -> list[dict[str, Any]]:
        return list(self.objects.json(object_keys.stage_file(run.run_id, stage, MANIFEST)))

    def rows(self, run: Run, stage: str | None = None) -> list[TaskRow]:
        return list(self.tasks.rows(run.run_id, stage))

    def row(self, run: Run, stage: str, **refs: Any) -> TaskRow:
        """Return the one row of a stage with these refs."""
        (found,) = [row for row in self.rows(run, stage) if refs.items() <= row.refs.items()]
        return found

    def result(self, row: TaskRow) -> Any:
        return self.objects.json(row.result_key)

    def state(self, assignment: str = ASSIGNMENT) -> AssignmentState:
        return AssignmentStates(self.reader).state(assignment)

    def artifact(self, name: str, assignment: str = ASSIGNMENT) -> Any:
        return self.objects.json(f"{assignment}/{name}")

    def snapshot(self, run: Run) -> tuple[Any, ...]:
        """Return all that is recorded of a run, to compare."""
        mine = {key: data for key, data in self.objects.data.items() if run.run_id in key}
        return self.runs.get(run.run_id).model_copy(update={"updated_at": None}), self.rows(run), mine


NONSENSE = "no JSON at all"


def failing(harness: Harness, *ids: str) -> set[str]:
    """Let the model answer questions of these ids with nonsense, until they are taken out of the set."""
    bad = set(ids)
    harness.model.otherwise = lambda request: NONSENSE if question_of(request) in bad else right(request)
    return bad


def busy(retry_after: float | None = None) -> ProviderBusy:
    return ProviderBusy("the provider answered 429", retry_after=retry_after)
