"""The stores' contract: what is in memory and what is on AWS behave the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aita.aws.dynamodb import decision_table
from aita.aws.dynamodb.decision_table import DynamoDecisionTable
from aita.aws.dynamodb.items import DECISION, decision_key, decisions_partition
from aita.aws.dynamodb.run_table import DynamoRunTable
from aita.aws.dynamodb.task_table import DynamoTaskTable
from aita.aws.s3_objects import S3Objects
from aita.client.purge_stores import DynamoRows
from aita.errors import (
    ConflictError,
    NotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    RequestError,
    StorageError,
)
from aita.memory.objects import MemoryObjects
from aita.models.decision import Decision, DecisionAction
from aita.models.grade import CellState
from aita.models.match import MatchAction, MatchDecision
from aita.models.part_decision import PartAction
from aita.models.run import Run, RunSettings, RunStatus, StageCounts, TaskRow, TaskStatus, Usage
from aita.ports import DecisionStore, ObjectStore, RunStore, TaskStore
from tests.integration.table import make_table
from tests.support.ledgers import on_part
from tests.support.memory_decisions import MemoryDecisions
from tests.support.memory_runs import MemoryRuns, MemoryTasks

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = RunSettings(model="m", max_workers=2, rate_limit_rps=0.5)


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[Any, Any]]:
    with mock_aws(), pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.setup_default_session()
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        s3.create_bucket(Bucket="aita-stores")
        make_table(dynamodb, "t")
        yield s3, dynamodb


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses: the table and the bucket are the module's."""
    return f"x{abs(hash(request.node.nodeid)):x}"


@pytest.fixture(params=["memory", "aws"])
def objects(request: pytest.FixtureRequest, aws: tuple[Any, Any]) -> ObjectStore:
    return MemoryObjects() if request.param == "memory" else S3Objects(aws[0], "aita-stores")


@pytest.fixture(params=["memory", "aws"])
def runs(request: pytest.FixtureRequest, aws: tuple[Any, Any]) -> RunStore:
    return MemoryRuns(lambda: NOW) if request.param == "memory" else DynamoRunTable(aws[1], "t", lambda: NOW, 365)


@pytest.fixture(params=["memory", "aws"])
def tasks(request: pytest.FixtureRequest, aws: tuple[Any, Any]) -> TaskStore:
    return MemoryTasks() if request.param == "memory" else DynamoTaskTable(aws[1], "t", lambda: NOW, 365)


@pytest.fixture(params=["memory", "aws"])
def decisions(request: pytest.FixtureRequest, aws: tuple[Any, Any]) -> DecisionStore:
    return MemoryDecisions() if request.param == "memory" else DynamoDecisionTable(aws[1], "t")


class RefusesLongKeys:
    """DynamoDB as it is, and as moto is not: a partition key of over 2,048 bytes is an error."""

    def get_item(self, **asked: Any) -> dict[str, Any]:
        assert len(asked["Key"]["pk"]["S"].encode()) <= 2048, "ValidationException"
        return {}


@pytest.mark.parametrize("run_id", ["x" * 3000, "\N{HIRAGANA LETTER A}" * 700, "\N{HIRAGANA LETTER A}" * 26])
def test_an_id_that_no_run_can_have_is_not_found(run_id: str) -> None:
    with pytest.raises(NotFoundError):
        DynamoRunTable(RefusesLongKeys(), "t", lambda: NOW, 365).get(run_id)


def make_run(name: str, run_id: str = "1") -> Run:
    return Run(
        run_id=name + run_id,
        assignment=name,
        pipeline="rubric",
        status=RunStatus.RUNNING,
        attempt=1,
        stage="s",
        settings=SETTINGS,
        created_at=NOW,
        updated_at=NOW,
    )


def row(task_id: str, status: TaskStatus = TaskStatus.SUCCEEDED, attempt: int = 1, **values: Any) -> TaskRow:
    return TaskRow(task_id=task_id, stage="s", status=status, attempt=attempt, ended_at=NOW, **values)


