"""What is told of runs, tasks and results."""

from decimal import Decimal

import pytest

from aita.errors import InvalidMaterialError, RequestError
from aita.models.api import UploadRequest
from aita.models.run import RunStatus, TaskStatus, Usage
from tests.support.fakes import COST_OF_A_CALL, QUESTIONS, Harness, failing, reply, right
from tests.support.grades import put_answers


def many(harness: Harness, count: int) -> None:
    harness.exam(*[QUESTIONS[0] | {"question_id": f"q{number:02d}"} for number in range(count)])


class TestView:
    def test_a_run_before_its_first_plan(self, harness: Harness) -> None:
        harness.exam()
        view = harness.reader.view(harness.begin())
        assert (view.stages, view.eta_seconds, view.status) == ((), None, RunStatus.RUNNING)
        assert view.usage.cost_usd == 0

    def test_an_ended_run(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        view = harness.reader.view(run)
        assert [(s.stage, s.total, s.succeeded, s.failed) for s in view.stages] == [
            ("answer_key", 3, 2, 1),
            ("rubric", 3, 2, 1),
        ]
        assert (view.run_id, view.status, view.reason) == (run.run_id, RunStatus.PARTIAL, run.reason)
        assert (view.model, view.eta_seconds) == ("fake-model", None)
        assert view.usage.calls == 8
        assert "execution" not in view.model_dump_json()

    def test_the_eta_is_what_is_left_at_the_pace_so_far(self, harness: Harness) -> None:
        many(harness, 10)
        run = harness.begin()
        events = harness.events(run)

        def eta() -> float | None:
            return harness.reader.view(harness.runs.get(run.run_id)).eta_seconds

        assert eta() is None
        for event in events[:4]:
            harness.clock.advance(2.5)
            harness.invoke(event)
        assert eta() == 15.0
        for event in events[4:]:
            harness.invoke(event)
        assert eta() == 0.0
        harness.collect(run)
        assert eta() is None

    def test_the_eta_of_a_resume_leaves_out_what_was_done_before(self, harness: Harness) -> None:
        many(harness, 10)
        run = harness.begin()
        for event in harness.events(run)[:6]:
            harness.invoke(event)
        harness.submissions.cancel(run.run_id)
        run = harness.submissions.resume(run.run_id)
        events = harness.events(run)
        assert harness.reader.view(harness.runs.get(run.run_id)).eta_seconds is None
        harness.clock.advance(10)
        harness.invoke(events[0])
        assert harness.reader.view(harness.runs.get(run.run_id)).eta_seconds == 30.0

    def test_a_stopped_run_has_no_eta(self, harness: Harness) -> None:
        many(harness, 3)
        run = harness.begin()
        harness.invoke(harness.events(run)[0])
        harness.submissions.cancel(run.run_id)
        assert harness.reader.view(harness.runs.get(run.run_id)).eta_seconds is None

    @pytest.mark.parametrize(
        ("usage", "cost"),
        [
            (Usage(), Decimal(0)),
            (Usage(cached_calls=4), Decimal(0)),
            (Usage(calls=3, unpriced_calls=3), None),
            (Usage(calls=3, unpriced_calls=2, cost_usd=Decimal("0.5")), Decimal("0.5")),
            (Usage(calls=3, cost_usd=Decimal("0.000001")), Decimal("0.000001")),
        ],
    )
    def test_an_unknown_cost_is_never_zero(self, harness: Harness, usage: Usage, cost: Decimal | None) -> None:
        harness.exam()
        run = harness.begin().model_copy(update={"usage": usage})
        view = harness.reader.view(run).usage
        assert (view.cost_usd, view.unpriced_calls) == (cost, usage.unpriced_calls)

    def test_a_run_without_told_usage_has_an_unknown_cost(self, harness: Harness) -> None:
        harness.exam()
        harness.model.otherwise = lambda request: reply(right(request), usage=None)
        assert harness.reader.view(harness.run()).usage.cost_usd is None

    def test_waits_are_told_with_their_reason(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.runs.count_wait(run.run_id, "the provider answered 429")
        view = harness.reader.view(harness.runs.get(run.run_id))
        assert (view.waits, view.wait_reason) == (1, "the provider answered 429")


class TestLists:
    def test_runs_newest_first_in_pages(self, harness: Harness) -> None:
        harness.exam()
        harness.exam(assignment="final")
        harness.run(assignment="final")
        ids = [harness.run().run_id for _ in range(5)]
        seen: list[str] = []
        token: str | None = None
        while True:
            page = harness.reader.runs_of("midterm", 2, token)
            assert len(page.runs) <= 2
            seen += [run.run_id for run in page.runs]
            token = page.next_token
            if token is None:
                break
        assert seen == ids[::-1]

    def test_an_assignment_without_runs(self, harness: Harness) -> None:
        assert harness.reader.runs_of("midterm", 5, None).runs == ()
        with pytest.raises(RequestError):
            harness.reader.runs_of("a/b", 5, None)

    @pytest.mark.parametrize(("status", "count"), [(None, 12), (TaskStatus.SUCCEEDED, 10), (TaskStatus.FAILED, 2)])
    def test_tasks_that_have_ended_in_pages(self, harness: Harness, status: TaskStatus | None, count: int) -> None:
        many(harness, 6)
        failing(harness, "q03")
        run = harness.run()
        seen: list[str] = []
        token: str | None = None
        while True:
            page = harness.reader.tasks_of(run, status, 5, token)
            assert all(status in (None, task.status) for task in page.tasks)
            seen += [task.task_id for task in page.tasks]
            token = page.next_token
            if token is None:
                break
            assert len(page.tasks) == 5
        assert len(seen) == len(set(seen)) == count

    def test_a_failed_task_tells_why(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1b")
        run = harness.run()
        task = harness.reader.tasks_of(run, TaskStatus.FAILED, 10, None).tasks[0]
        assert (task.stage, task.refs, task.error_type, task.asks) == (
            "answer_key",
            {"question_id": "1b"},
            "UnparsableReplyError",
            4,
        )
        assert task.error_message.startswith("asked 4 times")

    def test_pending_is_what_has_no_row(self, harness: Harness) -> None:
        many(harness, 5)
        run = harness.begin()
        assert harness.reader.tasks_of(run, TaskStatus.PENDING, 10, None).tasks == ()
        events = harness.events(run)
        harness.invoke(events[1])
        page = harness.reader.tasks_of(harness.runs.get(run.run_id), TaskStatus.PENDING, 10, None)
        assert [task.refs["question_id"] for task in page.tasks] == ["q00", "q02", "q03", "q04"]
        assert {(task.status, task.stage, task.attempt) for task in page.tasks} == {
            (TaskStatus.PENDING, "answer_key", None)
        }
        assert page.next_token is None

    def test_no_pending_task_is_passed_over_while_others_end(self, harness: Harness) -> None:
        many(harness, 9)
        run = harness.begin()
        events = harness.events(run)
        first = harness.reader.tasks_of(run, TaskStatus.PENDING, 3, None)
        for event in events[:3]:
            harness.invoke(event)
        second = harness.reader.tasks_of(run, TaskStatus.PENDING, 3, first.next_token)
        third = harness.reader.tasks_of(run, TaskStatus.PENDING, 3, second.next_token)
        seen = [task.refs["question_id"] for page in (first, second, third) for task in page.tasks]
        assert seen == [f"q{number:02d}" for number in range(9)]
        assert third.next_token is None

    @pytest.mark.parametrize("token", ["", "x", "-1", "1.5", "²", "9" * 5000])
    def test_a_token_of_nobodys(self, harness: Harness, token: str) -> None:
        harness.exam()
        run = harness.begin()
        harness.plan(run)
        with pytest.raises(RequestError, match="next_token is not one that this list gave"):
            harness.reader.tasks_of(run, TaskStatus.PENDING, 3, token)

    def test_a_token_past_the_end_is_an_empty_page(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.plan(run)
        assert harness.reader.tasks_of(run, TaskStatus.PENDING, 3, "999").tasks == ()


class TestResultsAndUploads:
    def test_what_the_ended_stages_gathered(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        assert harness.reader.results(run).files == ()
        harness.drive(run)
        files = harness.reader.results(harness.runs.get(run.run_id)).files
        assert [(file.name, file.url) for file in files] == [
            ("answer_keys.json", "memory:///midterm/answer_keys.json?answer_keys.json"),
            ("rubrics.json", "memory:///midterm/rubrics.json?rubrics.json"),
        ]

    def test_a_transcription_comes_with_its_students(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        names = [file.name for file in harness.reader.results(harness.run("transcribe")).files]
        assert names == [
            "pages.json",
            "scans.json",
            "transcriptions.json",
            "answers.json",
            "ledger.json",
            "students.json",
        ]

    def test_grades_come_with_their_students(self, harness: Harness) -> None:
        put_answers(harness)
        harness.put("students.json", {"students": []})
        names = [file.name for file in harness.reader.results(harness.run("grade")).files]
        assert names == ["grades.json", "reports.json", "students.json"]

    def test_a_stage_that_did_not_end_has_no_result(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.plan(run)
        harness.submissions.cancel(run.run_id)
        assert harness.reader.results(harness.runs.get(run.run_id)).files == ()

    def test_a_form_for_each_file_bound_to_it(self, harness: Harness) -> None:
        files = [{"name": "questions.json", "size": 10}, {"name": "scans/Ann/1.JPG", "size": 20}]
        answer = harness.reader.uploads("midterm", UploadRequest.model_validate({"files": files}))
        assert [(upload.name, upload.fields) for upload in answer.uploads] == [
            ("questions.json", {"key": "midterm/questions.json", "Content-Type": "application/json", "size": "10"}),
            ("scans/Ann/1.JPG", {"key": "midterm/scans/Ann/1.JPG", "Content-Type": "image/jpeg", "size": "20"}),
        ]

    def test_one_wrong_name_refuses_them_all(self, harness: Harness) -> None:
        request = UploadRequest.model_validate(
            {"files": [{"name": "questions.json", "size": 1}, {"name": "x.exe", "size": 1}]}
        )
        with pytest.raises(InvalidMaterialError):
            harness.reader.uploads("midterm", request)
        with pytest.raises(RequestError):
            harness.reader.uploads("a/b", request)


def test_the_cost_is_the_sum_of_the_calls(harness: Harness) -> None:
    harness.exam()
    assert harness.reader.view(harness.run()).usage.cost_usd == 6 * COST_OF_A_CALL
