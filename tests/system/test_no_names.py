"""The whole sample exam, logged at DEBUG: where a student's name, number or email is, and where what they wrote is.

Names are in the scans, in what maps ids to them, and in what is written for people; what was written is there too,
in prompts, results and the cache, and in no log.
"""

import base64
import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from aita import observability
from aita_local.simulated_model.app import create_app
from aita_local.simulated_model.fault_injection import Faults, FaultSettings
from aita_local.simulated_model.sample.exam import TRUTH, SampleExam
from tests.integration.provider import Answer
from tests.integration.stack import Stack, deployed
from tests.support.sample_exam import EXAM, HEADER
from tests.support.simulated import drop

ASSIGNMENT = "sample"
KEY = "sk-test"
PIPELINES = {"extract-questions": "SUCCEEDED", "rubric": "SUCCEEDED", "transcribe": "PARTIAL", "grade": "SUCCEEDED"}
"""What is run, and how it ends: one of the scans can't be read."""

PERSONAL = re.compile(
    rf"{ASSIGNMENT}/(scans/|roster\.csv|students\.json|reports/)|runs/[^/]+/split(_exam)?/sources\.json"
)
"""The keys of objects that may hold a name: scans, the roster, what maps ids to names, and what is for people."""


@dataclass
class Ran:
    """What is left of the sample exam's run."""

    stack: Stack
    logs: list[str] = field(default_factory=list)
    printed: io.StringIO = field(default_factory=io.StringIO)

    def objects(self) -> Iterator[tuple[str, bytes]]:
        for key in self.stack.keys(""):
            yield key, self.stack.s3.get_object(Bucket="aita-test", Key=key)["Body"].read()

    def items(self) -> list[dict[str, Any]]:
        return [item for page in self.stack.dynamodb.get_paginator("scan").paginate(TableName="aita-test")
                for item in page["Items"]]  # fmt: skip

    def told(self) -> str:
        """Return all that was logged or printed, metrics included."""
        return "\n".join(self.logs) + self.printed.getvalue()


class _Keep(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {record.getMessage()} {record.__dict__}")


@contextlib.contextmanager
def logged_at_debug(ran: Ran) -> Iterator[None]:
    """Log as functions do of whose loggers somebody set all to DEBUG; what the package then does is called again."""
    root, handler, level = logging.getLogger(), _Keep(ran.logs), logging.getLogger().level
    ours, before = logging.getLogger("aita"), logging.getLogger("aita").level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    observability.configure_logging()
    ours.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(ran.printed):
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        ours.setLevel(before)


@pytest.fixture(scope="module")
def ran() -> Iterator[Ran]:
    simulated = create_app(SampleExam.load(), Faults(FaultSettings.model_validate({"latency": 0})), drop)
    with (
        TestClient(simulated) as server,
        pytest.MonkeyPatch.context() as patched,
        patched_environment(patched),
        deployed() as stack,
    ):

        def answer(request: dict[str, Any]) -> Answer:
            answered = server.post("/v1/chat/completions", json=request)
            assert answered.status_code == 200, answered.text
            return Answer(answered.json()["choices"][0]["message"]["content"])

        stack.provider.answer = answer
        ran = Ran(stack)
        with logged_at_debug(ran):
            names = [path.relative_to(EXAM).as_posix() for path in EXAM.rglob("*") if path.is_file()]
            asked = {"files": [{"name": name, "size": 5} for name in names]}
            code, answered = stack.call("POST", f"/assignments/{ASSIGNMENT}/uploads", asked)
            assert code == 200, answered
            for name in names:
                if name != "questions.json":
                    stack.put(f"{ASSIGNMENT}/{name}", (EXAM / name).read_bytes())
            stack.put(f"{ASSIGNMENT}/scans/Leopold Quist/broken.jpg", b"\xff\xd8 no image")
            for pipeline, status in PIPELINES.items():
                run = stack.wait(stack.start(ASSIGNMENT, pipeline, batch_size=5))
                assert run["status"] == status, run
                read_all(stack, run["run_id"])
            decide(stack)
        yield ran


@contextlib.contextmanager
def patched_environment(patched: pytest.MonkeyPatch) -> Iterator[None]:
    patched.setenv("AITA_MASK_HEADER", str(HEADER))
    yield


def read_all(stack: Stack, run_id: str) -> None:
    """Ask the API for what it tells of a run."""
    for path in ("", "/tasks", "/tasks?status=FAILED", "/results"):
        assert stack.call("GET", f"/runs/{run_id}{path}")[0] == 200
    assert stack.call("GET", f"/runs?assignment={ASSIGNMENT}")[0] == 200


def decide(stack: Stack) -> None:
    """Decide on an answer."""
    for path in ("files", "reviews", "decisions"):
        assert stack.call("GET", f"/assignments/{ASSIGNMENT}/{path}")[0] == 200
    cell = stack.call("GET", f"/assignments/{ASSIGNMENT}/reviews")[1]["cells"][0]
    decision = {"action": "set", "points": 1, "why": "as it says", "by": "Prof. Ada", "basis": cell["basis"]}
    code, answered = stack.call("POST", f"/assignments/{ASSIGNMENT}/reviews/{cell['cell_id']}", decision)
    assert code == 201, answered
    for student in stack.call("GET", f"/assignments/{ASSIGNMENT}/students")[1]["students"]:
        path, line = f"/assignments/{ASSIGNMENT}/students/{student['student_id']}", student["line"]
        code, answered = stack.call("POST", path, {"action": "match" if line else "nobody", "line": line, "by": "Ada"})
        assert code == 201, answered
        assert not names_in(json.dumps(answered))


def folded(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))


