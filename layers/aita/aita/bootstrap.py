"""Composition root: the service of each function, composed of settings and adapters.

Each maker imports its own dependencies, so that a function's cold start loads nothing else: only the task function
imports openai, unless its models are Amazon Bedrock's, and only the split function has the imaging layer.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aita.aws.clients import make_client
from aita.aws.dynamodb.run_table import DynamoRunTable
from aita.aws.dynamodb.task_table import DynamoTaskTable
from aita.aws.s3_objects import S3Objects
from aita.errors import RunStopped
from aita.models.run import RunSettings
from aita.models.second_look import See
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Recorder
from aita.settings import BEDROCK, ApiSettings, Place, PlanSettings, SplitSettings, StackSettings, TaskSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

    from aita.aws.api_key import ApiKey
    from aita.llm.bedrock import BedrockModel
    from aita.llm.chat import ChatModel
    from aita.models.model_role import ModelRole
    from aita.models.scan import PageImage
    from aita.ports import ByteSource
    from aita.services.assignments.file_versions import FileVersions
    from aita.services.assignments.loose_pages import LoosePages
    from aita.services.assignments.match_decisions import RosterMatches
    from aita.services.execution.page_splitter import PageSplitter
    from aita.services.execution.pile_separator import PileSeparator
    from aita.services.execution.report_renderer import ReportRenderer
    from aita.services.execution.role_executors import RoleExecutors
    from aita.services.execution.stage_batches import StageBatches
    from aita.services.execution.strip_cutter import StripCutter
    from aita.services.execution.task_executor import TaskExecutor
    from aita.services.grading.answer_pages import AnswerPages
    from aita.services.grading.claims import Claims
    from aita.services.grading.class_table import ClassTable
    from aita.services.grading.equal_answers import EqualAnswerGroups
    from aita.services.grading.part_queue import PartQueue
    from aita.services.grading.review_queue import Reviews
    from aita.services.runs.assignment_states import AssignmentStates
    from aita.services.runs.collector import Collector
    from aita.services.runs.cost_estimate import Cost, Estimator
    from aita.services.runs.lambda_concurrency import ConcurrencyCheck
    from aita.services.runs.planner import Planner
    from aita.services.runs.run_control import RunControl
    from aita.services.runs.run_queries import RunQueries


def utc_now() -> datetime:
    """Return the current time, timezone-aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Stores:
    """Stores of the stack: table and bucket."""

    runs: DynamoRunTable
    tasks: DynamoTaskTable
    objects: S3Objects

    def recorder(self, watch: RunCache, *, updates_summary: bool = True) -> Recorder:
        """Return a recorder of finished tasks."""
        return Recorder(
            self.runs, self.tasks, self.objects, watch=watch, clock=utc_now, updates_summary=updates_summary
        )


def make_stores(settings: StackSettings) -> Stores:
    """Return the stack's stores, with one client per AWS service."""
    dynamodb = make_client("dynamodb")
    return Stores(
        runs=DynamoRunTable(dynamodb, settings.table, utc_now, settings.retention_days),
        tasks=DynamoTaskTable(dynamodb, settings.table, utc_now, settings.retention_days),
        objects=S3Objects(make_client("s3"), settings.bucket),
    )


@dataclass(frozen=True, slots=True)
class Api:
    """Services behind the API, and the store of its idempotency keys."""

    submissions: "RunControl"
    estimator: "Estimator"
    reader: "RunQueries"
    reviews: "Reviews"
    parts: "PartQueue"
    matches: "RosterMatches"
    answers: "AnswerPages"
    claims: "Claims"
    equal: "EqualAnswerGroups"
    table: "ClassTable"
    assignments: "AssignmentStates"
    versions: "FileVersions"
    loose_pages: "LoosePages"
    concurrency: "ConcurrencyCheck"
    idempotency: "DynamoDBPersistenceLayer"


