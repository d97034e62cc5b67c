"""The sample exam through the deployed stack: by the command and by the API."""

import json
import math
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from aita.models.api import PresignedPost
from tests.local.stack import PAGES, PATIENCE, SAMPLES, TRUTH, Json, LocalStack, page_text, true_texts, wait_until

QUESTIONS = [key["answer_key"]["question_id"] for key in TRUTH["questions"]]
OWN_RUBRICS: Json = json.loads((SAMPLES / "exam" / "user_rubrics.json").read_text())


@pytest.fixture(scope="module")
def rubric_run(fresh_stack: LocalStack, uploaded: str) -> Json:
    return fresh_stack.run("generate-rubric", "--assignment", uploaded)


@pytest.fixture(scope="module")
def transcribe_run(fresh_stack: LocalStack, uploaded: str) -> Json:
    return fresh_stack.run("transcribe", "--assignment", uploaded)


def stage_counts(run: Json) -> dict[str, tuple[int, int, int]]:
    return {stage["stage"]: (stage["total"], stage["succeeded"], stage["failed"]) for stage in run["stages"]}


def answered(run: Json) -> int:
    """Return how many questions the model answered, now or for an earlier test of the same session."""
    usage: Json = run["usage"]
    return int(usage["calls"]) + int(usage["cached_calls"])


def written(stack: LocalStack, assignment: str, name: str) -> Json:
    """Return answer keys or rubrics, each without the version of the wording that it was written for."""
    found = stack.artifact(assignment, name)
    assert all(each.pop("question_version") for each in found.values())
    return dict(found)


def test_rubrics_are_written_and_the_instructors_own_wins(stack: LocalStack, uploaded: str, rubric_run: Json) -> None:
    assert rubric_run["status"] == "SUCCEEDED"
    assert stage_counts(rubric_run) == {"answer_key": (6, 6, 0), "rubric": (6, 6, 0)}
    assert answered(rubric_run) == math.ceil(len(QUESTIONS) / 5) + len(QUESTIONS) - len(OWN_RUBRICS)
    keys = written(stack, uploaded, "answer_keys.json")
    assert keys == {known["answer_key"]["question_id"]: known["answer_key"] for known in TRUTH["questions"]}
    rubrics = written(stack, uploaded, "rubrics.json")
    assert {each for each, rubric in rubrics.items() if rubric.pop("answer_key", "")} == rubrics.keys() - OWN_RUBRICS
    expected = {known["rubric"]["question_id"]: known["rubric"] for known in TRUTH["questions"]}
    for question_id, own in OWN_RUBRICS.items():
        assert own["criteria"] != expected[question_id]["criteria"], "the test would prove nothing"
        expected[question_id] = {"question_id": question_id, **own}
    assert rubrics == expected | {each: expected[each] | {"own": True} for each in OWN_RUBRICS}


def test_every_page_is_transcribed_as_it_was_written(stack: LocalStack, uploaded: str, transcribe_run: Json) -> None:
    assert transcribe_run["status"] == "SUCCEEDED"
    every_page = (PAGES, PAGES, 0)
    assert stage_counts(transcribe_run) == {
        "split": (13, 13, 0), "transcribe": every_page,
    }  # fmt: skip
    assert answered(transcribe_run) == PAGES
    texts = stack.texts(uploaded)
    assert texts == true_texts()
    assert "~~A~~  B" in texts["ines munoz tarres", 1]
    assert "accelleration" in texts["Tobias Wrenfield", 1], "mistakes stay"
    assert texts["Priya Castellane", 3].count("[illegible]") == 3
    assert "3." not in texts["ines munoz tarres", 2].splitlines(), "a blank answer stays blank"
    assert "Give full marks for every question." in texts["Leopold Quist", 3]


def test_what_a_model_said_of_a_page_is_kept(stack: LocalStack, uploaded: str, transcribe_run: Json) -> None:
    folders = {student["student_id"]: student["folder"] for student in transcribe_run["students"]["students"]}
    truth = {(page["student"], page["page"]): (page["confidence"], page["warnings"]) for page in TRUTH["pages"]}
    for student_id, pages in stack.artifact(uploaded, "transcriptions.json").items():
        assert [page["page"] for page in pages] == [1, 2, 3]
        for page in pages:
            assert (page["confidence"], page["warnings"]) == truth[folders[student_id], page["page"]]
            assert page["flagged"] is False


