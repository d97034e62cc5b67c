"""``aita report``: the run, the files that are fetched, and what they are called here."""

import json
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.cli.report_files import report_names
from aita.models.run import RunStatus
from tests.unit.cli.conftest import Aita
from tests.unit.cli.fake_stack import RUN, FakeStack, run_view, stage

FILES = "/assignments/midterm/files"
NAMES = {"s-1": "Maya Lindqvist", "s-2": "O'Neil, Zoë <zo/e>", "s-3": "maya lindqvist"}
CLASS = "".join(
    f'<a href="students/{each}.html">Grades</a><a href="transcriptions/{each}.html">Transcription</a>' for each in NAMES
)


@pytest.fixture
def reported(stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    """A stack with reports of three students, two of one name but for its case, and one who is gone."""
    students = [{"student_id": each, "folder": name} for each, name in NAMES.items()]
    files = [stack.file("students.json", json.dumps({"students": students}).encode())]
    files += [stack.file("reports/class.html", CLASS.encode())]
    for each in (*NAMES, "s-gone"):
        for kind in ("students", "transcriptions"):
            files.append(stack.file(f"reports/{kind}/{each}.html", f"{kind} of {each}".encode()))
    stack.answer("GET", FILES, {"files": files, "next_token": None})
    stack.answer("POST", "/runs", run_view(pipeline="report"))
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED, stage("report", 4, 4, ended=True)))
    return stack


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []
    monkeypatch.setattr(webbrowser, "open", urls.append)
    return urls


def test_it_runs_and_fetches_the_reports_under_the_students_names(
    reported: FakeStack, aita: Aita, opened: list[str]
) -> None:
    code, _, err = aita("report", "--assignment", "midterm")
    assert code == 0
    assert reported.asked("POST", "/runs")[0].body["pipeline"] == "report"
    folder = Path("out/midterm/reports")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html")) == [
        "class.html",
        "students/Maya Lindqvist.html",
        "students/O'Neil, Zoë zo e.html",
        "students/maya lindqvist (2).html",
        "transcriptions/Maya Lindqvist.html",
        "transcriptions/O'Neil, Zoë zo e.html",
        "transcriptions/maya lindqvist (2).html",
    ]
    assert (folder / "students/maya lindqvist (2).html").read_text() == "students of s-3"
    assert "7 reports fetched: out/midterm/reports/class.html" in err
    assert opened == []


def test_the_class_report_links_to_the_files_here(reported: FakeStack, aita: Aita, tmp_path: Path) -> None:
    aita("report", "--assignment", "midterm", "--out", str(tmp_path / "there"))
    html = (tmp_path / "there" / "class.html").read_text()
    links = [unquote(part.partition('"')[0]) for part in html.split('href="')[1:]]
    assert len(links) == 6
    assert all((tmp_path / "there" / link).exists() for link in links)
    assert "<zo" not in html


def test_who_is_named_as_anothers_id_is_linked_to_their_own_report(reported: FakeStack, aita: Aita) -> None:
    students = [{"student_id": each, "folder": {"s-1": "s-2", "s-2": "s-3"}.get(each, "Maya")} for each in NAMES]
    reported.files["file-0"] = json.dumps({"students": students}).encode()
    assert aita("report", "--assignment", "midterm", "--no-run", "--out", "there")[0] == 0
    html = Path("there/class.html").read_text()
    links = [unquote(part.partition('"')[0]) for part in html.split('href="')[1:]]
    assert [Path("there", link).read_text() for link in links] == [
        f"{kind} of {each}" for each in NAMES for kind in ("students", "transcriptions")
    ]


def test_open_shows_the_class_report(reported: FakeStack, aita: Aita, opened: list[str]) -> None:
    aita("report", "--assignment", "midterm", "--open")
    assert opened == [Path("out/midterm/reports/class.html").resolve().as_uri()]


def test_no_run_fetches_what_is_there(reported: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("report", "--assignment", "midterm", "--no-run", "--json")
    assert code == 0
    assert len(json.loads(out)["files"]) == 7
    assert not reported.asked("POST", "/runs")


def test_a_run_that_failed_in_part_fetches_what_there_is(reported: FakeStack, aita: Aita) -> None:
    reported.answers["GET", f"/runs/{RUN}"].clear()
    reported.answer("GET", f"/runs/{RUN}", run_view(RunStatus.PARTIAL, stage("report", 4, 3, 1, ended=True)))
    reported.answer("GET", f"/runs/{RUN}/tasks", {"tasks": [], "next_token": None})
    code, _, _ = aita("report", "--assignment", "midterm")
    assert code == 3
    assert Path("out/midterm/reports/class.html").exists()


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_run_that_failed_fetches_nothing(reported: FakeStack, aita: Aita, status: RunStatus) -> None:
    reported.answers["GET", f"/runs/{RUN}"].clear()
    reported.answer("GET", f"/runs/{RUN}", run_view(status))
    code, _, _ = aita("report", "--assignment", "midterm")
    assert code == 1
    assert not Path("out").exists()


def test_reports_that_were_never_made_are_said_to_be(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", FILES, {"files": [], "next_token": None})
    code, _, err = aita("report", "--assignment", "midterm", "--no-run")
    assert code == 1
    assert "midterm has no reports yet: make them (aita report --assignment midterm)" in err


def test_one_json_document_is_written(reported: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("report", "--assignment", "midterm", "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["run_id"]) == (0, RUN)


@given(st.dictionaries(st.text("ab", min_size=1, max_size=4).map("s-{}".format), st.text(max_size=300), max_size=6))
def test_any_names_become_names_of_files_each_its_own(names: dict[str, str]) -> None:
    made = report_names(names)
    assert len({path.casefold() for path in made.values()}) == len(made) == 2 * len(names)
    for path in made.values():
        folder, name = path.split("/")
        assert folder in {"students", "transcriptions"}
        assert name.endswith(".html")
        assert name.isprintable()
        assert len(name.encode()) < 255
        assert not set('<>:"\\|?*') & set(name)
        assert not name.removesuffix(".html").startswith((" ", "."))


@pytest.mark.parametrize("name", ["", "...", "con", "NUL", "com1.x", "\x00", "/"])
def test_a_name_that_no_file_can_have_leaves_the_id(name: str) -> None:
    assert report_names({"s-1": name})["students/s-1.html"] == "students/s-1.html"