def make_api() -> Api:
    """Return the services behind the API."""
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

    from aita.aws.batch_function import BatchFunction
    from aita.aws.dynamodb.claim_table import DynamoClaimTable
    from aita.aws.dynamodb.decision_table import DynamoDecisionTable
    from aita.aws.lambda_quota import AccountQuota
    from aita.aws.step_functions import StepFunctions
    from aita.llm.pricing import highest_cost, listed_prices
    from aita.models.model_role import ROLES
    from aita.services.assignments.file_versions import FileVersions
    from aita.services.assignments.loose_pages import LoosePages
    from aita.services.assignments.match_decisions import RosterMatches
    from aita.services.grading.answer_pages import AnswerPages
    from aita.services.grading.claims import Claims
    from aita.services.grading.class_table import ClassTable
    from aita.services.grading.equal_answers import EqualAnswerGroups
    from aita.services.grading.part_queue import PartQueue
    from aita.services.grading.review_queue import Reviews
    from aita.services.runs.assignment_states import AssignmentStates
    from aita.services.runs.cost_estimate import Estimator
    from aita.services.runs.lambda_concurrency import ConcurrencyCheck
    from aita.services.runs.run_control import RunControl
    from aita.services.runs.run_queries import RunQueries
    from aita.services.runs.stage_history import StageHistory

    settings = ApiSettings.read()
    given = listed_prices(settings.model_prices)

    def cost_of(role: "ModelRole | None") -> "Cost":
        place = settings.place_of(role)
        return partial(highest_cost, base_url=place.base_url, model=place.model, given=given.get(place.model))

    costs = {role: cost_of(role) for role in (None, *ROLES)}
    stores = make_stores(settings)
    decisions = DynamoDecisionTable(stores.runs.client, settings.table)
    claims = DynamoClaimTable(stores.runs.client, settings.table)
    reviews = Reviews(objects=stores.objects, decisions=decisions, clock=utc_now)
    queries = RunQueries(
        runs=stores.runs, tasks=stores.tasks, objects=stores.objects, decisions=decisions, clock=utc_now
    )
    executions = StepFunctions(make_client("stepfunctions"), settings.state_machine_arn)
    defaults = RunSettings(
        model=settings.model,
        reader_model=settings.reader_model,
        grader_model=settings.grader_model,
        max_workers=settings.max_workers,
        rate_limit_rps=settings.rate_limit_rps,
        rate_limit_tpm=settings.rate_limit_tpm,
        reasoning_effort=settings.reasoning_effort,
        see=See.DOUBTFUL,
    )
    return Api(
        submissions=RunControl(
            runs=stores.runs,
            objects=stores.objects,
            executions=executions,
            batches=BatchFunction(make_client("lambda"), settings.batch_function_arn),
            clock=utc_now,
            defaults=defaults,
            unpriced=frozenset(role for role, cost in costs.items() if cost(0, 0) is None),
        ),
        estimator=Estimator(
            objects=stores.objects,
            decisions=decisions,
            defaults=defaults,
            cost=costs[None],
            cost_of=costs,
            history=StageHistory(stores.runs, stores.objects),
        ),
        reader=queries,
        reviews=reviews,
        parts=PartQueue(objects=stores.objects, decisions=decisions, clock=utc_now),
        matches=RosterMatches(objects=stores.objects, decisions=decisions, clock=utc_now),
        answers=AnswerPages(reviews, claims),
        claims=Claims(claims, utc_now),
        equal=EqualAnswerGroups(reviews),
        table=ClassTable(reviews),
        assignments=AssignmentStates(queries, reviews.memory),
        versions=FileVersions(stores.objects),
        loose_pages=LoosePages(stores.objects),
        concurrency=ConcurrencyCheck(
            executions=executions,
            quota=AccountQuota(partial(make_client, "lambda")),
            tasks_at_once=settings.max_workers,
        ),
        idempotency=DynamoDBPersistenceLayer(
            table_name=settings.table,
            boto3_client=stores.runs.client,
            key_attr="pk",
            sort_key_attr="sk",
            static_pk_value="IDEMPOTENCY",
            expiry_attr="expires_at",
        ),
    )


def make_planner() -> "Planner":
    """Return the service behind the plan function."""
    from aita.aws.dynamodb.decision_table import DynamoDecisionTable
    from aita.services.runs.planner import Planner

    settings = PlanSettings.read()
    stores = make_stores(settings)
    functions = {
        "task": settings.task_function_arn,
        "names": settings.names_function_arn,
        "split": settings.split_function_arn,
        "report": settings.report_function_arn,
    }
    return Planner(
        runs=stores.runs,
        tasks=stores.tasks,
        objects=stores.objects,
        decisions=DynamoDecisionTable(stores.runs.client, settings.table),
        clock=utc_now,
        functions=functions,
        retention_days=settings.retention_days,
    )


