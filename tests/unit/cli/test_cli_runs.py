"""Starting, watching, resuming, cancelling: what is sent, printed and returned."""

import io
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aita.client.polling import MISSES
from aita.errors import ConflictError, MissingMaterialError, NotFoundError, RequestError
from aita.models.api import TaskView
from aita.models.run import RunStatus, TaskStatus
from aita.models.student import Match, Student, Students
from aita.version import VERSION
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, Raw, run_view, stage

RUN_PATH = f"/runs/{RUN}"
SPLIT = stage("split", 5, 5, ended=True)
NASTY = "[red]Eve[/red]\x1b[31m\u202e"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RunStatus.SUCCEEDED, 0),
        (RunStatus.WAITING_FOR_REVIEW, 0),
        (RunStatus.PARTIAL, 3),
        (RunStatus.FAILED, 1),
        (RunStatus.HALTED, 1),
        (RunStatus.BUDGET_REACHED, 1),
        (RunStatus.CANCELLED, 1),
    ],
)
def test_a_watched_run_gives_its_exit_status(stack: FakeStack, aita: Aita, status: RunStatus, expected: int) -> None:
    stack.answer("GET", RUN_PATH, run_view(), run_view(), run_view(status, reason="why it ended"))
    code, out, _ = aita("watch", RUN)
    assert code == expected
    assert status in out
    assert (f"aita resume {RUN}" in out) is (status is not RunStatus.SUCCEEDED)
    assert len(stack.asked("GET", RUN_PATH)) == 3


@pytest.mark.parametrize("command", ["generate-rubric", "transcribe"])
def test_a_run_is_started_with_the_settings_that_are_set(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("AITA_MAX_WORKERS", "7")
    monkeypatch.setenv("AITA_RATE_LIMIT_RPS", "0")
    monkeypatch.setenv("AITA_RETRY_FAILED_TASKS", "false")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    stack.answer("POST", "/runs", run_view())
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED))
    code, out, _ = aita(command, "--assignment", "midterm")
    [sent] = stack.asked("POST", "/runs")
    assert code == 0
    assert out.startswith(f"Run {RUN} has started")
    assert sent.body == {
        "assignment": "midterm",
        "pipeline": {"generate-rubric": "rubric"}.get(command, command),
        "options": {"max_workers": 7, "rate_limit_rps": 0.0, "retry_failed_tasks": False},
    }
    assert len(sent.headers["idempotency-key"]) == 36


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.FAILED])
def test_what_follows_on_rubrics_is_told(stack: FakeStack, aita: Aita, status: RunStatus) -> None:
    stack.answer("POST", "/runs", run_view(pipeline="rubric"))
    stack.answer("GET", RUN_PATH, run_view(status, pipeline="rubric"))
    told = " ".join(aita("generate-rubric", "-a", "midterm")[2].split())
    for command in ("keys show", "rubric show", "transcribe", "grade"):
        assert (f"aita {command} --assignment midterm" in told) is (status is RunStatus.SUCCEEDED)


def test_a_start_that_gets_no_answer_is_sent_again_with_its_key(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs", Raw(0), Raw(502), run_view())
    code, _, _ = aita("transcribe", "-a", "midterm", "--detach")
    keys = [one.headers["idempotency-key"] for one in stack.asked("POST", "/runs")]
    assert code == 0
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_detach_returns_at_once_and_says_how_to_go_on(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs", run_view())
    code, out, _ = aita("transcribe", "-a", "midterm", "--detach")
    assert code == 0
    assert f"aita watch {RUN}" in out
    assert f"aita cancel {RUN}" in out
    assert not stack.asked("GET", RUN_PATH)


def test_json_is_one_document_and_nothing_else(stack: FakeStack, aita: Aita) -> None:
    failed = TaskView(
        task_id="t1",
        stage="split",
        status=TaskStatus.FAILED,
        refs={"student_id": "s-1", "source": "abc"},
        error_type="UnreadableScanError",
        error_message="it is encrypted",
    )
    ended = run_view(RunStatus.PARTIAL, stage("split", 5, 4, 1, ended=True))
    stack.answer("POST", "/runs", run_view())
    stack.answer("GET", RUN_PATH, run_view(), ended)
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [failed.model_dump(mode="json")], "next_token": None})
    stack.answer("GET", f"{RUN_PATH}/results", {"files": []})
    code, out, err = aita("transcribe", "-a", "midterm", "--json")
    document = json.loads(out)
    assert code == 3
    assert document["run_id"] == RUN
    assert document["status"] == "PARTIAL"
    assert document["failed_tasks"][0]["error_message"] == "it is encrypted"
    assert RUN in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(("status", "nope"), 1), (("runs",), 2), (("transcribe", "-a", "a/b"), 2), (("nonsense",), 2)],
)
def test_errors_are_a_document_too(stack: FakeStack, aita: Aita, arguments: tuple[str, ...], expected: int) -> None:
    code, out, err = aita(*arguments, "--json")
    assert code == expected
    assert set(json.loads(out)) == {"error", "message"}
    assert err == ""