def personal() -> set[str]:
    """Return what says who a student is: each part of a name, number and email of the roster and the folders."""
    lines = (EXAM / "roster.csv").read_text("utf-8").splitlines()[1:]
    folders = [folder.name for folder in (EXAM / "scans").iterdir()]
    words = {word for line in (*lines, *folders) for word in re.split(r"[ ,@]+", folded(line))} - {"example.edu"}
    assert "lindqvist" in words
    assert "s1001" in words
    assert "maya.lindqvist" in words
    return words


def names_in(text: str) -> set[str]:
    plain = folded(text)
    return {word for word in personal() if re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", plain)}


def written() -> set[str]:
    """Return what students wrote, and what the exam asks, by its lines and by its long words."""
    truth = json.loads(TRUTH.read_text("utf-8"))
    texts = [line["text"] for page in truth["pages"] for line in page["lines"]] + [
        each["question_text"] for each in truth["questions"]
    ]
    texts += [each["feedback"] for each in truth["grades"]]
    lines = {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) >= 12}
    words = {word for text in texts for word in re.findall(r"[a-z]{9,}", text.casefold())}
    assert "skydiver" in " ".join(lines)
    assert "acceleration" in words
    return lines | words


def test_the_run_was_logged(ran: Ran) -> None:
    told = ran.told()
    for said in (
        "planned stage grade",
        "task failed: UnreadableScanError",
        "TasksSucceeded",
        "InputTokens",
        "RunsPartial",
    ):
        assert said in told


def test_no_name_is_in_a_prompt(ran: Ran) -> None:
    assert len(ran.stack.provider.requests) > 20
    for request in ran.stack.provider.requests:
        assert not names_in(json.dumps(request, ensure_ascii=False))


def test_no_name_is_on_an_image_that_a_model_sees(ran: Ran) -> None:
    blank = {page["key"] for page in ran.stack.get(f"{ASSIGNMENT}/exam_pages.json")["pages"]}
    stored = {base64.b64encode(data).decode(): key for key, data in ran.objects() if key.endswith(".jpg")}
    sent = {url.partition(",")[2] for request in ran.stack.provider.requests for url in images(request)}
    assert sent <= stored.keys()
    students = [data for data in sent if stored[data] not in blank]
    assert len([data for data in students if "/pages/" in stored[data]]) == 15
    cut = ran.stack.get(f"{ASSIGNMENT}/strips.json")
    strips = {strip["key"]: strip for of_student in cut.values() for strip in of_student}
    assert len(students) > 15, "graders see strips"
    for data in students:
        page = Image.open(io.BytesIO(base64.b64decode(data))).convert("L")
        strip = strips.get(stored[data], {"top": 0, "bottom": 1})
        whole = page.height / (strip["bottom"] - strip["top"])
        rows = int(whole * (HEADER - strip["top"])) - 16
        assert rows <= 0 or page.crop((0, 0, page.width, rows)).getextrema() == (255, 255)