class TestObjects:
    def test_what_is_put_comes_back(self, objects: ObjectStore, name: str) -> None:
        objects.put(f"{name}/ü", "ä\0".encode())
        assert objects.get(f"{name}/ü") == "ä\0".encode()

    def test_what_is_not_there(self, objects: ObjectStore, name: str) -> None:
        with pytest.raises(ObjectNotFoundError):
            objects.get(f"{name}/nothing")

    def test_a_write_on_a_condition(self, objects: ObjectStore, name: str) -> None:
        key = f"{name}/map"
        objects.put_if(key, b"1", None)
        with pytest.raises(ObjectChangedError):
            objects.put_if(key, b"2", None)
        _, etag = objects.get_with_etag(key)
        objects.put_if(key, b"3", etag)
        with pytest.raises(ObjectChangedError):
            objects.put_if(key, b"4", etag)
        assert objects.get(key) == b"3"

    def test_nothing_newer_is_replaced(self, objects: ObjectStore, name: str) -> None:
        key, noon = f"{name}/grades.json", datetime(2026, 3, 2, 12, tzinfo=UTC)
        assert objects.put_unless_newer(key, b"first", noon)
        assert not objects.put_unless_newer(key, b"older", noon - timedelta(microseconds=1))
        assert objects.get(key) == b"first"
        assert objects.put_unless_newer(key, b"again", noon)
        assert objects.put_unless_newer(key, b"newer", noon + timedelta(hours=1))
        assert objects.get(key) == b"newer"

    def test_what_does_not_say_what_it_was_made_from_is_older(self, objects: ObjectStore, name: str) -> None:
        key = f"{name}/grades.json"
        objects.put(key, b"of 0.1.0")
        assert objects.put_unless_newer(key, b"newer", datetime(2020, 1, 1, tzinfo=UTC))

    def test_lists_are_in_the_order_of_bytes(self, objects: ObjectStore, name: str) -> None:
        for key in ("b", "a/2", "é", "z", "a/10"):
            objects.put(f"{name}/{key}", key.encode())
        listed = list(objects.list(f"{name}/"))
        assert [found.key.removeprefix(f"{name}/") for found in listed] == ["a/10", "a/2", "b", "z", "é"]
        assert [found.size for found in listed] == [4, 3, 1, 1, 2]
        assert len({found.etag for found in listed}) == 5


