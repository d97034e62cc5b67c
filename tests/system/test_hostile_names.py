"""A whole small exam whose every name is hostile, beside a tame one: names stay data wherever they go."""

import csv
import io
import json
import logging
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from aita.cli.main import main
from aita.client.stack_outputs import Stack as Deployed
from aita.services.exports.csv_safety import GAP, SIGNS
from tests.integration.in_process import InProcess
from tests.integration.material import kind, page, right
from tests.integration.provider import Answer
from tests.integration.stack import Stack, deployed
from tests.support.command_fixtures import COMMAND
from tests.support.html_page import HtmlPage

MARK = "touch_x"
"""A part of each hostile name, by which it is found."""

FOLDERS = (
    f"=cmd|' C calc'!A0;$({MARK})`{MARK}`\u202e<script>{MARK}<script>\x1b[31m\r\n\t\"&amp;%2e%2e%2f",
    f"%2e.\\..\\{MARK} @SUM(A1)\u2028\u0301\u0301 {{{{7*7}}}} [red]{MARK} %s %n \u2066{'x' * 120}",
    f"\u0301+1-1;-2;{MARK}\x9b31m\x07\x00 <img src=x onerror={MARK}> --out -rf",
)
QUESTION_IDS = (f'=1+1|"{MARK}"<b>\';../', f"@SUM(A1);`{MARK}`$(x)%0a&lt;")
TEXT = f"<script>{MARK}</script> =cmd|' /C {MARK}'!A0 \u202e\x1b[2J\x00 ../../ $({MARK}) `{MARK}` \"'"


@dataclass(frozen=True)
class Named:
    """What outsiders and instructors name in an exam."""

    assignment: str
    folders: tuple[str, ...]
    question_ids: tuple[str, ...]
    text: str
    scan: str
    broken: str
    fields: tuple[str, str, str]


TAME = Named(
    "tame",
    ("Ann Lee", "Bob Xylander", "Cyd Young"),
    ("1a, what it is", "1b, what it is"),  # as long as a chart shows: shorter labels leave other room for titles
    "What is it?",
    "1.jpg",
    "broken.jpg",
    ("S", "login", "A"),
)
HOSTILE = Named(
    "hostile-_" + "X" * 55,
    FOLDERS,
    QUESTION_IDS,
    TEXT,
    f"=1+1 $({MARK})\x1b[31m\n%00.jpg",
    f'<script>{MARK}<script>\r\n{{"level": "ERROR"}} `{MARK}`.jpg',
    (f"=1+{MARK}", f"@{MARK}\t=1", f"x;={MARK}\r\n=2"),
)


@dataclass
class Ran:
    """The stack after both exams, and what its functions wrote to their logs."""

    stack: Stack
    printed: io.StringIO = field(default_factory=io.StringIO)

    def reports(self, named: Named) -> dict[str, bytes]:
        """Return each report's HTML by its name, with students by their place instead of their ids."""
        students = self.stack.get(f"{named.assignment}/students.json")["students"]
        place = {each["student_id"]: str(named.folders.index(each["folder"])) for each in students}
        found = {}
        for each in self.stack.get(f"{named.assignment}/reports.json"):
            name = re.sub(r"s-[0-9a-f]{16}", lambda match: place[match[0]], each["name"])
            found[name] = self.stack.s3.get_object(Bucket="aita-test", Key=each["key"])["Body"].read()
        return found


def answer(request: dict[str, Any]) -> Answer:
    if kind(request) != "Rubric":
        return right(request)
    text = request["messages"][1]["content"]
    question_id, points = (text.rpartition(f"{label}: ")[2].partition("\n")[0] for label in ("Question id", "Points"))
    criteria = [{"points": float(points), "description": TEXT if MARK in text else "right"}]
    return Answer(json.dumps({"question_id": question_id, "total_points": float(points), "criteria": criteria}))


@contextmanager
def logged(into: io.StringIO) -> Iterator[None]:
    """Let the functions' own handler write at DEBUG, and their metrics, to where a test reads them."""
    ours = logging.getLogger("aita")
    handler, level = ours.handlers[0], ours.level
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(into)
    ours.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(into):
            yield
    finally:
        handler.setStream(before or handler.stream)
        ours.setLevel(level)


def put(stack: Stack, named: Named) -> None:
    questions = [
        {"question_id": each, "question_text": named.text, "points": 5, "question_type": "short_answer"}
        for each in named.question_ids
    ]
    exam = {"exam_name": named.text, "total_pages": 1, "questions": questions}
    stack.put(f"{named.assignment}/questions.json", exam)
    roster = io.StringIO(newline="")
    rows = csv.writer(roster)
    rows.writerow(["Student Name", "Student ID", "Login", "Section", "Email"])
    number, login, section = named.fields
    for at, folder in enumerate(named.folders[:2]):
        rows.writerow([folder, f"{number}{at}", f"{login}{at}", section, f"{login}{at}@x.test"])
    stack.put(f"{named.assignment}/roster.csv", roster.getvalue())
    for at, folder in enumerate(named.folders):
        stack.put(f"{named.assignment}/scans/{folder}/{named.scan}", page(f"{at} {named.assignment}"))
    stack.put(f"{named.assignment}/scans/{named.folders[2]}/{named.broken}", b"\xff\xd8 no image")