def make_splitter() -> "tuple[PageSplitter, StripCutter, PileSeparator]":
    """Return the services behind the split function, the only one with the imaging layer."""
    from aita.imaging.codes import read_codes
    from aita.imaging.ink import BlankExam, is_white
    from aita.imaging.isolated import count_apart, numbered_pages_apart, pages_apart
    from aita.imaging.mask import masked
    from aita.imaging.pages import pages
    from aita.imaging.pdf_ranges import pdf_page_count, pdf_range
    from aita.imaging.strips import strip
    from aita.services.execution.blank_exams import BlankExams
    from aita.services.execution.page_splitter import PageSplitter
    from aita.services.execution.pile_separator import PileSeparator
    from aita.services.execution.strip_cutter import StripCutter

    settings = SplitSettings.read()
    stores = make_stores(settings)
    watch = RunCache(stores.runs)
    recorder = stores.recorder(watch, updates_summary=False)
    blank_exams = BlankExams(
        objects=stores.objects,
        pages=partial(pages_apart, pages=partial(pages, longest_side=settings.longest_side)),
        prepare=BlankExam,
    )
    splitter = PageSplitter(
        objects=stores.objects,
        watch=watch,
        recorder=recorder,
        blank_exams=blank_exams,
        mask=masked,
        strip=strip,
        mask_header=settings.mask_header,
    )
    cutter = StripCutter(objects=stores.objects, watch=watch, recorder=recorder, strip=strip)

    def page_range(file: "ByteSource", first: int, last: int) -> "Iterator[tuple[int, PageImage]]":
        drawn = partial(pdf_range, first=first, last=last, longest_side=settings.longest_side)
        return numbered_pages_apart(file, drawn)

    separator = PileSeparator(
        objects=stores.objects,
        watch=watch,
        recorder=recorder,
        blank_exams=replace(blank_exams, prepare=partial(BlankExam, with_cells=True)),
        count=partial(count_apart, count=pdf_page_count),
        page_range=page_range,
        read_codes=read_codes,
        is_white=is_white,
    )
    return splitter, cutter, separator


def make_reporter() -> "ReportRenderer":
    """Return the service behind the report function."""
    from aita.aws.dynamodb.decision_table import DynamoDecisionTable
    from aita.reports.pages import Pages
    from aita.services.execution.report_renderer import ReportRenderer

    settings = StackSettings.read()
    stores = make_stores(settings)
    watch = RunCache(stores.runs)
    return ReportRenderer(
        objects=stores.objects,
        runs=stores.runs,
        decisions=DynamoDecisionTable(stores.runs.client, settings.table),
        watch=watch,
        recorder=stores.recorder(watch),
        renderer=Pages(),
        clock=utc_now,
    )


def make_executor(*, makes_batches: bool = False) -> "RoleExecutors":
    """Return the service behind task and names. A role's executor is made at its first task, the model's at once.

    Parameters
    ----------
    makes_batches
        Whether it is for the function that makes the provider's batches.
    """
    from aita.services.execution.role_executors import RoleExecutors

    settings = TaskSettings.read()
    stores = make_stores(settings)
    watch, secrets = RunCache(stores.runs), partial(make_client, "secretsmanager")
    made: dict[tuple[Place, str], TaskExecutor] = {}

    def executor_of(role: "ModelRole | None") -> "TaskExecutor":
        known_by = settings.place_of(role), settings.key_secret_of(role)
        if known_by not in made:
            made[known_by] = _executor_of(role, settings, stores, watch, secrets, makes_batches=makes_batches)
        return made[known_by]

    executor_of(None)
    return RoleExecutors(executor_of)