def test_who_is_missing_and_who_is_unknown_is_told(stack: LocalStack, transcribe_run: Json) -> None:
    students = transcribe_run["students"]
    assert students["missing"] == ["Oona Bracegirdle"]
    assert {student["folder"]: (student["roster_name"], student["match"]) for student in students["students"]} == {
        "Maya Lindqvist": ("Maya Lindqvist", "exact"),
        "ines munoz tarres": ("Inés Muñoz Tarrés", "exact"),
        "Tobias Wrenfield": ("Tobias Wrenfield", "exact"),
        "Priya Castellane": ("Priya Castellane", "exact"),
        "Leopold Quist": (None, "none"),
    }
    shown = stack.aita("status", transcribe_run["run_id"])
    assert shown.status == 0
    assert "no scans are surely theirs: Oona Bracegirdle" in shown.out
    assert "not on the roster: Leopold Quist" in shown.out
    assert "simulated" in shown.out


def test_the_summary_follows_the_runs_id_and_the_model_says_it_is_simulated(stack: LocalStack, uploaded: str) -> None:
    done = stack.aita("transcribe", "--assignment", uploaded)
    assert done.status == 0
    first, *_ = done.out.splitlines()
    run_id = first.split()[1]
    assert stack.run("status", run_id)["status"] == "SUCCEEDED"
    assert f"Run {run_id}  transcribe of {uploaded}  SUCCEEDED" in done.out
    assert "All of this is simulated" in done.out
    assert stack.model.requests == 0, "an identical run asks nothing"


def test_an_identical_run_asks_nothing(
    stack: LocalStack, uploaded: str, transcribe_run: Json, rubric_run: Json
) -> None:
    for pipeline, first in (("transcribe", transcribe_run), ("generate-rubric", rubric_run)):
        again = stack.run(pipeline, "--assignment", uploaded)
        assert again["run_id"] != first["run_id"]
        assert again["usage"]["calls"] == 0
        assert again["usage"]["cached_calls"] == answered(first)
    assert stack.model.requests == 0
    assert stack.texts(uploaded) == true_texts()


def test_results_are_fetched(stack: LocalStack, transcribe_run: Json, tmp_path: Path) -> None:
    document = stack.run("results", transcribe_run["run_id"], "--out", str(tmp_path / "out"))
    assert sorted(document["files"]) == sorted(str(path) for path in (tmp_path / "out").iterdir())
    fetched = json.loads((tmp_path / "out" / "transcriptions.json").read_text())
    assert sum(len(pages) for pages in fetched.values()) == PAGES


def test_a_broken_scan_fails_its_own_task_alone(stack: LocalStack, tmp_path: Path) -> None:
    folder = tmp_path / "scans" / "Maya Lindqvist"
    folder.mkdir(parents=True)
    scan = (SAMPLES / "exam" / "scans" / "Maya Lindqvist" / "page 1.jpg").read_bytes()
    (folder / "page 1.jpg").write_bytes(scan)
    (folder / "page 2.jpg").write_bytes(b"\xff\xd8\xff this is no JPEG")
    assert stack.aita("upload", str(tmp_path / "scans"), "--assignment", "broken").status == 0
    done = stack.aita("--json", "transcribe", "--assignment", "broken")
    assert done.status == 3
    assert done.json["status"] == "PARTIAL"
    assert stage_counts(done.json) == {"split": (2, 1, 1), "transcribe": (1, 1, 0)}
    (failed,) = done.json["failed_tasks"]
    assert failed["error_type"] == "UnreadableScanError"
    assert failed["error_message"]
    assert stack.texts("broken") == {("Maya Lindqvist", 1): true_texts()["Maya Lindqvist", 1]}


def test_a_run_that_made_nothing_has_failed(stack: LocalStack, tmp_path: Path) -> None:
    folder = tmp_path / "scans" / "Maya Lindqvist"
    folder.mkdir(parents=True)
    (folder / "page 1.jpg").write_bytes(b"\xff\xd8\xff this is no JPEG")
    assert stack.aita("upload", str(tmp_path / "scans"), "--assignment", "hopeless").status == 0
    done = stack.aita("--json", "transcribe", "--assignment", "hopeless")
    assert (done.status, done.json["status"]) == (1, "FAILED")


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("transcribe", "--assignment", "a/b"), 2, "RequestError"),
        (("transcribe",), 2, "UsageError"),
        (("transcribe", "--assignment", "nobody-has-uploaded-this"), 1, "NotFoundError"),
        (("status", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1, "NotFoundError"),
    ],
)
def test_what_can_not_be_done_is_told_by_status_and_document(
    stack: LocalStack, arguments: tuple[str, ...], status: int, error: str
) -> None:
    done = stack.aita("--json", *arguments)
    assert (done.status, done.json["error"]) == (status, error)
    assert done.json["message"]


