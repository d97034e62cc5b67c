"""Starting, resuming and cancelling runs."""

from typing import Any

import pytest

from aita.errors import (
    ConflictError,
    InvalidMaterialError,
    MissingMaterialError,
    NotFoundError,
    RequestError,
    StackError,
)
from aita.models.api import StartRunRequest
from aita.models.run import Run, RunStatus
from aita.services.runs.run_control import QUIET
from tests.support.fakes import ASSIGNMENT, MODEL, QUESTIONS, Harness, failing


class TestStart:
    def test_a_run_starts(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin(rate_limit_rps=2.5, checkpoint_interval=3)
        assert (run.status, run.attempt, run.stage, run.pipeline) == (RunStatus.RUNNING, 1, "answer_key", "rubric")
        assert (run.settings.model, run.settings.max_workers) == (MODEL, 5)
        assert (run.settings.rate_limit_rps, run.settings.checkpoint_interval) == (2.5, 3)
        assert run.execution_arn
        assert harness.runs.get(run.run_id).execution_arn == run.execution_arn
        assert [started.run_id for started in harness.executions.started] == [run.run_id]
        assert harness.runs.summaries[run.run_id].status is RunStatus.RUNNING

    def test_a_second_active_run_is_refused_and_the_first_is_named(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        with pytest.raises(ConflictError, match=rf"run {run.run_id} of midterm / rubric is active: watch it") as caught:
            harness.begin()
        assert caught.value.http_status == 409
        assert len(harness.executions.started) == 1

    @pytest.mark.parametrize("uses", [("first", "never"), ("never", "only")])
    def test_two_pipelines_do_not_ask_the_same_beside_a_providers_batch(
        self, harness: Harness, uses: tuple[str, str]
    ) -> None:
        harness.exam()
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.begin("rubric", provider_batch=uses[0])
        exam = {"assignment": "midterm", "pipeline": "exam", "options": {"provider_batch": uses[1]}}
        with pytest.raises(ConflictError, match=rf"run {run.run_id} of midterm / rubric .* pay twice: .* cancel it"):
            harness.submissions.start(StartRunRequest.model_validate(exam))
        harness.submissions.cancel(run.run_id)
        other = harness.submissions.start(StartRunRequest.model_validate(exam))
        with pytest.raises(ConflictError, match=rf"run {other.run_id} of midterm / exam"):
            harness.submissions.resume(run.run_id)

    def test_of_two_that_start_at_once_beside_a_batch_one_goes_on(self, harness: Harness) -> None:
        harness.exam()
        harness.put("scans/Ann/1.jpg", b"a")
        create = harness.runs.create

        def meanwhile(run: Run, replaces: str | None) -> None:
            harness.runs.create = create  # type: ignore[method-assign]
            harness.begin("exam", provider_batch="first")
            create(run, replaces)

        harness.runs.create = meanwhile  # type: ignore[method-assign]
        with pytest.raises(ConflictError, match="pay twice"):
            harness.begin("rubric", provider_batch="first")
        assert [run.pipeline for run in harness.executions.started] == ["exam"]
        refused = harness.runs.active(ASSIGNMENT, "rubric")
        assert refused is not None
        assert harness.runs.get(refused).status is RunStatus.CANCELLED

    def test_another_pipeline_or_assignment_is_another_run(self, harness: Harness) -> None:
        harness.exam()
        harness.exam(assignment="final")
        harness.put("scans/Ann/1.jpg", b"a")
        runs = [harness.begin(), harness.begin("transcribe"), harness.begin(assignment="final")]
        assert len({run.run_id for run in runs}) == 3

    @pytest.mark.parametrize("status", [s for s in RunStatus if s is not RunStatus.RUNNING])
    def test_a_run_that_has_ended_is_replaced(self, harness: Harness, status: RunStatus) -> None:
        harness.exam()
        first = harness.begin()
        harness.runs.end(first.run_id, 1, status, "")
        second = harness.begin()
        assert harness.runs.active(ASSIGNMENT, "rubric") == second.run_id

    def test_one_whose_execution_is_gone_is_ended_and_replaced(self, harness: Harness) -> None:
        harness.exam()
        first = harness.begin()
        harness.executions.running.clear()
        second = harness.begin()
        ended = harness.runs.get(first.run_id)
        assert (ended.status, ended.reason) == (
            RunStatus.FAILED,
            "its execution is no longer there: resume the run",
        )
        assert harness.runs.summaries[first.run_id].status is RunStatus.FAILED
        assert harness.runs.get(second.run_id).active

    def test_one_that_was_only_just_started_is_not_replaced(self, harness: Harness) -> None:
        """``DescribeExecution`` may not know an execution of seconds ago: two would run, and pay, side by side."""
        harness.exam()
        first = harness.begin()
        harness.executions.unknown = {first.execution_arn}
        with pytest.raises(ConflictError, match=f"run {first.run_id} of midterm / rubric is active"):
            harness.begin()
        with pytest.raises(ConflictError, match=f"run {first.run_id} is running"):
            harness.submissions.resume(first.run_id)
        assert harness.runs.get(first.run_id).active
        harness.clock.advance(QUIET.total_seconds() + 1)
        assert harness.begin().active
        assert harness.runs.get(first.run_id).status is RunStatus.FAILED

    def test_one_that_step_functions_does_not_start_has_failed_and_keeps_no_other_away(self, harness: Harness) -> None:
        harness.exam()
        harness.executions.refuses = StackError("Step Functions did not start the run")
        with pytest.raises(StackError, match="did not start"):
            harness.begin()
        [refused] = harness.runs.rows.values()
        assert (refused.status, refused.reason) == (RunStatus.FAILED, "Step Functions did not start the run")
        assert harness.runs.summaries[refused.run_id].status is RunStatus.FAILED
        harness.executions.refuses = None
        assert harness.begin().active

    def test_the_execution_of_an_attempt_before_is_not_taken_for_this_ones(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A function that is slow to write down what it started, while the run is cancelled and resumed."""
        harness.exam()
        set_execution = harness.runs.set_execution

        def late(run_id: str, attempt: int, arn: str) -> None:
            monkeypatch.setattr(harness.runs, "set_execution", set_execution)
            harness.submissions.cancel(run_id)
            harness.submissions.resume(run_id)
            set_execution(run_id, attempt, arn)

        monkeypatch.setattr(harness.runs, "set_execution", late)
        run = harness.begin()
        assert harness.runs.get(run.run_id).execution_arn == f"arn:execution:{run.run_id}-2"

    def test_two_at_the_same_time_are_one(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        harness.exam()
        active = harness.runs.active

        def raced(assignment: str, pipeline: str) -> str | None:
            before = active(assignment, pipeline)
            if pipeline == "exam":  # others are looked at first
                return before
            monkeypatch.setattr(harness.runs, "active", active)
            harness.begin()
            return before

        monkeypatch.setattr(harness.runs, "active", raced)
        with pytest.raises(ConflictError, match="started at the same time"):
            harness.begin()
        assert len(harness.executions.started) == len(harness.runs.rows) == 1

    @pytest.mark.parametrize(
        ("option", "told"),
        [
            ({"max_workers": 6}, r"AITA_MAX_WORKERS is 6 .* deployed with 5: .*MaxConcurrency=6"),
            ({"reasoning_effort": "high"}, r"AITA_REASONING_EFFORT is high .* with none: .*ReasoningEffort=high"),
            ({"model": "other"}, r"AITA_MODEL is other .* deployed with fake-model: .*ModelName=other"),
        ],
    )
    def test_an_option_that_is_the_stacks_is_refused_with_how_to_change_it(
        self, harness: Harness, option: dict[str, Any], told: str
    ) -> None:
        harness.exam()
        with pytest.raises(ConflictError, match=told):
            harness.begin(**option)
        assert harness.runs.rows == {}

    def test_the_deployed_values_may_be_said(self, harness: Harness) -> None:
        harness.exam()
        assert harness.begin(max_workers=5, model=MODEL, reasoning_effort="none").active

    def test_an_unknown_pipeline(self, harness: Harness) -> None:
        harness.exam()
        with pytest.raises(RequestError, match=r"there is no pipeline 'grading': take one of .*rubric, transcribe"):
            harness.begin("grading")

    def test_an_assignments_name_is_checked(self, harness: Harness) -> None:
        with pytest.raises(RequestError, match="can't be an assignment's name"):
            harness.begin(assignment="a/b")

    @pytest.mark.parametrize(
        ("pipeline", "told"),
        [("rubric", r"assignment midterm has no questions\.json"), ("transcribe", "assignment midterm has no scans")],
    )
    def test_a_pipeline_without_what_it_needs(self, harness: Harness, pipeline: str, told: str) -> None:
        harness.put("grade_scale.json", {})
        with pytest.raises(MissingMaterialError, match=told) as caught:
            harness.begin(pipeline)
        assert caught.value.http_status == 422
        assert (harness.runs.rows, harness.executions.started) == ({}, [])

    @pytest.mark.parametrize("pipeline", ["exam", "extract-questions", "grade", "report", "rubric", "transcribe"])
    def test_an_assignment_of_which_there_is_nothing_has_a_wrong_name(self, harness: Harness, pipeline: str) -> None:
        with pytest.raises(NotFoundError, match="nothing of an exam was uploaded to an assignment smaple: check its"):
            harness.begin(pipeline, assignment="smaple")
        assert (harness.runs.rows, harness.executions.started) == ({}, [])

    @pytest.mark.parametrize(
        ("name", "data", "told"),
        [
            ("questions.json", '{"exam_name": "x"', r"questions\.json: Invalid JSON"),
            (
                "questions.json",
                {"exam_name": "x", "total_pages": 1, "questions": [QUESTIONS[0]] * 2},
                "'1a' is there twice",
            ),
            (
                "user_rubrics.json",
                {"1a": {"total_points": 4, "criteria": [{"points": 4, "description": "x"}]}},
                "'1a': ",
            ),
            (
                "user_rubrics.json",
                {"7": {"total_points": 4, "criteria": [{"points": 4, "description": "x"}]}},
                "'7' is no",
            ),
            ("question_specific_instructions.json", {"1a": 3}, r"question_specific_instructions\.json: 1a: "),
            ("rubric_instructions.txt", b"caf\xe9", r"rubric_instructions\.txt: byte 3 is not UTF-8"),
        ],
    )
    def test_material_that_breaks_a_rule_is_refused_before_anything_runs(
        self, harness: Harness, name: str, data: Any, told: str
    ) -> None:
        harness.exam()
        harness.put(name, data)
        with pytest.raises(InvalidMaterialError, match=told):
            harness.begin()
        assert harness.runs.rows == {}

    def test_a_roster_that_can_not_be_read_is_refused(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        harness.put("roster.csv", "Names\nAnn\n")
        with pytest.raises(InvalidMaterialError, match=r"roster\.csv, line 1"):
            harness.begin("transcribe")

    def test_run_ids_sort_by_time(self, harness: Harness) -> None:
        harness.exam()
        ids = [harness.run().run_id for _ in range(3)]
        assert ids == sorted(ids)


class TestResume:
    def test_it_is_refused_while_the_run_is_running(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        with pytest.raises(ConflictError, match=f"run {run.run_id} is running: cancel it first"):
            harness.submissions.resume(run.run_id)
        assert harness.runs.get(run.run_id).attempt == 1

    def test_it_is_refused_while_another_run_is_active(self, harness: Harness) -> None:
        harness.exam()
        first = harness.run()
        second = harness.begin()
        with pytest.raises(ConflictError, match=f"run {second.run_id} of midterm / rubric is active"):
            harness.submissions.resume(first.run_id)
        assert harness.runs.get(first.run_id).status is RunStatus.SUCCEEDED

    def test_it_begins_the_next_attempt(self, harness: Harness) -> None:
        harness.exam()
        failing(harness, "1a", "1b", "2")
        run = harness.run()
        harness.clock.advance(100)
        resumed = harness.submissions.resume(run.run_id)
        assert (resumed.status, resumed.attempt, resumed.stage, resumed.reason) == (
            RunStatus.RUNNING,
            2,
            "answer_key",
            "",
        )
        assert (resumed.stages, resumed.ended_at, resumed.created_at) == ({}, None, run.created_at)
        assert resumed.usage == run.usage
        assert resumed.execution_arn.endswith("-2")
        assert harness.runs.get(run.run_id).execution_arn == resumed.execution_arn

    def test_it_keeps_the_runs_own_settings(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin(checkpoint_interval=3, rate_limit_rps=1)
        harness.submissions.cancel(run.run_id)
        assert harness.submissions.resume(run.run_id).settings == run.settings

    def test_a_run_whose_execution_is_gone_resumes(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.executions.running.clear()
        assert harness.submissions.resume(run.run_id).attempt == 2

    def test_it_stops_what_a_cancel_could_not(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        """Items that Lambda throttles wait for hours, and would take the new attempt's places."""
        harness.exam()
        run = harness.begin()
        with monkeypatch.context() as patched:
            patched.setattr(harness.executions, "stop", lambda arn: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                harness.submissions.cancel(run.run_id)
        resumed = harness.submissions.resume(run.run_id)
        assert harness.executions.stopped == [run.execution_arn]
        assert harness.executions.running == {resumed.execution_arn}

    def test_one_that_step_functions_does_not_start_can_be_resumed_again(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        harness.executions.refuses = StackError("Step Functions did not start the run")
        with pytest.raises(StackError):
            harness.submissions.resume(run.run_id)
        assert harness.runs.get(run.run_id).status is RunStatus.FAILED
        harness.executions.refuses = None
        assert harness.submissions.resume(run.run_id).attempt == 3

    def test_an_older_run_becomes_the_active_one(self, harness: Harness) -> None:
        harness.exam()
        first, _ = harness.run(), harness.run()
        harness.submissions.resume(first.run_id)
        with pytest.raises(ConflictError, match=first.run_id):
            harness.begin()

    def test_two_at_the_same_time_are_one(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        harness.exam()
        run = harness.run()
        restart = harness.runs.restart

        def raced(*arguments: Any) -> None:
            monkeypatch.setattr(harness.runs, "restart", restart)
            harness.submissions.resume(run.run_id)
            restart(*arguments)

        monkeypatch.setattr(harness.runs, "restart", raced)
        with pytest.raises(ConflictError):
            harness.submissions.resume(run.run_id)
        assert harness.runs.get(run.run_id).attempt == 2
        assert len(harness.executions.started) == 2

    def test_an_unknown_run(self, harness: Harness) -> None:
        for verb in (harness.submissions.resume, harness.submissions.cancel, harness.submissions.get):
            with pytest.raises(NotFoundError, match="there is no run 'nope'"):
                verb("nope")


class TestCancel:
    def test_the_flag_comes_before_the_stop(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        harness.exam()
        run = harness.begin()
        seen = []
        monkeypatch.setattr(
            harness.executions, "stop", lambda arn: seen.append((arn, harness.runs.get(run.run_id).status))
        )
        cancelled = harness.submissions.cancel(run.run_id)
        assert cancelled.status is RunStatus.CANCELLED
        assert seen == [(run.execution_arn, RunStatus.CANCELLED)]
        assert harness.runs.summaries[run.run_id].status is RunStatus.CANCELLED

    def test_twice_is_once(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        first = harness.submissions.cancel(run.run_id)
        harness.clock.advance(100)
        assert harness.submissions.cancel(run.run_id) == first

    def test_again_stops_what_the_first_time_could_not(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        harness.exam()
        run = harness.begin()
        with monkeypatch.context() as patched:
            patched.setattr(harness.executions, "stop", lambda arn: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                harness.submissions.cancel(run.run_id)
        assert harness.submissions.cancel(run.run_id).status is RunStatus.CANCELLED
        assert harness.executions.stopped == [run.execution_arn]
        assert harness.runs.summaries[run.run_id].status is RunStatus.CANCELLED

    def test_a_run_that_has_ended(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run()
        with pytest.raises(ConflictError, match="it is SUCCEEDED"):
            harness.submissions.cancel(run.run_id)


class TestGet:
    def test_a_quiet_run_whose_execution_is_gone_has_failed(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.executions.running.clear()
        assert harness.submissions.get(run.run_id).active, "it was only just started"
        harness.clock.advance(QUIET.total_seconds() + 1)
        assert harness.submissions.get(run.run_id).status is RunStatus.FAILED

    def test_a_quiet_run_whose_execution_goes_on_is_running(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        harness.clock.advance(3600)
        assert harness.submissions.get(run.run_id).active

    def test_one_that_ended_between_the_two_reads_is_left_as_it_is(self, harness: Harness) -> None:
        harness.exam()
        before = harness.begin()
        harness.drive(before)
        assert harness.submissions.current(before).status is RunStatus.SUCCEEDED

    def test_one_that_never_got_an_execution_is_not_active_for_ever(self, harness: Harness) -> None:
        harness.exam()
        harness.executions.refuses = RuntimeError("the state machine is not there")
        with pytest.raises(RuntimeError):
            harness.begin()
        harness.executions.refuses = None
        with pytest.raises(ConflictError):
            harness.begin()  # it may be starting right now
        harness.clock.advance(3600)
        assert harness.begin().active