def _executor_of(
    role: "ModelRole | None",
    settings: TaskSettings,
    stores: Stores,
    watch: RunCache,
    secrets: Callable[[], Any],
    *,
    makes_batches: bool,
) -> "TaskExecutor":
    from aita.aws.dynamodb.prompt_cache_table import DynamoPromptCaches
    from aita.aws.dynamodb.sharded_rate_limiter import ShardedRateLimiter
    from aita.services.calls.admission import Admission
    from aita.services.calls.budget import RunBudget
    from aita.services.calls.item_calls import ItemCalls
    from aita.services.calls.pacing import Pacing
    from aita.services.calls.prompt_cache_gate import PromptCacheGate
    from aita.services.calls.reply_cache import ReplyCache
    from aita.services.calls.token_expectations import TokenExpectations
    from aita.services.execution.role_executors import KEY_COMMANDS, remedies_of
    from aita.services.execution.task_executor import TaskExecutor

    place, secret, limits = settings.place_of(role), settings.key_secret_of(role), settings.call_limits
    has_key = secret not in ("", settings.api_key_secret)
    limiter = ShardedRateLimiter(
        client=stores.runs.client,
        table=settings.table,
        provider=place.base_url,
        model=place.model,
        clock=utc_now,
    )
    pacing = Pacing(limiter, TokenExpectations(settings.reasoning_effort))
    gate = PromptCacheGate(DynamoPromptCaches(stores.runs.client, settings.table, utc_now), time.sleep, time.monotonic)
    if place.base_url == BEDROCK:
        llm: BedrockModel | ChatModel = _bedrock_model(place, settings)
    else:
        from aita.aws.api_key import ApiKey

        llm = _chat_model(place, settings, ApiKey(secrets, secret, KEY_COMMANDS[role if has_key else None]))
    calls = ItemCalls(
        llm=llm,
        admission=Admission(pacing, gate, watch, time.sleep, context=f"{place.base_url} {place.model}"),
        budget=RunBudget(stores.runs, watch, llm.highest_cost),
        cache=ReplyCache(stores.objects),
        objects=stores.objects,
        watch=watch,
        longest_call=limits.longest,
        makes_batches=makes_batches,
    )
    return TaskExecutor(
        runs=stores.runs,
        objects=stores.objects,
        watch=watch,
        calls=calls,
        recorder=stores.recorder(watch),
        clock=utc_now,
        remedies=remedies_of(role, has_key=has_key),
    )


def _bedrock_model(place: Place, settings: TaskSettings) -> "BedrockModel":
    """Return a deployed model of Amazon Bedrock, called by the function's role."""
    from aita.llm.bedrock import BedrockModel
    from aita.llm.bedrock_client import BedrockClient
    from aita.llm.pricing import listed_prices

    return BedrockModel(
        BedrockClient(settings.call_limits.longest),
        place.model,
        reasoning_effort=settings.reasoning_effort,
        given_price=listed_prices(settings.model_prices).get(place.model),
        call_limits=settings.call_limits,
    )


def _chat_model(place: Place, settings: TaskSettings, key: "ApiKey") -> "ChatModel":
    """Return a deployed model behind chat completions, called by its key."""
    from aita.llm.chat import ChatModel, connect
    from aita.llm.pricing import listed_prices

    return ChatModel(
        connect(place.base_url, key, settings.call_limits.longest),
        place.model,
        forget_key=key.forget,
        reasoning_effort=settings.reasoning_effort,
        given_price=listed_prices(settings.model_prices).get(place.model),
        call_limits=settings.call_limits,
    )


def make_stage_batches() -> "StageBatches":
    """Return the service behind the batch function."""
    from aita.llm.batch_endpoint import NO_BATCHES, BatchEndpoint
    from aita.llm.chat import ChatModel
    from aita.services.calls.batch_queue import BatchQueue
    from aita.services.execution.stage_batches import LONGEST_INVOCATION, StageBatches

    executors = make_executor(makes_batches=True)
    made: dict[int, BatchQueue] = {}

    def queue_of(executor: "TaskExecutor") -> BatchQueue:
        llm = executor.calls.llm
        if not isinstance(llm, ChatModel):
            raise RunStopped(NO_BATCHES)
        if id(executor) not in made:
            made[id(executor)] = BatchQueue(BatchEndpoint.of(llm), utc_now, LONGEST_INVOCATION)
        return made[id(executor)]

    return StageBatches(queue_of, executors)


def make_collector() -> "Collector":
    """Return the service behind the collect function."""
    from aita.services.runs.collector import Collector

    stores = make_stores(StackSettings.read())
    return Collector(runs=stores.runs, tasks=stores.tasks, objects=stores.objects, clock=utc_now)