def ask(stack: Stack, named: Named) -> None:
    """Send the API what it refuses or answers, with names in every place."""
    for folder in named.folders:
        stack.call("POST", f"/assignments/{named.assignment}/uploads", {"files": [{"name": folder, "size": 5}]})
        stack.call("POST", "/runs", {"assignment": folder, "pipeline": folder, "options": {"model": folder}})
        stack.call("POST", "/runs", {"assignment": named.assignment, "pipeline": f"kind:{folder}", "options": {}})
        stack.call("POST", f"/assignments/{named.assignment}/reviews/x", {"action": folder, folder: folder})
        stack.call("GET", f"/runs/{folder.replace('?', '').replace('/', '')}")


@pytest.fixture(scope="module")
def ran() -> Iterator[Ran]:
    with deployed() as stack:
        stack.provider.answer = answer
        ran = Ran(stack)
        with logged(ran.printed):
            for named in (TAME, HOSTILE):
                put(stack, named)
                for pipeline in ("rubric", "transcribe", "grade", "report"):
                    run = stack.wait(stack.start(named.assignment, pipeline, batch_size=5))
                    ended = "PARTIAL" if pipeline == "transcribe" else "SUCCEEDED"
                    assert run["status"] == ended, (named.assignment, run)
                ask(stack, named)
                decide(stack, named)
                stack.wait(stack.start(named.assignment, "report"))
        yield ran


def decide(stack: Stack, named: Named) -> None:
    """Decide on every answer, so that everybody's grade is final."""
    for cell in stack.call("GET", f"/assignments/{named.assignment}/reviews?closed=true")[1]["cells"]:
        decision = {"action": "set", "points": 1, "why": named.text, "by": named.folders[1], "basis": cell["basis"]}
        path = f"/assignments/{named.assignment}/reviews/{cell['cell_id']}"
        assert stack.call("POST", path, decision)[0] == 201


# What the functions log


def test_every_line_of_the_log_is_one_object_and_names_nobody(ran: Ran) -> None:
    lines = ran.printed.getvalue().splitlines()
    assert len(lines) > 40
    for line in lines:
        assert isinstance(json.loads(line), dict)
    told = ran.printed.getvalue()
    assert "task failed: UnreadableScanError" in told
    assert "request refused" in told
    assert MARK not in told
    assert not any(unicodedata.category(each) in {"Cc", "Cf"} for each in told if each != "\n")


# What is written for people


def test_every_report_has_a_tame_ones_structure(ran: Ran) -> None:
    tame, hostile = ran.reports(TAME), ran.reports(HOSTILE)
    assert tame.keys() == hostile.keys()
    assert len(tame) == 7
    for name, html in hostile.items():
        assert shape(html) == shape(tame[name]), name
    assert any(MARK in HtmlPage.of(html).text for html in hostile.values())


def shape(html: bytes) -> list[tuple[str, list[str]]]:
    return [(each.tag, sorted(each.attributes)) for each in HtmlPage.of(html).elements]


# What the command does with them


@dataclass
class Command:
    """The command, in a folder of its own; ``told`` keeps all that it wrote to the terminal."""

    here: Path
    capsys: pytest.CaptureFixture[str]
    told: str = ""

    def __call__(self, *arguments: str) -> int:
        self.capsys.readouterr()
        status = main(arguments, lambda _: None)
        captured = self.capsys.readouterr()
        self.told += captured.out + captured.err
        return status

    def files(self) -> list[Path]:
        return sorted(path.relative_to(self.here) for path in self.here.rglob("*") if path.is_file())


