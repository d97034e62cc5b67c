"""``aita report``: the run, the files that are fetched, and what they are called here."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from aita.models.grade import cell_id
from aita.models.match import MatchRequest
from aita.models.review import DecisionRequest
from aita.models.run import RunStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.match_decisions import RosterMatches
from aita.services.grading.review_queue import Reviews
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, run_view, stage
from tests.support.fakes import ASSIGNMENT, Harness
from tests.support.html_page import HtmlPage
from tests.support.report_exam import FOLDERS, IDS, graded

pytestmark = pytest.mark.slow

FILES = "/assignments/midterm/files"
NAMES = {"s-1": "Maya Lindqvist", "s-2": "O'Neil, Zoë <zo/e>", "s-3": "maya lindqvist"}
FILE_NAMES = {"s-1": "Maya Lindqvist", "s-2": "O'Neil, Zoë zo e", "s-3": "maya lindqvist (2)"}
KINDS = ("students", "transcriptions")


def class_report(called: Mapping[str, str], assignment: str = "midterm") -> bytes:
    """Return the title of a class's report and its links to files of these names, by id."""
    return (
        f"<title>{assignment}</title>".encode()
        + "".join(
            f'<a href="{quote(f"{kind}/{name}.html")}" data-report="{kind}/{each}.html">{kind}</a>'
            for each, name in called.items()
            for kind in KINDS
        ).encode()
    )


def links(report: Path) -> list[str]:
    """Return what a report on this computer links to, in its order."""
    return [unquote(each.attributes["href"]) for each in HtmlPage.of(report.read_bytes()).all("a")]


OF_EACH = [f"{kind} of {each}" for each in NAMES for kind in KINDS]
"""What the reports hold, in the order of the class's links."""


@pytest.fixture
def reported(stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    """A stack with reports of three students, two of one name but for its case, and one who is gone."""
    students = [{"student_id": each, "folder": name} for each, name in NAMES.items()]
    files = [stack.file("students.json", json.dumps({"students": students}).encode())]
    files += [stack.file("reports/class.html", class_report(FILE_NAMES))]
    for each in (*NAMES, "s-gone"):
        for kind in KINDS:
            files.append(stack.file(f"reports/{kind}/{each}.html", f"{kind} of {each}".encode()))
    stack.answer("GET", FILES, {"files": files, "next_token": None})
    stack.answer("POST", "/runs", run_view(pipeline="report"))
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED, stage("report", 4, 4, ended=True)))
    return stack


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
    assert (folder / "class.html").read_bytes() == class_report(FILE_NAMES), "it is as the function made it"
    assert "7 reports fetched: out/midterm/reports/class.html" in err
    assert opened == []


def test_the_class_report_links_to_the_files_here(reported: FakeStack, aita: Aita, tmp_path: Path) -> None:
    aita("report", "--assignment", "midterm", "--out", str(tmp_path / "there"))
    linked = links(tmp_path / "there" / "class.html")
    assert [Path(tmp_path, "there", link).read_text() for link in linked] == OF_EACH


@pytest.mark.parametrize(
    "called",
    [
        {"s-1": "s-2", "s-2": "s-3", "s-3": "Maya"},  # named as another's id
        {"s-1": "Maya Before", "s-2": "Zoë", "s-3": "maya (2)"},  # named otherwise since the class's report was made
    ],
)
def test_each_file_is_called_as_the_class_report_says(reported: FakeStack, aita: Aita, called: dict[str, str]) -> None:
    reported.files["file-1"] = class_report(called)
    assert aita("report", "--assignment", "midterm", "--no-run", "--out", "there")[0] == 0
    linked = links(Path("there/class.html"))
    assert linked == [f"{kind}/{name}.html" for name in called.values() for kind in KINDS]
    assert [Path("there", link).read_text() for link in linked] == OF_EACH


SWAPPED = {"s-1": FILE_NAMES["s-2"], "s-2": FILE_NAMES["s-1"], "s-3": FILE_NAMES["s-3"]}


def test_a_download_that_breaks_off_leaves_all_as_it_was(reported: FakeStack, aita: Aita) -> None:
    """Names have changed places since: a new class report would link to what is another student's by now."""
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    reported.files["file-1"] = class_report(SWAPPED)
    for name in ("file-4", "file-5", "file-6"):
        reported.files.pop(name)
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] != 0
    assert [Path("there", link).read_text() for link in links(Path("there/class.html"))] == OF_EACH
    assert [path.name for path in Path("there").iterdir() if path.name.startswith(".")] == []