def test_progress_can_be_switched_off(stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.answer("GET", RUN_PATH, run_view(), run_view(RunStatus.SUCCEEDED, SPLIT))
    stack.answer("GET", f"{RUN_PATH}/results", {"files": []})
    assert "split: 5 of 5" in aita("watch", RUN)[2]
    monkeypatch.setenv("AITA_SHOW_PROGRESS", "false")
    stack.answers["GET", RUN_PATH].clear()
    stack.answer("GET", RUN_PATH, run_view(), run_view(RunStatus.SUCCEEDED, SPLIT))
    assert aita("watch", RUN)[2] == ""


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.SUCCEEDED])
def test_the_status_says_why_a_run_waits(stack: FakeStack, aita: Aita, status: RunStatus) -> None:
    stack.answer("GET", RUN_PATH, run_view(status, SPLIT, waits=61, wait_reason="the provider answered 500"))
    assert ("61 waits: the provider answered 500" in aita("status", RUN)[1]) is (status is RunStatus.RUNNING)


@pytest.mark.parametrize("as_json", [False, True])
def test_interrupting_leaves_the_run_going(stack: FakeStack, aita: Aita, as_json: bool) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    stack.answer("POST", "/runs", run_view())
    arguments = ("transcribe", "-a", "midterm", *(["--json"] if as_json else []))
    code, out, err = aita(*arguments, pause=interrupt)
    assert code == 130
    assert f"aita watch {RUN}" in err
    assert f"aita cancel {RUN}" in err
    assert not stack.asked("POST", f"{RUN_PATH}/cancel")
    if as_json:
        assert json.loads(out)["status"] == "RUNNING"


def test_the_hint_names_the_same_stack(stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AITA_LOCAL")
    stack.answer("POST", "/runs", run_view())
    _, out, _ = aita("transcribe", "--local", "--detach", "--stack", "other", "-a", "midterm")
    assert f"aita --local --stack other watch {RUN}" in out


def test_failed_polls_do_not_end_the_watch(stack: FakeStack, aita: Aita) -> None:
    lost = [Raw(500)] * 3 * (MISSES - 1)  # each poll is tried three times
    stack.answer("GET", RUN_PATH, run_view(), *lost, run_view(RunStatus.SUCCEEDED))
    code, _, err = aita("watch", RUN)
    assert code == 0
    assert "no answer, trying again" in err


def test_a_stack_that_stays_away_ends_the_watch_but_not_the_run(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", RUN_PATH, run_view(), Raw(500))
    code, _, err = aita("watch", RUN)
    assert code == 1
    assert f"Run {RUN} goes on" in err


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RequestError("there is no pipeline 'x'"), 2),
        (MissingMaterialError("assignment midterm has no scans"), 1),
        (ConflictError("run X is active"), 1),
        (NotFoundError("there is no such thing"), 1),
    ],
)
def test_what_the_stack_refuses_is_told(stack: FakeStack, aita: Aita, error: RequestError, expected: int) -> None:
    stack.answer("POST", "/runs", error)
    code, out, err = aita("transcribe", "-a", "midterm")
    assert (code, out) == (expected, "")
    assert str(error) in err
    assert len(stack.asked("POST", "/runs")) == 1


def test_an_unknown_run_is_an_error(stack: FakeStack, aita: Aita) -> None:
    for command in ("status", "watch", "resume", "cancel", "tasks"):
        code, _, err = aita(command, RUN)
        assert code == 1
        assert "no such run" in err