def images(request: dict[str, Any]) -> Iterator[str]:
    for message in request["messages"]:
        if isinstance(message["content"], list):
            yield from (part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url")


def test_no_name_is_in_a_log_or_a_metric(ran: Ran) -> None:
    assert not names_in(ran.told())


def test_nothing_written_no_prompt_no_page_and_no_key_is_in_a_log_or_a_metric(ran: Ran) -> None:
    told = ran.told()
    assert KEY not in told
    plain = told.casefold()
    assert not {text for text in written() if text.casefold() in plain}
    prompts = {line for request in ran.stack.provider.requests for line in system_lines(request)}
    assert len(prompts) > 20
    assert not {line for line in prompts if line in told}
    for _, data in ran.objects():
        if data.startswith(b"\xff\xd8") and len(data) > 1000:
            inside = data[len(data) // 2 :][:60]
            assert base64.b64encode(inside).decode()[4:-4] not in told
            assert repr(inside)[2:40] not in told


def system_lines(request: dict[str, Any]) -> set[str]:
    return {line for line in str(request["messages"][0]["content"]).splitlines() if len(line) > 30}


def test_no_name_is_in_an_executions_states(ran: Ran) -> None:
    machine = ran.stack.state_machine_arn
    states, events = json.dumps(ran.stack.invocations, ensure_ascii=False), 0
    for execution in ran.stack.stepfunctions.list_executions(stateMachineArn=machine)["executions"]:
        arn = execution["executionArn"]
        described = ran.stack.stepfunctions.describe_execution(executionArn=arn)
        history = ran.stack.stepfunctions.get_execution_history(executionArn=arn)["events"]
        states += json.dumps([described, history], default=str, ensure_ascii=False)
        events += len(history)
    assert events > 100
    assert not names_in(states)
    assert not {text for text in written() if text in states}


def test_no_name_is_in_a_table_item(ran: Ran) -> None:
    items = ran.items()
    assert {item["pk"]["S"].partition("#")[0] for item in items} >= {"RUN", "ASSIGNMENT"}
    for kind in ("DECISION#", "MATCH#"):
        assert any(item["sk"]["S"].startswith(kind) for item in items)
    assert not names_in(json.dumps(items, ensure_ascii=False))


def test_no_name_is_in_a_key_or_an_object_but_where_it_belongs(ran: Ran) -> None:
    found = dict(ran.objects())
    assert {keys for keys in found if PERSONAL.match(keys) and names_in(keys)} == {
        key for key in found if key.startswith(f"{ASSIGNMENT}/scans/")
    }
    for key, data in found.items():
        if not PERSONAL.match(key):
            assert not names_in(key)
            assert not names_in(data.decode("utf-8", "ignore") if not key.endswith(".jpg") else "")


def test_names_are_where_they_belong(ran: Ran) -> None:
    """What makes the other tests of this module able to fail."""
    found = dict(ran.objects())
    for part in ("students.json", "split/sources.json", "reports/class.html", "roster.csv"):
        assert any(names_in(data.decode()) for key, data in found.items() if part in key), part
    assert any("skydiver" in json.dumps(request) for request in ran.stack.provider.requests)


CHECK = """
import logging
logging.basicConfig(level=logging.DEBUG, format="%(message)s")
import aita.observability, aita.services.execution.page_splitter
aita.observability.configure_logging()
import openai
for name in ("botocore.endpoint", "openai._base_client", "httpcore.http11", "PIL.TiffImagePlugin", "anything"):
    logging.getLogger(name).debug("LEAK")
    logging.getLogger(name).info("LEAK")
aita.observability.logger.append_keys(run_id="r-1")
aita.services.execution.page_splitter.logger.debug("ours")
"""


@pytest.mark.parametrize("service", ["aita", "aita-prod"])
def test_functions_log_of_libraries_nothing_below_a_warning(service: str) -> None:
    """Whatever level Lambda's logging settings give to the root logger before the function's code is loaded."""
    environment = os.environ | {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "OPENAI_LOG": "debug",
    }
    done = subprocess.run([sys.executable, "-c", CHECK], env=environment, capture_output=True, text=True, check=True)
    (line,) = (done.stdout + done.stderr).splitlines()
    assert json.loads(line).items() >= {"message": "ours", "run_id": "r-1", "service": service}.items()


TRACED = """
import botocore.client
from aita.observability import sanitize_errors
before = botocore.client.BaseClient._make_api_call
sanitize_errors(lambda event, context: None)
assert "aws_lambda_powertools.tracing" in __import__("sys").modules, "it is traced"
assert botocore.client.BaseClient._make_api_call is before
"""


def test_a_trace_has_no_keys_of_scans() -> None:
    """X-Ray's patch of botocore writes the bucket and key of each request into the trace."""
    environment = os.environ | {"POWERTOOLS_TRACE_DISABLED": "false", "LAMBDA_TASK_ROOT": "/var/task"}
    subprocess.run([sys.executable, "-c", TRACED], env=environment, check=True)