def test_an_older_file_is_not_left_under_the_name_of_a_report_that_is_gone(reported: FakeStack, aita: Aita) -> None:
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    reported.files["file-1"] = class_report(SWAPPED)
    (listed,) = reported.answers["GET", FILES]
    assert isinstance(listed, dict)
    listed["files"] = [file for file in listed["files"] if file["name"] != "reports/students/s-1.html"]
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    assert not Path("there", f"students/{SWAPPED['s-1']}.html").exists()


def test_nothing_is_left_under_a_name_that_a_student_had_before(reported: FakeStack, aita: Aita) -> None:
    """Not even if the student has another id by now, as on a new stack; a teacher's own files are let be."""
    for kind in KINDS:
        Path("there", kind).mkdir(parents=True)
        Path("there", kind, "s-1.html").write_text("named by id, as no class report linked to it")
        Path("there", kind, "Leopold.html").write_text("of the same student")
        Path("there", kind, "notes.html").write_text("the teacher's own")
    Path("there/class.html").write_bytes(class_report(FILE_NAMES | {"s-before": "Leopold", "s-1": "Maya L"}))
    reported.files["file-1"] = class_report(FILE_NAMES)
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    assert {*map(str, Path("there").rglob("*.html"))} == {
        "there/class.html",
        *(f"there/{link}" for link in links(Path("there/class.html"))),
        *(f"there/{kind}/notes.html" for kind in KINDS),
    }


def test_reports_of_another_assignment_are_let_be(reported: FakeStack, aita: Aita) -> None:
    Path("there/students").mkdir(parents=True)
    Path("there/class.html").write_bytes(class_report({"s-9": "Leopold"}, assignment="final"))
    Path("there/students/Leopold.html").write_text("of the final")
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    assert Path("there/students/Leopold.html").read_text() == "of the final"


@pytest.mark.parametrize("link", ["../mine.html", "students/../../mine.html", "mine/notes.html"])
def test_nothing_else_that_a_class_report_links_to_is_deleted(reported: FakeStack, aita: Aita, link: str) -> None:
    file = Path("there", link)
    Path("there/students").mkdir(parents=True)
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    Path("there/class.html").write_text(f'<title>midterm</title><a href="{link}" data-report="{link}">x</a>')
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["notes.html", "notes.txt", "my grades.xlsx"])
def test_a_file_that_a_teacher_linked_to_in_the_class_report_is_let_be(
    reported: FakeStack, aita: Aita, name: str
) -> None:
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    page, file = Path("there/class.html"), Path("there/students", name)
    page.write_bytes(page.read_bytes() + f'<a href="students/{quote(name)}">mine</a>'.encode())
    file.write_text("mine")
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    assert file.read_text() == "mine"


def test_a_folder_under_the_name_of_a_report_that_is_gone_is_let_be(reported: FakeStack, aita: Aita) -> None:
    Path("there/students/Leopold.html").mkdir(parents=True)
    Path("there/class.html").write_bytes(class_report(FILE_NAMES | {"s-before": "Leopold"}))
    code, _, err = aita("report", "-a", "midterm", "--no-run", "--out", "there")
    assert (code, err) == (0, "7 reports fetched: there/class.html\n")
    assert Path("there/students/Leopold.html").is_dir()


def test_a_link_under_the_name_of_a_report_that_is_gone_goes_without_its_target(
    reported: FakeStack, aita: Aita, tmp_path: Path
) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("mine")
    Path("there/students").mkdir(parents=True)
    Path("there/students/Leopold.html").symlink_to(target)
    Path("there/class.html").write_bytes(class_report(FILE_NAMES | {"s-before": "Leopold"}))
    assert aita("report", "-a", "midterm", "--no-run", "--out", "there")[0] == 0
    assert not Path("there/students/Leopold.html").is_symlink()
    assert target.read_text() == "mine"


def test_a_class_report_of_the_first_version_links_to_files_named_by_id(reported: FakeStack, aita: Aita) -> None:
    reported.files["file-1"] = "".join(
        f'<a href="{kind}/{each}.html">x</a>' for each in NAMES for kind in KINDS
    ).encode()
    assert aita("report", "--assignment", "midterm", "--no-run", "--out", "there")[0] == 0
    linked = links(Path("there/class.html"))
    assert [Path("there", link).read_text() for link in linked] == OF_EACH
    assert len([*Path("there").rglob("*.html")]) == 7