@pytest.fixture
def aita(ran: Ran, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    machine = ran.stack.state_machine_arn
    described = Deployed("aita", "us-east-1", "", "aita-test", "aita-test", machine, 4, "m", "k")
    monkeypatch.setattr("aita.cli.session.find_stack", lambda place: described)
    monkeypatch.setattr("aita.cli.session.SigV4Transport", lambda *_: InProcess(ran.stack))
    monkeypatch.setattr("aita.cli.session.FileTransfer", lambda *_: InProcess(ran.stack))
    monkeypatch.setattr("aita.cli.main.make_command", lambda: COMMAND)
    (tmp_path / "here" / "in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "in")
    return Command(tmp_path, capsys)


def steering(text: str) -> set[str]:
    """Return what of a text could steer a terminal or turn its order around."""
    bidirectional = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        each
        for each in text
        if (unicodedata.category(each) == "Cc" and each != "\n") or unicodedata.bidirectional(each) in bidirectional
    }


def test_the_command_shows_them_without_a_control_character(ran: Ran, aita: Command, tmp_path: Path) -> None:
    of = ("--assignment", HOSTILE.assignment)
    runs = ran.stack.call("GET", f"/runs?assignment={HOSTILE.assignment}")[1]["runs"]
    assert aita("runs", *of) == 0
    for run in runs:
        aita("status", run["run_id"])
        aita("tasks", run["run_id"])
    assert aita("review", "list", "--all", *of) == 0
    for cell in ran.stack.call("GET", f"/assignments/{HOSTILE.assignment}/reviews?closed=true")[1]["cells"]:
        assert aita("review", "show", cell["cell_id"], *of) == 0
        aita("review", "set", cell["cell_id"], "99", "--why", TEXT, "--by", FOLDERS[1], *of)
    assert aita("report", "--no-run", *of, "--out", str(tmp_path / f"\x1b[31m{MARK}")) == 0
    for form in ("canvas", "moodle", "gradescope", "jsonl"):
        aita("export", form, *of, "--out", str(tmp_path / f"\x1b[31m.{form}"))
    aita("estimate", "grade", *of)
    aita("rubric", "diff", *of)
    for folder in FOLDERS:
        assert aita("purge", "--student", folder, "--yes", "--assignment", "another") != 0
        aita("report", "--no-run", "--assignment", folder)
        aita("status", folder)
        aita("export", folder, *of, "--out", folder)
        aita("upload", folder, *of)
        aita("run", folder, folder)
    assert MARK in aita.told
    assert not steering(aita.told)


def test_what_cant_be_uploaded_is_named_without_a_control_character(aita: Command) -> None:
    folder = Path("scans", "\x1b[31m\r\n\u202e<b>")
    folder.mkdir(parents=True)
    for name in ("\n1.jpg", "=1.exe", "`x`;$(x)\u2028.jpg"):
        (folder / name).write_bytes(b"x")
    assert aita("upload", "scans", "--assignment", "a") != 0
    assert "nothing was uploaded" in aita.told
    assert not steering(aita.told)


def test_nothing_is_written_but_in_the_folder_that_was_named(ran: Ran, aita: Command, tmp_path: Path) -> None:
    of = ("--assignment", HOSTILE.assignment)
    assert aita("report", "--no-run", *of, "--out", "there") == 0
    reports = aita.files()
    assert len(reports) == len({str(path).casefold() for path in reports}) == 7
    assert all(path.is_relative_to("here/in/there") for path in reports)
    assert all(str(path).isprintable() for path in reports)
    assert aita("audit", *of, "--out", "audit") == 0
    assert len(aita.files()) == 9
    for form in ("canvas", "moodle", "gradescope", "jsonl"):
        aita("export", form, *of, "--out", f"{form}.csv")
    assert len(aita.files()) == 13
    runs = ran.stack.call("GET", f"/runs?assignment={HOSTILE.assignment}")[1]["runs"]
    assert aita("results", runs[0]["run_id"], "--out", "results") == 0
    made = [path for path in aita.files() if not path.is_relative_to("here/in")]
    assert not made


def test_the_class_report_links_to_every_file_that_was_fetched(aita: Command) -> None:
    assert aita("report", "--no-run", "--assignment", HOSTILE.assignment, "--out", "there") == 0
    html = HtmlPage.of(Path("there", "class.html").read_bytes())
    linked = {unquote(each.attributes["href"]) for each in html.all("a") if not each.attributes["href"].startswith("#")}
    assert {str(path) for path in Path("there").rglob("*.html")} == {f"there/{each}" for each in linked} | {
        "there/class.html"
    }


@pytest.mark.parametrize("form", ["canvas", "moodle", "gradescope"])
def test_an_export_has_a_tame_ones_rows_and_no_formula(aita: Command, form: str) -> None:
    """Moodle finds students by a cell that must stay as it is: whose would be a formula is left out, and told of."""
    found = {}
    for named in (TAME, HOSTILE):
        out = Path(f"{named.assignment}.csv")
        aita("export", form, "--assignment", named.assignment, "--out", str(out))
        found[named.assignment] = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"), newline=""), strict=True))
    tame, hostile = found.values()
    refused = aita.told.count("begins as a formula does")
    assert refused == (2 if form == "moodle" else 0)
    assert len(hostile) + refused == len(tame) > 2
    assert {len(row) for row in hostile} == {len(row) for row in tame} == {len(tame[0])}
    for cell in (cell for row in hostile for cell in row):
        assert re.fullmatch(r"-?[0-9.]+", cell) or not re.match(rf"{GAP}*{SIGNS}", cell), cell


def test_json_lines_are_a_line_for_each_answer(aita: Command) -> None:
    counted = {}
    for named in (TAME, HOSTILE):
        out = Path(f"{named.assignment}.jsonl")
        aita("export", "jsonl", "--assignment", named.assignment, "--out", str(out))
        lines = [json.loads(line) for line in out.read_bytes().split(b"\n") if line]
        counted[named.assignment] = [sorted(line) for line in lines]
    tame, hostile = counted.values()
    assert hostile == tame