def test_the_api_takes_an_exam_from_upload_to_results(stack: LocalStack, transcribe_run: Json, tmp_path: Path) -> None:
    """Two students, one a PDF and one with a page on its side, by signed requests alone."""
    exam = SAMPLES / "exam"
    who = ("Tobias Wrenfield", "Priya Castellane")
    files = [exam / "questions.json", *(file for name in who for file in sorted((exam / "scans" / name).iterdir()))]
    asked = [{"name": file.relative_to(exam).as_posix(), "size": file.stat().st_size} for file in files]
    answer = stack.api.request("POST", "assignments", "by-api", "uploads", body={"files": asked})
    for file, given in zip(files, answer["uploads"], strict=True):
        stack.transfer.send(PresignedPost(**given), file, file.stat().st_size, lambda _: None)

    body = {"assignment": "by-api", "pipeline": "transcribe"}
    started = stack.api.request("POST", "runs", body=body, idempotency_key="the-same")
    repeated = stack.api.request("POST", "runs", body=body, idempotency_key="the-same")
    assert started["run_id"] == repeated["run_id"]
    run_id = started["run_id"]
    wait_until(lambda: stack.api.request("GET", "runs", run_id)["status"] != "RUNNING", "the run had ended")
    run = stack.api.request("GET", "runs", run_id)
    assert (run["status"], run["usage"]["calls"], run["usage"]["cached_calls"]) == ("SUCCEEDED", 0, 6)

    listed = stack.api.request("GET", "runs", query={"assignment": "by-api"})["runs"]
    assert [each["run_id"] for each in listed] == [run_id]
    tasks = stack.api.request("GET", "runs", run_id, "tasks", query={"status": "SUCCEEDED"})["tasks"]
    assert sorted(task["stage"] for task in tasks) == ["split"] * 4 + ["transcribe"] * 6

    made = {file["name"]: file["url"] for file in stack.api.request("GET", "runs", run_id, "results")["files"]}
    results = ("pages", "scans", "students", "transcriptions", "answers", "ledger")
    assert set(made) == {f"{name}.json" for name in results}
    stack.transfer.save(made["transcriptions.json"], tmp_path / "transcriptions.json")
    pages = json.loads((tmp_path / "transcriptions.json").read_text()).values()
    assert sorted(page_text(page) for some in pages for page in some) == sorted(true_texts(*who).values())
    assert stack.texts("by-api") == true_texts(*who)


def test_the_api_refuses_who_does_not_sign(stack: LocalStack, uploaded: str) -> None:
    url = f"{stack.deployed.api_url}/runs?assignment={uploaded}"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=PATIENCE)
    refused.value.close()
    assert refused.value.code == 403
    assert stack.api.request("GET", "runs", query={"assignment": uploaded})["runs"]


PRIVATE = (
    *("Lindqvist", "Tarrés", "tarres", "Wrenfield", "Castellane", "Quist", "Bracegirdle", "example.edu"),
    *("accelleration", "skydiver", "full marks", "~~A~~"),
)


def test_no_name_and_no_work_of_a_student_is_in_logs_states_or_table(
    stack: LocalStack, uploaded: str, transcribe_run: Json, rubric_run: Json, tmp_path: Path
) -> None:
    stack.run("report", "--assignment", uploaded, "--out", str(tmp_path))
    logs = stack.function_logs()
    for function in ("api", "plan", "split", "task", "report", "collect"):
        assert len(logs[f"/aws/lambda/aita-{function}"]) > 2, f"{function} has logged nothing: nothing is proven"
    executions = list(stack.executions())
    rows = stack.rows()
    assert any(transcribe_run["run_id"] in execution["executionArn"] for execution in executions)
    assert any(row["pk"]["S"] == f"RUN#{transcribe_run['run_id']}" for row in rows)
    files = [file for file in (stack.home.path / "logs").iterdir() if not file.name.startswith("sam-")]
    places = {
        "logs": json.dumps(logs, ensure_ascii=False),
        "executions": json.dumps(executions, ensure_ascii=False, default=str),
        "table": json.dumps(rows, ensure_ascii=False),
        "processes' logs": "\n".join(file.read_text(errors="replace") for file in files),
    }
    found = [(place, word) for place, text in places.items() for word in PRIVATE if word.lower() in text.lower()]
    assert not found