def test_an_id_that_is_none_is_not_sent(stack: FakeStack, aita: Aita) -> None:
    code, _, err = aita("status", "../../x")
    assert code == 1
    assert "there is no run" in err
    assert stack.requests == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AITA_MAX_WORKERS", "0"), ("AITA_SHOW_PROGRESS", "perhaps"), ("OPENAI_BASE_URL", "localhost")],
)
def test_a_wrong_setting_is_named(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    code, _, err = aita("transcribe", "-a", "midterm")
    assert code == 2
    assert variable in err
    assert stack.described == 0


def test_help_needs_no_settings(aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_WORKERS", "0")
    assert aita("upload", "--help")[0] == 0
    assert aita("--version")[:2] == (0, f"aita {VERSION}\n")


def test_options_may_follow_or_precede_the_command(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", RUN_PATH, run_view())
    documents = [
        aita(*line.split()) for line in (f"--json status {RUN}", f"status {RUN} --json", f"status --json {RUN}")
    ]
    assert len({out for _, out, _ in documents}) == 1
    assert {code for code, _, _ in documents} == {0}


def test_cancel_and_resume_go_on_when_lambda_throttles_the_api(stack: FakeStack, aita: Aita) -> None:
    throttled = Raw(500, b'{"message": "Internal server error"}')
    stack.answer("POST", f"{RUN_PATH}/cancel", throttled, throttled, run_view(RunStatus.CANCELLED))
    assert aita("cancel", RUN)[0] == 0
    stack.answer("POST", f"{RUN_PATH}/resume", throttled, run_view(RunStatus.RUNNING))
    assert aita("resume", RUN, "--detach")[0] == 0
    first, second = stack.asked("POST", f"{RUN_PATH}/resume")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_who_starts_or_resumes_a_run_is_warned_that_lambda_is_used_up(stack: FakeStack, aita: Aita) -> None:
    crowded = run_view().model_copy(update={"warning": "2 runs are at work"})
    stack.answer("POST", "/runs", crowded)
    stack.answer("POST", f"{RUN_PATH}/resume", crowded)
    for command in (("exam", "-a", "midterm", "--detach"), ("resume", RUN, "--detach")):
        status, _, err = aita(*command)
        assert status == 0
        assert "2 runs are at work" in err


def test_resume_watches_and_cancel_tells(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", f"{RUN_PATH}/resume", run_view(attempt=2))
    stack.answer("POST", f"{RUN_PATH}/cancel", run_view(RunStatus.CANCELLED))
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED))
    code, out, _ = aita("resume", RUN)
    assert code == 0
    assert out.startswith(f"Run {RUN} goes on: attempt 2")
    code, out, _ = aita("cancel", RUN)
    assert code == 0
    assert "CANCELLED" in out


def students(stack: FakeStack) -> None:
    known = Students(
        students=(
            Student(student_id="s-1", folder="Ada Lovelace", roster_name="Ada Lovelace", match="exact"),
            Student(student_id="s-2", folder="Alan Turin", roster_name="Alan Turing", match="close"),
            Student(student_id="s-3", folder=NASTY, match="none"),
            Student(student_id="s-5", folder="booklet-class-0001", match="none"),
            Student(student_id="s-4", folder="A. Kay", match="ambiguous", files={"f-1": "scan.pdf"}),
        ),
        missing=("Grace Hopper",),
    )
    file = stack.file("students.json", known.model_dump_json().encode())
    stack.answer("GET", "/assignments/midterm/files", {"files": [stack.file("pages.json", b"{}"), file]})


def test_the_summary_tells_of_students_and_failed_tasks(stack: FakeStack, aita: Aita) -> None:
    failed = [
        {
            "task_id": f"t{number}",
            "stage": "transcribe",
            "status": "FAILED",
            "refs": {"student_id": "s-3", "page": number},
            "error_type": "RefusalError",
            "error_message": "filtered\x1b[2J",
        }
        for number in range(1, 13)
    ]
    students(stack)
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": failed})
    stack.answer("GET", RUN_PATH, run_view(RunStatus.PARTIAL, SPLIT, stage("transcribe", 15, 3, 12, ended=True)))
    code, out, _ = aita("watch", RUN)
    assert code == 3
    assert "on the roster, and no scans are surely theirs: Grace Hopper" in out
    assert "not on the roster: [red]Eve[/red]\\x1b[31m\\u202e" in out
    assert "of nobody yet: booklet-class-0001" in out
    assert "say whose they are       aita names list --assignment midterm" in out
    assert "Alan Turin to Alan Turing" in out
    assert "decide whose they are   aita students list --assignment midterm" in out
    assert "matches several names on the roster: A. Kay" in out
    assert "[red]Eve[/red]\\x1b[31m\\u202e, page 1  RefusalError  filtered\\x1b[2J" in out
    assert "page 10 " in out
    assert "page 11 " not in out
    assert f"and 2 more: aita tasks {RUN} --status FAILED" in out
    assert "\x1b" not in out


def test_the_summary_tells_whose_files_all_failed(stack: FakeStack, aita: Aita) -> None:
    failed = {"task_id": "t", "status": "FAILED", "error_type": "UnreadableScanError", "error_message": "no image"}
    refs = {"student_id": "s-4", "source": "f-1"}
    students(stack)
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [failed | {"stage": "split", "refs": refs}]})
    stack.answer("GET", RUN_PATH, run_view(RunStatus.PARTIAL, stage("split", 4, 3, 1, ended=True)))
    assert "no page could be read of: A. Kay" in aita("watch", RUN)[1]