class TestRuns:
    def test_a_run_comes_back_as_it_was(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        assert runs.get(run.run_id) == run

    def test_an_unknown_run(self, runs: RunStore, name: str) -> None:
        with pytest.raises(NotFoundError):
            runs.get(name)

    def test_one_run_is_the_active_one(self, runs: RunStore, name: str) -> None:
        first, second = make_run(name), make_run(name, "2")
        runs.create(first, None)
        assert runs.active(name, "rubric") == first.run_id
        with pytest.raises(ConflictError):
            runs.create(second, None)
        with pytest.raises(NotFoundError):
            runs.get(second.run_id)
        runs.create(second, first.run_id)
        assert runs.active(name, "rubric") == second.run_id

    def test_a_run_ends_once(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        assert runs.end(run.run_id, 2, RunStatus.FAILED, "other attempt").active
        assert runs.end(run.run_id, 1, RunStatus.CANCELLED, "first").status is RunStatus.CANCELLED
        ended = runs.end(run.run_id, 1, RunStatus.FAILED, "second")
        assert (ended.status, ended.reason, ended.ended_at) == (RunStatus.CANCELLED, "first", NOW)

    def test_an_ended_run_is_cancelled_in_its_attempt(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        assert runs.cancel_ended(run.run_id, 1, "cancelled").active
        runs.end(run.run_id, 1, RunStatus.HALTED, "a wrong key")
        assert runs.cancel_ended(run.run_id, 2, "cancelled").status is RunStatus.HALTED
        cancelled = runs.cancel_ended(run.run_id, 1, "cancelled")
        assert (cancelled.status, cancelled.reason, cancelled.ended_at) == (RunStatus.CANCELLED, "cancelled", NOW)

    def test_a_run_is_restarted_once(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        again = run.model_copy(update={"attempt": 2})
        with pytest.raises(ConflictError):
            runs.restart(again, run.run_id)
        runs.end(run.run_id, 1, RunStatus.PARTIAL, "")
        runs.restart(again, run.run_id)
        with pytest.raises(ConflictError):
            runs.restart(again, run.run_id)
        assert runs.get(run.run_id) == again

    def test_counters_add_up_in_their_attempt(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        runs.begin_stage(run.run_id, "s", StageCounts(total=3, succeeded=1, started_at=NOW), Usage(calls=4))
        usage = Usage(calls=1, input_tokens=7, cost_usd=Decimal("0.0001"))
        runs.count(run.run_id, "s", row("a", usage=usage))
        runs.count(run.run_id, "s", row("b", TaskStatus.FAILED, usage=usage))
        runs.count(run.run_id, "s", row("c", attempt=2, usage=usage))
        runs.count(run.run_id, "other", row("d", usage=usage))
        counted = runs.get(run.run_id)
        assert counted.stages["s"] == StageCounts(total=3, succeeded=2, failed=1, started_at=NOW)
        assert counted.usage == usage + usage
        assert counted.removed_usage == Usage(calls=4)

    def test_a_finished_stage_is_exact(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        counts = StageCounts(total=2, succeeded=2, ended_at=NOW)
        finished = runs.finish_stage(run.run_id, "s", counts, Usage(calls=9))
        assert finished == runs.get(run.run_id)
        assert (finished.stages["s"], finished.usage.calls) == (counts, 9)

    def test_waits_are_counted_with_their_reason(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        runs.count_wait(run.run_id, "one")
        runs.count_wait(run.run_id, "two")
        waited = runs.get(run.run_id)
        assert (waited.waits, waited.wait_reason) == (2, "two")

    def test_lists_are_newest_first_and_page(self, runs: RunStore, name: str) -> None:
        made = [make_run(name, str(number)) for number in range(5)]
        for before, run in zip([None, *made], made, strict=False):
            runs.create(run, before.run_id if before else None)
        first, token = runs.list(name, 2, None)
        rest, end = runs.list(name, 3, token)
        assert [s.run_id for s in first + rest] == [run.run_id for run in reversed(made)]
        assert end is None

    def test_a_summary_is_refreshed(self, runs: RunStore, name: str) -> None:
        run = make_run(name)
        runs.create(run, None)
        runs.summarise(run.model_copy(update={"stages": {"s": StageCounts(total=4, succeeded=3, failed=1)}}))
        (summary,), _ = runs.list(name, 10, None)
        assert (summary.total, summary.succeeded, summary.failed) == (4, 3, 1)


class TestTasks:
    def test_success_is_final(self, tasks: TaskStore, name: str) -> None:
        assert tasks.record(name, row("s-1"))
        assert not tasks.record(name, row("s-1"))
        assert not tasks.record(name, row("s-1", TaskStatus.FAILED, attempt=2))
        (kept,) = tasks.rows(name)
        assert kept == row("s-1")

    def test_failure_yields_to_a_later_attempt_and_usage_adds_up(self, tasks: TaskStore, name: str) -> None:
        usage = Usage(calls=2, output_tokens=5, cost_usd=Decimal("0.02"))
        assert tasks.record(name, row("s-1", TaskStatus.FAILED, usage=usage, error_type="RefusalError"))
        assert not tasks.record(name, row("s-1", TaskStatus.FAILED, usage=usage))
        assert not tasks.record(name, row("s-1"))
        assert tasks.record(name, row("s-1", attempt=2, usage=usage))
        (kept,) = tasks.rows(name)
        assert kept == row("s-1", attempt=2, usage=usage + usage)

    def test_rows_by_stage_in_order(self, tasks: TaskStore, name: str) -> None:
        for number in (3, 1, 2):
            tasks.record(name, row(f"s-{number}"))
        tasks.record(name, row("t-1").model_copy(update={"stage": "t"}))
        assert [r.task_id for r in tasks.rows(name, "s")] == ["s-1", "s-2", "s-3"]
        assert [r.task_id for r in tasks.rows(name)] == ["s-1", "s-2", "s-3", "t-1"]

    def test_pages_by_status(self, tasks: TaskStore, name: str) -> None:
        for number in range(7):
            status = TaskStatus.FAILED if number % 2 else TaskStatus.SUCCEEDED
            tasks.record(name, row(f"s-{number}", status))
        seen: list[str] = []
        token: str | None = None
        while True:
            page, token = tasks.page(name, TaskStatus.SUCCEEDED, 3, token)
            seen += [r.task_id for r in page]
            if token is None:
                break
        assert seen == ["s-0", "s-2", "s-4", "s-6"]

    def test_rows_can_be_removed(self, tasks: TaskStore, name: str) -> None:
        for number in range(60):
            tasks.record(name, row(f"s-{number:02}"))
        tasks.remove(name, [f"s-{number:02}" for number in range(58)])
        assert [r.task_id for r in tasks.rows(name)] == ["s-58", "s-59"]


class BusyTable:
    """DynamoDB that takes a few of each batch and leaves the rest unprocessed, as it does when it is throttled."""

    def __init__(self, dynamodb: Any, takes: int) -> None:
        self.dynamodb = dynamodb
        self.takes = takes
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dynamodb, name)

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.calls += 1
        ((table, requests),) = RequestItems.items()
        taken, left = requests[: self.takes], requests[self.takes :]
        if taken:
            self.dynamodb.batch_write_item(RequestItems={table: taken})
        return {"UnprocessedItems": {table: left} if left else {}}


class TestBusyTable:
    """Both doors through which rows are deleted in batches."""

    DOORS = ("tasks", "purge")

    def delete(self, door: str, busy: BusyTable, name: str, rows: int, pauses: list[float]) -> list[str]:
        """Make rows, delete them all, and return those that are left."""
        tasks = DynamoTaskTable(busy, "t", lambda: NOW, 365, pauses.append)
        for number in range(rows):
            tasks.record(name, row(f"s-{number:02}"))
        if door == "tasks":
            tasks.remove(name, [row.task_id for row in tasks.rows(name)])
        else:
            stored = DynamoRows(busy, "t", pauses.append)
            stored.delete(list(stored.of_run(name)))
        return [row.task_id for row in tasks.rows(name)]

    @pytest.mark.parametrize("door", DOORS)
    def test_the_rest_of_a_batch_is_asked_for_after_growing_pauses(
        self, aws: tuple[Any, Any], name: str, door: str
    ) -> None:
        busy, pauses = BusyTable(aws[1], takes=5), list[float]()
        assert self.delete(door, busy, name, 30, pauses) == []
        assert busy.calls == 6  # five for 25 rows, one for the other 5
        first, *others = pauses
        assert 0.05 <= first <= 0.1
        assert [0.05 * 2**n <= pause <= 0.1 * 2**n for n, pause in enumerate(others, 1)] == [True] * 3

    @pytest.mark.parametrize("door", DOORS)
    def test_a_table_that_takes_nothing_ends_it(self, aws: tuple[Any, Any], name: str, door: str) -> None:
        busy, pauses = BusyTable(aws[1], takes=0), list[float]()
        with pytest.raises(StorageError, match="too busy to delete 3 rows"):
            self.delete(door, busy, name, 3, pauses)
        assert (busy.calls, len(pauses)) == (10, 9)
        assert max(pauses) <= 5
        assert sum(pauses) <= 25.1


def decide(cell: str, number: int, **values: Any) -> Decision:
    return Decision(
        decision_id=f"01J{number:023}",
        cell_id=cell,
        student_id="s-1",
        question_id="1a",
        action=DecisionAction.SET,
        at=NOW,
        old_state=CellState.NEEDS_REVIEW,
        **{"points": 2.25, "why": "ü", "by": "Ada", "basis": "b", "old_points": 0.1} | values,
    )


class TestDecisions:
    def test_a_decision_comes_back_as_it_was(self, decisions: DecisionStore, name: str) -> None:
        made = [decide("c-1", 1), decide("c-2", 2, old_points=None, why="", points=0)]
        for decision in made:
            decisions.add(name, decision)
        assert list(decisions.all(name)) == made
        assert list(decisions.all(f"{name}x")) == []

    def test_a_decision_is_never_overwritten(self, decisions: DecisionStore, name: str) -> None:
        decisions.add(name, decide("c-1", 1))
        with pytest.raises(ConflictError):
            decisions.add(name, decide("c-1", 1, points=5))
        decisions.add(name, decide("c-1", 2, points=5))
        assert [decision.points for decision in decisions.all(name)] == [2.25, 5]

    def test_the_same_decision_sent_again_is_recorded_once(self, decisions: DecisionStore, name: str) -> None:
        made = decide("c-1", 1, points=0.1, criteria=(0.1, 0), rubric="r", inputs={"answer": "a"})
        for _ in range(2):
            decisions.add(name, made)
        assert list(decisions.all(name)) == [made]
        for changes in ({"by": "Ben"}, {"at": NOW + timedelta(microseconds=1)}, {"inputs": {"answer": "b"}}):
            with pytest.raises(ConflictError):
                decisions.add(name, made.model_copy(update=changes))
        assert list(decisions.all(name)) == [made]

    def test_a_decision_after_a_purge_is_not_the_erased_one(self, aws: tuple[Any, Any], name: str) -> None:
        table = DynamoDecisionTable(aws[1], "t")
        table.add(name, decide("c-1", 1))
        assert [decision.points for decision in table.all(name)] == [2.25]
        aws[1].delete_item(TableName="t", Key=decision_key(name, DECISION, "c-1", decide("c-1", 1).decision_id))
        later = decide("c-1", 1, points=5).model_copy(update={"at": NOW + timedelta(days=1)})
        table.add(name, later)
        assert list(table.all(name)) == [later]

    def test_a_read_misses_no_decision_that_was_made_before_it(
        self, aws: tuple[Any, Any], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DynamoDB may leave out what was written last, and moto never does, so that the requests are looked at."""
        monkeypatch.setattr(decision_table, "_FEW", 0)
        client = aws[1]
        table, of_another_process = DynamoDecisionTable(client, "t"), DynamoDecisionTable(client, "t")
        table.add(name, decide("c-1", 1))
        of_another_process.add(name, decide("c-2", 2))
        asked: list[Any] = []

        def look(params: dict[str, Any], **_: Any) -> None:
            asked.append(params.get("ConsistentRead"))

        client.meta.events.register("before-parameter-build.dynamodb.Query", look)
        try:
            assert len([*table.all(name)]) == 2
            table.page(name, 5, None)
        finally:
            client.meta.events.unregister("before-parameter-build.dynamodb.Query", look)
        assert asked == [True, True, True], "which there are, the new one, and a page"

    def test_the_next_read_forgets_what_was_purged(self, aws: tuple[Any, Any], name: str) -> None:
        table = DynamoDecisionTable(aws[1], "t")
        table.add(name, decide("c-1", 1, why="Maya came late"))
        assert len([*table.all(name)]) == 1
        aws[1].delete_item(TableName="t", Key=decision_key(name, DECISION, "c-1", decide("c-1", 1).decision_id))
        assert [*table.all(name)] == []
        assert "Maya" not in repr(table._known)

    def test_another_assignment_is_remembered_in_place_of_the_last_one(self, aws: tuple[Any, Any], name: str) -> None:
        table = DynamoDecisionTable(aws[1], "t")
        for each in (name, f"{name}-final"):
            table.add(each, decide("c-1", 1, why=each))
            assert [decision.why for decision in table.all(each)] == [each]
        assert [*table._known] == [decisions_partition(f"{name}-final")]
        assert [decision.why for decision in table.all(name)] == [name]

    def test_of_many_decisions_only_the_new_ones_are_read_whole(self, aws: tuple[Any, Any], name: str) -> None:
        client = aws[1]
        table, of_another_process = DynamoDecisionTable(client, "t"), DynamoDecisionTable(client, "t")
        made = [decide(f"c-{number:03}", number) for number in range(202)]
        for decision in made[1:]:
            table.add(name, decision)
        of_another_process.add(name, made[0])
        whole: list[str] = []

        def count(parsed: dict[str, Any], **_: Any) -> None:
            whole.extend(item["cell_id"]["S"] for item in parsed["Items"] if "cell_id" in item)

        client.meta.events.register("after-call.dynamodb.Query", count)
        try:
            assert list(table.all(name)) == made
            assert whole == ["c-000"]
            assert list(of_another_process.all(name)) == made, "a process that knows few reads all"
            client.delete_item(TableName="t", Key=decision_key(name, DECISION, "c-001", made[1].decision_id))
            again = made[1].model_copy(update={"at": NOW + timedelta(days=1), "points": 1})
            of_another_process.add(name, again)
            assert list(table.all(name)) == [made[0], again, *made[2:]], "the erased one does not come back"
        finally:
            client.meta.events.unregister("after-call.dynamodb.Query", count)

    def test_pages_by_cell_and_then_by_time(self, decisions: DecisionStore, name: str) -> None:
        made = [decide(cell, number) for cell in ("c-1", "c-2") for number in (1, 2, 3)]
        for decision in reversed(made):
            decisions.add(name, decision)
        seen: list[Decision] = []
        token: str | None = None
        while True:
            page, token = decisions.page(name, 4, token)
            seen += page
            if token is None:
                break
        assert seen == made == list(decisions.all(name))


class TestDecisionsOnParts:
    def test_they_come_back_as_they_were_and_apart_from_those_on_cells(
        self, decisions: DecisionStore, name: str
    ) -> None:
        made = [on_part("p-1", why="ü"), on_part("p-2", action=PartAction.BELONGS, question_id="1a", alike="p-1")]
        for decision in made:
            decisions.add_on_part(name, decision)
        decisions.add(name, decide("c-1", 1))
        assert list(decisions.on_parts(name)) == made
        assert list(decisions.all(name)) == [decide("c-1", 1)]
        assert list(decisions.on_parts(f"{name}x")) == []
        assert decisions.page(name, 5, None) == ([decide("c-1", 1)], None)

    def test_one_is_never_overwritten(self, decisions: DecisionStore, name: str) -> None:
        decisions.add_on_part(name, on_part())
        with pytest.raises(ConflictError):
            decisions.add_on_part(name, on_part(action=PartAction.NOTHING))
        assert [decision.action for decision in decisions.on_parts(name)] == [PartAction.SCRATCH]

    def test_pages_by_part_and_then_by_time(self, decisions: DecisionStore, name: str) -> None:
        made = [on_part(part, decision_id=f"d-{number}") for part in ("p-1", "p-2") for number in (1, 2, 3)]
        for decision in reversed(made):
            decisions.add_on_part(name, decision)
        first, token = decisions.page_on_parts(name, 4, None)
        rest, end = decisions.page_on_parts(name, 4, token)
        assert [*first, *rest] == made
        assert (len(first), end) == (4, None)


def match(student: str, number: int, **values: Any) -> MatchDecision:
    made = {"decision_id": f"{number:06}", "student_id": student, "action": MatchAction.MATCH, "by": "Ada", "at": NOW}
    return MatchDecision(**made | {"line": "0" * 32, "why": "ü"} | values)


class TestMatchDecisions:
    def test_they_come_back_by_student_and_then_by_time_and_are_no_cells(
        self, decisions: DecisionStore, name: str
    ) -> None:
        made = [match(student, number) for student in ("s-1", "s-2") for number in (9, 10)]
        for each in reversed(made):
            decisions.add_match(name, each)
        decisions.add(name, decide("c-1", 1))
        assert list(decisions.matches(name)) == made
        assert list(decisions.matches(f"{name}x")) == []
        assert [each.cell_id for each in decisions.all(name)] == ["c-1"]
        assert [each.cell_id for each in decisions.page(name, 9, None)[0]] == ["c-1"]

    def test_one_is_never_overwritten(self, decisions: DecisionStore, name: str) -> None:
        decisions.add_match(name, match("s-1", 1))
        with pytest.raises(ConflictError):
            decisions.add_match(name, match("s-1", 1, action=MatchAction.NOBODY))
        assert [each.action for each in decisions.matches(name)] == ["match"]


def test_a_decision_does_not_expire_and_is_no_run(aws: tuple[Any, Any], name: str) -> None:
    DynamoDecisionTable(aws[1], "t").add(name, decide("c-1", 1))
    (row,) = aws[1].query(
        TableName="t",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"DECISIONS#{name}"}},
    )["Items"]
    assert "expires_at" not in row
    assert DynamoRunTable(aws[1], "t", lambda: NOW, 1).list(name, 5, None) == ([], None)


@pytest.mark.parametrize("token", ["a b", "x#y", "é!", ""])
def test_tokens_that_no_list_gave_are_refused(aws: tuple[Any, Any], token: str) -> None:
    with pytest.raises(RequestError):
        DynamoRunTable(aws[1], "t", lambda: NOW, 1).list("a", 1, token)
    with pytest.raises(RequestError):
        DynamoTaskTable(aws[1], "t", lambda: NOW, 1).page("a", None, 1, token)
    with pytest.raises(RequestError):
        DynamoDecisionTable(aws[1], "t").page("a", 1, token)