def test_a_report_that_the_class_s_does_not_link_to_is_named_by_id(reported: FakeStack, aita: Aita) -> None:
    reported.files["file-1"] = class_report({each: FILE_NAMES[each] for each in ("s-1", "s-2")})
    assert aita("report", "--assignment", "midterm", "--no-run", "--out", "there")[0] == 0
    assert Path("there/students/s-3.html").read_text() == "students of s-3"
    assert Path("there/students/Maya Lindqvist.html").read_text() == "students of s-1"


@pytest.mark.parametrize(
    "href",
    ["../x.html", "students/../../x.html", "/x.html", "students/..", "transcriptions/x.html", "students/a%5Cx.html"],
)
def test_no_link_leads_out_of_the_folder(reported: FakeStack, aita: Aita, href: str) -> None:
    reported.files["file-1"] = f'<a href="{href}" data-report="students/s-1.html">x</a>'.encode()
    assert aita("report", "--assignment", "midterm", "--no-run", "--out", "here/there")[0] == 0
    assert Path("here/there/students/s-1.html").read_text() == "students of s-1"
    assert len([*Path().rglob("*.html")]) == 7


def test_a_computer_without_a_browser_says_so(reported: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    code, _, err = aita("report", "--assignment", "midterm", "--open")
    assert code == 0
    assert "no browser was found here: open out/midterm/reports/class.html yourself" in err


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
    stack.answer("GET", FILES, {"files": [stack.file("rubrics.json", b"{}")], "next_token": None})
    code, _, err = aita("report", "--assignment", "midterm", "--no-run")
    assert code == 1
    assert "midterm has no reports yet: make them (aita report --assignment midterm)" in err


def test_one_json_document_is_written(reported: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("report", "--assignment", "midterm", "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["run_id"]) == (0, RUN)


class TestOutOfDate:
    """Reports as the function made them, and grades, decisions and files as they are now."""

    @pytest.fixture
    def served(self, stack: FakeStack, harness: Harness) -> Harness:
        """The sample exam, graded and reported, behind the API."""
        graded(harness)
        assert harness.run("report").status is RunStatus.SUCCEEDED

        def files() -> dict[str, Any]:
            listed = [
                stack.file(key.removeprefix(f"{ASSIGNMENT}/"), data)
                for key, data in harness.objects.data.items()
                if key.startswith(f"{ASSIGNMENT}/") and not key.startswith(f"{ASSIGNMENT}/rubric_versions/")
            ]
            return {"files": listed, "next_token": None}

        def decisions() -> dict[str, Any]:
            found = [each.model_dump(mode="json") for each in harness.decisions.all(ASSIGNMENT)]
            return {"decisions": found, "next_token": None}

        stack.answer("GET", FILES, files)
        stack.answer("GET", "/assignments/midterm/decisions", decisions)
        return harness

    def decide(self, harness: Harness, folder: str, question_id: str, action: str = "set") -> None:
        reviews = Reviews(harness.objects, harness.decisions, harness.clock)
        cell = reviews.show(ASSIGNMENT, cell_id(IDS[folder], question_id))
        points = {"points": 0.5, "why": "the key has a misprint"} if action == "set" else {}
        reviews.decide(ASSIGNMENT, cell.cell_id, DecisionRequest(action=action, by="Ann", basis=cell.basis, **points))

    def test_reports_that_are_as_of_now_are_not_spoken_of(self, served: Harness, aita: Aita) -> None:
        code, out, err = aita("report", "-a", "midterm", "--no-run", "--json")
        assert (code, json.loads(out)["out_of_date"]) == (0, [])
        assert "11 reports fetched" in err
        assert "ut of date" not in err

    @pytest.mark.parametrize("options", [("--no-run",), ()], ids=["no run", "run"])
    def test_who_was_uploaded_after_the_last_transcription_is_told(
        self, stack: FakeStack, served: Harness, aita: Aita, options: tuple[str, ...]
    ) -> None:
        served.put("scans/Cyd Fox/1.jpg", b"late")
        uploads = [{"name": "scans/Cyd Fox/1.jpg", "size": 4, "etag": "e"}]
        stack.answer("GET", "/assignments/midterm/uploads", {"files": uploads})
        served.run("report")
        stack.answer("POST", "/runs", run_view(pipeline="report"))
        stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED, stage("report", 4, 4, ended=True)))
        code, _, err = aita("report", "-a", "midterm", *options)
        assert code == 3
        assert "Left out, as they were uploaded after the last transcription: Cyd Fox" in err
        assert "aita transcribe --assignment midterm" in err
        shown = HtmlPage.of(Path("out/midterm/reports/class.html").read_bytes()).text
        assert "Uploaded after the last transcription Cyd Fox" in shown

    def test_a_folder_that_came_outdates_the_classs_report(self, stack: FakeStack, served: Harness, aita: Aita) -> None:
        uploads = [{"name": "scans/Cyd Fox/1.jpg", "size": 4, "etag": "e"}]
        stack.answer("GET", "/assignments/midterm/uploads", {"files": uploads})
        code, out, _ = aita("report", "-a", "midterm", "--no-run", "--json")
        document = json.loads(out)
        assert (code, document["untranscribed"]) == (3, ["Cyd Fox"])
        assert [Path(path).name for path in document["out_of_date"]] == ["class.html"]

    def test_a_match_outdates_the_classs_report_and_the_students_name(
        self, stack: FakeStack, served: Harness, aita: Aita
    ) -> None:
        served.put("roster.csv", "Name\nPrya Castellane\n")
        served.run("report")
        assert aita("report", "-a", "midterm", "--no-run")[0] == 0
        matches = RosterMatches(served.objects, served.decisions, served.clock)
        (line,) = AssignmentFiles(served.objects, ASSIGNMENT).roster() or ()
        student = IDS["Priya Castellane"]
        matches.decide(ASSIGNMENT, student, MatchRequest(action="match", line=line.version, by="Ann"))
        stack.answer("GET", "/assignments/midterm/students", matches.page(ASSIGNMENT, 99, None))
        code, out, err = aita("report", "-a", "midterm", "--no-run", "--json")
        assert code == 3
        assert len(json.loads(out)["out_of_date"]) == 2
        assert "Out of date: 1 student report (Prya Castellane, in students/Priya Castellane.html)" in err

    def test_a_decision_outdates_the_students_report_and_the_classs(self, served: Harness, aita: Aita) -> None:
        self.decide(served, "Priya Castellane", "5")
        code, out, err = aita("report", "-a", "midterm", "--no-run", "--out", "to hand out")
        assert code == 3
        assert out == "to hand out/class.html\n"
        assert "Out of date: 1 student report (Priya Castellane) and the class report." in err
        assert err.endswith("Make them anew: aita report --assignment midterm --out 'to hand out'\n")
        document = json.loads(aita("report", "-a", "midterm", "--no-run", "--json")[1])
        folder = Path("out/midterm/reports")
        assert document["out_of_date"] == [
            str(folder / "class.html"),
            str(folder / "students/Priya Castellane.html"),
        ]
        assert len(document["files"]) == 11, "they are fetched all the same"

    def test_the_line_to_paste_means_the_same_stack(
        self, served: Harness, aita: Aita, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AITA_LOCAL")
        self.decide(served, "Priya Castellane", "5")
        err = aita("--local", "report", "-a", "midterm", "--no-run")[2]
        assert err.endswith("Make them anew: aita --local report --assignment midterm\n")

    @pytest.mark.parametrize(("options", "command"), [((), "aita grade"), (("--local",), "aita --local grade")])
    def test_the_commands_of_the_class_report_mean_the_same_stack(
        self,
        served: Harness,
        aita: Aita,
        monkeypatch: pytest.MonkeyPatch,
        options: tuple[str, ...],
        command: str,
    ) -> None:
        questions = served.artifact("questions.json")
        questions["questions"][0]["points"] += 1
        served.put("questions.json", questions)
        assert served.run("report").status is RunStatus.SUCCEEDED
        if options:
            monkeypatch.delenv("AITA_LOCAL")
        assert aita(*options, "report", "-a", "midterm", "--no-run")[0] == 0
        shown = HtmlPage.of(Path("out/midterm/reports/class.html").read_bytes()).text
        assert f"({command} --assignment {ASSIGNMENT})" in shown

    def test_a_student_who_was_confirmed_alone_is_told_of(self, served: Harness, aita: Aita) -> None:
        """The student's report says that a person looked, and the class's has the version of the grades."""
        self.decide(served, "Priya Castellane", "5", "accept")
        told = aita("report", "-a", "midterm", "--no-run")[2]
        assert "Out of date: 1 student report (Priya Castellane) and the class report. They" in told

    def test_the_next_run_makes_them_anew_and_they_are_up_to_date(
        self, served: Harness, stack: FakeStack, aita: Aita
    ) -> None:
        self.decide(served, "Priya Castellane", "5")
        name = f"{ASSIGNMENT}/reports/students/{IDS['Priya Castellane']}.html"
        before = served.objects.data[name]

        def run() -> Any:
            assert served.run("report").status is RunStatus.SUCCEEDED
            return run_view(RunStatus.SUCCEEDED, stage("report", 6, 6, ended=True), pipeline="report")

        stack.answer("POST", "/runs", run)
        code, _, err = aita("report", "-a", "midterm")
        assert code == 0
        assert "ut of date" not in err
        assert served.objects.data[name] != before
        assert "the key has a misprint" in Path("out/midterm/reports/students/Priya Castellane.html").read_text()

    def test_what_was_decided_while_they_were_made_is_told_of(
        self, served: Harness, stack: FakeStack, aita: Aita
    ) -> None:
        def run() -> Any:
            assert served.run("report").status is RunStatus.SUCCEEDED
            self.decide(served, "Priya Castellane", "5")
            return run_view(RunStatus.SUCCEEDED, stage("report", 6, 6, ended=True), pipeline="report")

        stack.answer("POST", "/runs", run)
        code, _, err = aita("report", "-a", "midterm")
        assert (code, "Out of date: 1 student report (Priya Castellane)" in err) == (0, True)

    @pytest.mark.parametrize(
        ("name", "path", "value", "whose"),
        [
            ("grades.json", ("Maya Lindqvist", "2", "feedback"), "otherwise", ["class", "Maya Lindqvist"]),
            ("answers.json", ("Maya Lindqvist", "question_answers", 0, "raw_text"), "now", ["Maya Lindqvist"]),
            ("grades.json", ("Maya Lindqvist", "2", "rubric"), "another", ["class", "Maya Lindqvist"]),
            ("students.json", ("students", 0, "folder"), "Maya L", ["class", "Maya Lindqvist"]),
            ("questions.json", ("questions", 0, "question_text"), "Otherwise.", ["class", *FOLDERS]),
            ("grade_scale.json", (), {"steps": [{"letter": "ok", "from_percent": 0}]}, ["class", *FOLDERS]),
        ],
    )
    def test_whatever_changes_what_a_report_shows_outdates_it(
        self, served: Harness, aita: Aita, name: str, path: tuple[str | int, ...], value: Any, whose: list[str]
    ) -> None:
        document = served.artifact(name) if path else value
        place: Any = document
        for step in path[:-1]:
            place = place[IDS.get(step, step)] if isinstance(step, str) else place[step]
        if path:
            place[path[-1]] = value
        served.put(name, document)
        code, out, _ = aita("report", "-a", "midterm", "--no-run", "--json")
        assert code == 3
        assert [Path(each).stem for each in json.loads(out)["out_of_date"]] == whose

    def test_a_report_that_was_not_made_yet_is_told_of(self, served: Harness, aita: Aita) -> None:
        del served.objects.data[f"{ASSIGNMENT}/reports/students/{IDS['Priya Castellane']}.html"]
        code, _, err = aita("report", "-a", "midterm", "--no-run")
        assert (code, "Out of date: 1 student report (Priya Castellane)." in err) == (3, True)

    def test_reports_of_the_first_version_are_all_out_of_date(self, served: Harness, aita: Aita) -> None:
        """They do not tell what they were made of, and may show a student what students are not shown."""
        for key, data in served.objects.data.items():
            if "/reports/" in key:
                served.objects.data[key] = re.sub(rb'<meta name="aita-made-of".*?>', b"", data)
        code, _, err = aita("report", "-a", "midterm", "--no-run")
        assert code == 3
        assert "Out of date: 5 student reports (" in err
        assert "and the class report. " in err

    def test_runs_do_not_outdate_the_classs_report(self, served: Harness, aita: Aita) -> None:
        served.run("report")
        assert aita("report", "-a", "midterm", "--no-run")[0] == 0