def test_another_stages_failure_says_nothing_of_a_students_files(stack: FakeStack, aita: Aita) -> None:
    failed = {"task_id": "t", "status": "FAILED", "error_type": "UnreadableScanError", "error_message": "no image"}
    students(stack)
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [failed | {"stage": "other", "refs": {"source": "f-1"}}]})
    stack.answer("GET", RUN_PATH, run_view(RunStatus.PARTIAL, stage("split", 4, 3, 1, ended=True)))
    assert "no page could be read of" not in aita("watch", RUN)[1]


def test_students_that_cannot_be_fetched_take_nothing_from_the_run(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, SPLIT))
    stack.answer("GET", "/assignments/midterm/files", Raw(500))
    code, out, _ = aita("watch", RUN)
    assert code == 0
    assert "Not everything could be found out" in out


def test_a_simulated_run_that_made_nothing_claims_nothing(stack: FakeStack, aita: Aita) -> None:
    failed = run_view(RunStatus.FAILED, stage("kind.chat", 1, 0, 1, ended=True), model="simulated")
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": []})
    stack.answer("GET", RUN_PATH, failed)
    _, out, _ = aita("watch", RUN)
    assert "All of this is simulated" not in out
    assert "The simulated model knows the sample exam only" in out
    assert "  aita local up --anything\n" in out


def test_a_reader_of_its_own_is_named_and_is_not_simulated(stack: FakeStack, aita: Aita) -> None:
    models = {"model": "simulated", "reader_model": "read-1"}
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, stage("split", 1, 1, ended=True), **models))
    _, out, _ = aita("watch", RUN)
    assert re.search(r"^  reader +read-1$", out, re.MULTILINE)
    assert "grader" not in out
    assert "All of this is simulated" not in out


def test_simulated_answers_are_called_that(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, stage("split", 1, 1, ended=True), model="simulated"))
    _, out, _ = aita("watch", RUN)
    assert "All of this is simulated: no model was asked." in out
    assert "sample exam only" in out
    assert "export OPENAI_API_KEY" in out


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cost_usd": None, "unpriced_calls": 15}, "unknown"),
        ({"cost_usd": "0.5", "unpriced_calls": 2}, "at least $0.5000"),
        ({"cost_usd": "12.346", "unpriced_calls": 0}, "$12.35"),
    ],
)
def test_a_cost_that_is_not_known_is_never_nothing(
    stack: FakeStack, aita: Aita, changes: dict[str, Any], expected: str
) -> None:
    view = run_view(RunStatus.SUCCEEDED).model_dump(mode="json")
    stack.answer("GET", RUN_PATH, view | {"usage": view["usage"] | changes})
    assert expected in aita("status", RUN)[1]


def test_runs_are_listed_page_by_page(stack: FakeStack, aita: Aita) -> None:
    view = run_view(RunStatus.PARTIAL).model_dump(mode="json")
    line = {name: view[name] for name in ("run_id", "assignment", "pipeline", "status", "stage")}
    line |= {"succeeded": 4, "failed": 1, "total": 5} | {name: view[name] for name in ("created_at", "updated_at")}
    stack.answer("GET", "/runs", {"runs": [line] * 2, "next_token": "a/b="}, {"runs": [line], "next_token": "c"})
    code, out, _ = aita("runs", "-a", "midterm", "--limit", "3")
    first, second = stack.asked("GET", "/runs")
    assert code == 0
    assert out.count("PARTIAL") == 3
    assert out.count(RUN) == 3
    started = datetime.fromisoformat(line["created_at"])
    assert f"{started.astimezone():%Y-%m-%d %H:%M %Z}" in out
    assert "raise --limit" in out
    assert first.query == {"assignment": "midterm", "limit": "3"}
    assert second.query == {"assignment": "midterm", "limit": "1", "next_token": "a/b="}


@pytest.mark.parametrize("width", ["40", "60", "120"])
def test_a_list_of_runs_is_whole_at_any_width(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    view = run_view(RunStatus.WAITING_FOR_REVIEW, pipeline="extract-questions").model_dump(mode="json")
    line = {name: view[name] for name in ("run_id", "assignment", "pipeline", "status", "stage")}
    line |= {"succeeded": 76, "failed": 1, "total": 77} | {name: view[name] for name in ("created_at", "updated_at")}
    stack.answer("GET", "/runs", {"runs": [line]})
    _, out, _ = aita("runs", "-a", "midterm")
    words = out.split()
    for told in (RUN, "extract-questions", "WAITING_FOR_REVIEW", "77/77", "last", "stage", "failed", "started"):
        assert told in words
    assert max(len(each) for each in out.splitlines()) <= int(width)
    assert [each for each in out.splitlines() if each != each.rstrip()] == [], "a file has no padding"
    assert len(out.splitlines()) == (2 if width == "120" else 6)


def test_results_are_written_whole(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    files = [stack.file("rubrics.json", b'{"1a": 1}'), stack.file("students.json", b"x" * 200_000)]
    stack.answer("GET", f"{RUN_PATH}/results", {"files": files})
    folder = tmp_path / "new" / "out"
    code, out, _ = aita("results", RUN, "--out", str(folder))
    assert code == 0
    assert out.split() == [str(folder / "rubrics.json"), str(folder / "students.json")]
    assert (folder / "rubrics.json").read_bytes() == b'{"1a": 1}'
    assert len((folder / "students.json").read_bytes()) == 200_000
    assert len(list(folder.iterdir())) == 2


def test_a_result_that_breaks_off_leaves_the_old_file(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    (tmp_path / "rubrics.json").write_text("old")
    stack.answer("GET", f"{RUN_PATH}/results", {"files": [stack.file("rubrics.json", b"x" * 100_000)]})
    stack.cut = True
    before = set(tmp_path.iterdir())
    assert aita("results", RUN, "--out", str(tmp_path))[0] == 1
    assert (tmp_path / "rubrics.json").read_text() == "old"
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "..", "", "a\x00b"])
def test_a_result_stays_in_its_folder(stack: FakeStack, aita: Aita, tmp_path: Path, name: str) -> None:
    good = stack.file("rubrics.json", b"{}")
    stack.answer("GET", f"{RUN_PATH}/results", {"files": [good, stack.file(name, b"bad")]})
    folder = tmp_path / "out"
    assert aita("results", RUN, "--out", str(folder))[0] == 1
    assert not folder.exists()


def test_the_key_goes_from_standard_input_to_the_secret(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for given, expected in (("", 2), (" \n", 2), ("two words", 2), ("sk-1\n", 0), ("sk-2", 0)):
        file = tmp_path / "key"
        file.write_text(given)
        with file.open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            code, out, err = aita("key", "set")
        assert code == expected
        assert "sk-" not in out + err
        assert ("aita/api-key" in out) is (expected == 0)
    assert stack.secrets == {"aita/api-key": "sk-2"}


def test_a_roles_key_goes_to_its_own_secret_if_it_has_an_endpoint(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.parameters |= {"ReaderBaseUrl": "https://reader.test/v1", "ReaderKeySecretName": "aita/reader-key"}
    codes = {}
    for role in ("reader", "grader", "nobody"):
        monkeypatch.setattr("sys.stdin", io.StringIO("sk-r"))
        codes[role], _, err = aita("key", "set", "--for", role)
        assert "sk-" not in err
        assert ("GraderBaseUrl" in err) is (role == "grader")
    assert codes == {"reader": 0, "grader": 2, "nobody": 2}
    assert stack.secrets == {"aita/reader-key": "sk-r"}


def test_amazon_bedrock_takes_no_key(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack.parameters["ModelBaseUrl"] = "bedrock"
    (tmp_path / "key").write_text("sk-1\n")
    with (tmp_path / "key").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        code, _, err = aita("key", "set")
    assert code == 2
    assert "needs no key" in err
    assert stack.secrets == {}


def test_a_key_is_no_argument(stack: FakeStack, aita: Aita) -> None:
    assert aita("key", "set", "sk-1")[0] == 2
    assert stack.secrets == {}


def test_a_failed_grade_is_told_by_its_student_and_question(stack: FakeStack, aita: Aita) -> None:
    task = TaskView(
        task_id="grade-1",
        stage="grade",
        status=TaskStatus.FAILED,
        refs={"student_id": "s-1", "question_id": "2b", "grader": 1},
        error_type="RefusalError",
        error_message="the model refuses",
    )
    stack.answer("GET", RUN_PATH, run_view(RunStatus.PARTIAL, stages=(stage("grade", 2, 1, 1, ended=True),)))
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [task.model_dump(mode="json")]})
    assert "s-1, question 2b" in aita("status", RUN)[1]


@pytest.mark.parametrize("command", [("runs",), ("students", "list"), ("export", "jsonl", "--out", "x.jsonl")])
def test_an_assignment_of_which_there_is_nothing_is_no_empty_list(
    stack: FakeStack, aita: Aita, command: tuple[str, ...]
) -> None:
    stack.answer("GET", "/runs", {"runs": []})
    stack.answer("GET", "/assignments/smaple/files", {"files": []})
    stack.answer("GET", "/assignments/smaple/uploads", {"files": []})
    code, out, err = aita(*command, "-a", "smaple")
    assert (code, out) == (1, "")
    assert "nothing of an exam was uploaded to an assignment smaple: check its name" in err


@pytest.mark.parametrize("folder", ["files", "uploads"])
def test_an_assignment_with_files_may_have_no_runs_yet(stack: FakeStack, aita: Aita, folder: str) -> None:
    scan = {"name": "scans/Ann/1.jpg", "size": 1, "etag": "e"}
    found = {"files": [stack.file("questions.json", b"{}")], "uploads": [scan]}
    stack.answer("GET", "/runs", {"runs": []})
    for each, files in found.items():
        stack.answer("GET", f"/assignments/midterm/{each}", {"files": files if each == folder else []})
    assert aita("runs", "-a", "midterm") == (0, "There are no runs of midterm yet\n", "")


def task(task_id: str, stage_name: str, **refs: str | int) -> dict[str, Any]:
    return {"task_id": task_id, "stage": stage_name, "status": "SUCCEEDED", "refs": refs}


def test_tasks_are_listed_by_stage_student_and_page_with_names(stack: FakeStack, aita: Aita) -> None:
    students(stack)
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, stage("transcribe", 4, 4), stage("grade", 2, 2)))
    found = [
        task("t1", "grade", student_id="s-3", question_id="10"),
        task("t2", "grade", student_id="s-3", question_id="9b"),
        task("t3", "transcribe", student_id="s-4", page=10),
        task("t4", "transcribe", student_id="s-9", page=1),
        task("t5", "transcribe", student_id="s-4", page=9),
    ]
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": found})
    code, out, _ = aita("tasks", RUN)
    assert code == 0
    assert out.splitlines() == [
        "  transcribe  A. Kay, page 9  SUCCEEDED",
        "  transcribe  A. Kay, page 10  SUCCEEDED",
        "  transcribe  s-9, page 1  SUCCEEDED",
        r"  grade  [red]Eve[/red]\x1b[31m\u202e, question 9b  SUCCEEDED",
        r"  grade  [red]Eve[/red]\x1b[31m\u202e, question 10  SUCCEEDED",
    ]
    document = json.loads(aita("tasks", RUN, "--json")[1])
    assert [each["task_id"] for each in document["tasks"]] == ["t5", "t3", "t4", "t2", "t1"]


def test_tasks_are_listed_without_names_if_these_can_not_be_found_out(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, stage("grade", 1, 1)))
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [task("t1", "grade", student_id="s-3", question_id="1")]})
    stack.answer("GET", "/assignments/midterm/files", Raw(500))
    code, out, err = aita("tasks", RUN)
    assert (code, out) == (0, "  grade  s-3, question 1  SUCCEEDED\n")
    assert "students are told by their ids" in err


@pytest.mark.parametrize(("match", "waits"), [("none", True), ("ambiguous", True), ("nobody", False), ("exact", False)])
def test_folders_that_wait_for_a_person_have_the_command_that_decides(
    stack: FakeStack, aita: Aita, match: Match, *, waits: bool
) -> None:
    known = Students(students=(Student(student_id="s-1", folder="booklet-1", match=match),), missing=())
    file = stack.file("students.json", known.model_dump_json().encode())
    stack.answer("GET", "/assignments/midterm/files", {"files": [file]})
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, SPLIT))
    out = aita("watch", RUN)[1]
    assert ("decide whose they are   aita students list --assignment midterm" in out) is waits
