"""Writing gradebooks: what is fetched, what is written, and who is told to be left out."""

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aita.errors import NotFoundError
from aita.models.part_decision import PartAction
from aita.models.part_review import PartDecisionPage
from aita.models.report import MADE_OF
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.reporting.report_builder import ReportSources
from tests.support import chromium
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack, Raw
from tests.support.fakes import Harness
from tests.support.gradebooks import CELLS, DECISION, EXAM, FOLDERS, MATCHED, ROSTER, students
from tests.support.ledgers import ledger, on_part, part

GOLDEN = Path(__file__).parents[2] / "golden"

ROSTER_CSV = "Student,First Name,Last Name,ID,SIS User ID,SIS Login ID,Section,Email\r\n" + "".join(
    ",".join(f'"{value.replace(chr(34), chr(34) * 2)}"' for value in fields) + "\r\n"
    for fields in (
        (one.name, one.first_name, one.last_name, one.canvas_id, one.number, one.login, one.section, one.email)
        for one in ROSTER
    )
)


def material() -> dict[str, str]:
    grades: dict[str, dict[str, Any]] = {}
    for cell in CELLS:
        grades.setdefault(cell.student_id, {})[cell.question_id] = cell.model_dump(mode="json")
    return {
        "questions.json": EXAM.model_dump_json(),
        "grades.json": json.dumps(grades),
        "students.json": students().model_dump_json(),
        "scans.json": json.dumps({student_id: {} for student_id in FOLDERS if student_id != "s-9"}),
        "roster.csv": ROSTER_CSV,
    }


@pytest.fixture
def graded(stack: FakeStack) -> dict[str, str]:
    """Serve an assignment that was graded; what is taken out of the dictionary is not there."""
    files = material()

    def listed() -> dict[str, Any]:
        served = [stack.file(name, text.encode()) for name, text in files.items()]
        not_asked_for = {"name": "transcriptions.json", "url": f"{stack.url}/s3/not-asked-for"}
        return {"files": served if "transcriptions.json" in files else [*served, not_asked_for]}

    stack.answer("GET", "/assignments/midterm/files", listed)
    stack.answer("GET", "/assignments/midterm/decisions", {"decisions": [DECISION.model_dump(mode="json")]})
    decided = {"student_id": "s-7", "match": "decided", "decisions": [MATCHED.model_dump(mode="json")]}
    stack.answer("GET", "/assignments/midterm/students", {"students": [decided]})
    return files


def undecided(stack: FakeStack) -> None:
    """Let nobody have decided on a match."""
    stack.answers["GET", "/assignments/midterm/students"].clear()


@pytest.mark.parametrize("name", ["canvas", "moodle", "gradescope", "brightspace", "blackboard"])
def test_a_gradebook_is_written_with_peoples_decisions(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "grades.csv"
    named = {"canvas": "Midterm 1 (4711)", "blackboard": "Midterm 1 [Total Pts: 7.5 Score] |4711"}
    column = ("--column", named[name]) if name in named else ()
    code, said, _ = aita("export", name, "-a", "midterm", "--out", str(out), *column)
    assert code == 3
    assert out.read_bytes() == (GOLDEN / f"{name}.csv").read_bytes()
    assert f"in {out}\n" in said


def test_who_is_left_out_is_told_with_the_reason(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    code, said, _ = aita("export", "CANVAS", "-a", "midterm", "-o", str(tmp_path / "g.csv"))
    assert code == 3
    assert "5 students in" in said
    assert "Left out: 6 students" in said
    assert "  Juana de la Cruz: not final (open: 1a)\n" in said
    assert "  Zoe_Quinn: not on the roster: say whose folder it is with aita students match s-8 --to NAME" in said
    assert "  Cy: ungraded" in said
    assert "  Grace Hopper: on the roster, and no scans" in said


def test_exporting_answers_in_json(stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    out = tmp_path / "g.jsonl"
    code, said, _ = aita("export", "jsonl", "-a", "midterm", "-o", str(out), "--json")
    document = json.loads(said)
    assert (code, document["written"], document["format"], document["file"]) == (3, 8, "jsonl", str(out))
    assert document["left_out"][0] == {"name": "Cy", "reason": "ungraded: grade again", "open_questions": []}
    assert document["notes"] == []
    assert len(out.read_text().splitlines()) == 16


CONFIRM = (
    "close to Oona Bracegirdle on the roster: confirm with aita students match s-7 --to S1007 --assignment midterm"
)


@pytest.mark.parametrize("name", ["canvas", "moodle", "gradescope"])
def test_who_is_only_close_to_a_name_is_left_out_with_what_confirms_it(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path, name: str
) -> None:
    undecided(stack)
    out = tmp_path / "g.csv"
    code, said, _ = aita("export", name, "-a", "midterm", "-o", str(out))
    assert code == 3
    assert f"  Oona Bracegirdel: {CONFIRM}, or --nobody\n" in said
    assert "  Oona Bracegirdle: on the roster, and no scans are surely theirs" in said
    assert "Bracegird" not in out.read_text("utf-8-sig")


def test_who_is_only_close_to_a_name_has_no_line_of_the_roster_in_json_lines(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    undecided(stack)
    out = tmp_path / "g.jsonl"
    _, _, err = aita("export", "jsonl", "-a", "midterm", "-o", str(out))
    assert f"Oona Bracegirdel: {CONFIRM}" in err
    lines = [line for line in map(json.loads, out.read_text().splitlines()) if line["student_id"] == "s-7"]
    assert {(line["name"], line["number"], line["match"]) for line in lines} == {("Oona Bracegirdel", None, "close")}


def test_a_folder_that_came_after_the_last_transcription_is_left_out(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    came = ("scans/Cyd Fox/1.jpg", "scans/Grace Hopper/1.jpg", "scans/Cyd Fox/2.jpg")
    files = [{"name": name, "size": 1, "etag": "e"} for name in came]
    stack.answer("GET", "/assignments/midterm/uploads", {"files": files})
    code, said, _ = aita("export", "canvas", "-a", "midterm", "-o", str(tmp_path / "g.csv"))
    assert code == 3
    for folder in ("Cyd Fox", "Grace Hopper"):
        assert said.count(f"  {folder}: uploaded after the last transcription") == 1
        assert f"{folder}: on the roster, and no scans" not in said


def test_a_class_that_is_all_there_is_done(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    graded["roster.csv"] = "Name,ID\nMaya Lindqvist,S1001\n"
    graded["students.json"] = students({"s-1": "Maya Lindqvist"}).model_dump_json()
    del graded["scans.json"]
    grades = json.loads(graded["grades.json"])
    graded["grades.json"] = json.dumps({"s-1": grades["s-1"]})
    out = tmp_path / "g.csv"
    out.write_text("an older file")
    code, said, err = aita(
        "export", "moodle", "-a", "midterm", "-o", str(out), "--key", "number", "--column", " First "
    )
    assert (code, err.startswith("the grades are out of 7.5, and a grade item that Moodle makes")) == (0, True)
    first, denominator, version = said.splitlines()
    assert (first, denominator) == (f"1 student in {out}", "  out of 7.5 points")
    assert version.startswith("  version of the grades: ")
    assert out.read_bytes().decode("utf-8-sig").splitlines()[0] == '"ID number","First","First (Feedback)"'
    assert list(tmp_path.glob(".g.csv*")) == []


def test_a_grade_scale_and_extracted_questions_are_used(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    graded["exam_spec.json"] = graded.pop("questions.json")
    assert aita("export", "gradescope", "-a", "midterm", "-o", str(tmp_path / "g.csv"))[0] == 3


@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_without_a_roster_it_is_refused(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path, name: str
) -> None:
    del graded["roster.csv"]
    code, _, err = aita("export", name, "-a", "midterm", "-o", str(tmp_path / "g.csv"))
    assert code == 1
    assert f"has no roster.csv, and {name} finds students by what stands there" in err
    assert list(tmp_path.glob("*.csv")) == []
    assert aita("export", "gradescope", "-a", "midterm", "-o", str(tmp_path / "g.csv"))[0] == 3


def test_without_grades_it_is_refused(stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    del graded["grades.json"]
    code, _, err = aita("export", "jsonl", "-a", "midterm", "-o", str(tmp_path / "g.jsonl"))
    assert code == 1
    assert "midterm has no grades yet" in err
    assert list(tmp_path.glob("g*")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("excel",), "excel"),
        (
            ("gradescope", "--column", "x"),
            "--column names the grade in canvas, moodle, brightspace and blackboard: gradescope",
        ),
        (("jsonl", "--column", "x"), "jsonl has no such column"),
        (("canvas", "--column", " "), "--column is empty"),
        (("canvas", "--key", "email"), "--key is for moodle"),
        (("moodle", "--key", "name"), "name"),
        (("moodle", "--pdf"), "--pdf is for reports: moodle has none"),
    ],
)
def test_what_does_not_fit_the_format_is_wrong_usage(
    stack: FakeStack, aita: Aita, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = aita("export", *arguments, "-a", "midterm", "-o", str(tmp_path / "g"))
    assert code == 2
    assert said in err
    assert stack.requests == []


def test_a_folder_that_is_not_there_is_told_before_anything_is_fetched(
    stack: FakeStack, aita: Aita, tmp_path: Path
) -> None:
    code, _, err = aita("export", "canvas", "-a", "midterm", "-o", str(tmp_path / "no" / "g.csv"))
    assert code == 2
    assert "its folder is not there" in err
    assert stack.requests == []


def test_a_column_that_canvas_passes_over_is_told(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    code, _, err = aita("export", "canvas", "-a", "midterm", "-o", str(tmp_path / "g.csv"), "--column", "Final Score")
    assert code == 2
    assert "Canvas passes over" in err


@pytest.mark.parametrize("failure", [NotFoundError("there is no such assignment"), Raw(500)])
def test_what_can_not_be_fetched_leaves_the_file_as_it_was(
    stack: FakeStack, aita: Aita, tmp_path: Path, failure: Any
) -> None:
    stack.answer("GET", "/assignments/midterm/files", failure)
    out = tmp_path / "g.csv"
    out.write_text("an older file")
    assert aita("export", "canvas", "-a", "midterm", "-o", str(out))[0] == 1
    assert out.read_text() == "an older file"


def test_names_can_not_steer_the_terminal(stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    graded["roster.csv"] = "Name\n[red]Eve\x1b[31m\n"
    _, said, _ = aita("export", "canvas", "-a", "midterm", "-o", str(tmp_path / "g.csv"))
    assert "  [red]Eve\\x1b[31m: on the roster" in said


def test_an_answer_beside_a_part_of_nobodys_leaves_its_student_out_until_it_is_decided(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    graded["ledger.json"] = json.dumps(ledger(s_2=[part("p-1", "1a")]))
    decided = PartDecisionPage(decisions=(on_part("p-1", "s-2"),))
    stack.answer("GET", "/assignments/midterm/part-decisions", PartDecisionPage(decisions=()), decided)
    command = ("export", "gradescope", "-a", "midterm", "-o", str(tmp_path / "g.csv"))
    left_out = "  Inés Muñoz Tarrés: not final (open: 1a)\n"
    assert [left_out in aita(*command)[1] for _ in range(2)] == [True, False]
    assert (tmp_path / "g.csv").read_bytes() == (GOLDEN / "gradescope.csv").read_bytes()


def test_the_transcriptions_are_fetched_only_for_a_part_that_belongs_to_an_answer(
    stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    graded["ledger.json"] = json.dumps(ledger(s_2=[part("p-1", "1a", lines=[1])]))
    graded["transcriptions.json"] = "no JSON"
    belongs = on_part("p-1", "s-2", action=PartAction.BELONGS, question_id="1a")
    route = ("GET", "/assignments/midterm/part-decisions")
    stack.answer(*route, PartDecisionPage(decisions=(on_part("p-1", "s-2"),)), PartDecisionPage(decisions=(belongs,)))
    command = ("export", "gradescope", "-a", "midterm", "-o", str(tmp_path / "g.csv"))
    assert aita(*command)[0] == 3
    code, _, err = aita(*command)
    assert code == 2
    assert "transcriptions.json: " in err


def test_a_matrix_has_everyone(stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    out = tmp_path / "g.csv"
    code, said, _ = aita("export", "matrix", "-a", "midterm", "-o", str(out))
    assert (code, out.read_bytes()) == (0, (GOLDEN / "matrix.csv").read_bytes())
    assert f"11 students in {out}" in said


def test_a_section_is_all_that_is_written(stack: FakeStack, graded: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    out = tmp_path / "g.csv"
    code, said, _ = aita("export", "canvas", "-a", "midterm", "-o", str(out), "--section", "a")
    assert code == 3
    assert f"1 student in {out}" in said
    assert "  Zoe_Quinn: in no section, as no line of the roster is surely theirs" in said
    assert "Juana" not in said
    code, _, err = aita("export", "canvas", "-a", "midterm", "-o", str(out), "--section", "C")
    assert code == 2
    assert "no line of the roster has the section 'C': it has =1+1, A, B, B; =1+1" in err


SUBMISSIONS = {
    "s-1": "Maya Lindqvist_101_assignsubmission_file",
    "s-2": "Ines Munoz Tarres_102_assignsubmission_file",
    "s-3": "O'Brien_103_assignsubmission_file",
    "s-4": "Juana de la Cruz_104_assignsubmission_file",
    "s-5": "Ann Lee_105_assignsubmission_file",
}


def report(files: Mapping[str, str], student_id: str) -> bytes:
    """Return a student's report as it is made of these files, without what people look at."""
    harness = Harness()
    for name, text in files.items():
        harness.put(name, text)
    material = AssignmentFiles(harness.objects, "midterm")
    made = ReportSources.read(material, lambda _: [DECISION], ()).student_report(student_id, {}, datetime.now(UTC))
    assert made is not None
    return f'<meta name="{MADE_OF}" content="{made.made_of}"><p>Report of {student_id}'.encode()


@pytest.fixture
def reported(stack: FakeStack, graded: dict[str, str]) -> dict[str, str]:
    """Serve a class that came from Moodle, whose third student's report is old and whose fifth's was never made."""
    graded["students.json"] = students(SUBMISSIONS).model_dump_json()
    graded["scans.json"] = json.dumps({student_id: {} for student_id in SUBMISSIONS})
    del graded["roster.csv"]
    grades = json.loads(graded["grades.json"])
    graded["grades.json"] = json.dumps({student_id: grades[student_id] for student_id in SUBMISSIONS})
    made = {student_id: report(graded, student_id) for student_id in ("s-1", "s-2", "s-4")}
    for student_id, page in (made | {"s-3": f'<meta name="{MADE_OF}" content="0a">'.encode()}).items():
        graded[f"reports/students/{student_id}.html"] = page.decode()
    return graded


def test_reports_go_back_to_moodle(stack: FakeStack, reported: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    out = tmp_path / "feedback.zip"
    code, said, err = aita("export", "moodle-feedback", "-a", "midterm", "-o", str(out))
    assert code == 3, err
    with zipfile.ZipFile(out) as archive:
        assert {name: archive.read(name).partition(b"<p>")[2] for name in archive.namelist()} == {
            "Maya Lindqvist_101_assignsubmission_file/report.html": b"Report of s-1",
            "Ines Munoz Tarres_102_assignsubmission_file/report.html": b"Report of s-2",
        }
    again = "make it with aita report --assignment midterm"
    assert f"2 students in {out}" in said
    assert f"  {SUBMISSIONS['s-3']}: the report is older than a grade, a decision or an upload: {again}\n" in said
    assert f"  {SUBMISSIONS['s-5']}: there is no report yet: {again}\n" in said
    assert f"  {SUBMISSIONS['s-4']}: not final (open: 1a)\n" in said
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".feedback")] == []


@pytest.mark.slow
@pytest.mark.xdist_group("chromium")
@pytest.mark.skipif(chromium.find() is None, reason="Chromium is not installed")
def test_reports_go_back_as_pdf(stack: FakeStack, reported: dict[str, str], aita: Aita, tmp_path: Path) -> None:
    out = tmp_path / "feedback.zip"
    assert aita("export", "moodle-feedback", "-a", "midterm", "-o", str(out), "--pdf")[0] == 3
    with zipfile.ZipFile(out) as archive:
        names = [f"{SUBMISSIONS[each]}/report.pdf" for each in ("s-1", "s-2")]
        assert archive.namelist() == names
        assert all(archive.read(name).startswith(b"%PDF-") for name in names)


def test_without_chromium_pdf_is_refused_before_anything_is_fetched(
    stack: FakeStack, aita: Aita, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aita.cli.pdf_printer.shutil.which", lambda _: None)
    code, _, err = aita("export", "moodle-feedback", "-a", "midterm", "-o", str(tmp_path / "f.zip"), "--pdf")
    assert code == 2
    assert "--pdf prints with Chromium or Chrome, and neither is on the PATH here" in err
    assert stack.requests == []


def test_a_browser_that_prints_nothing_is_told_and_leaves_the_file_as_it_was(
    stack: FakeStack, reported: dict[str, str], aita: Aita, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aita.cli.pdf_printer.shutil.which", lambda _: "/bin/false")
    out = tmp_path / "f.zip"
    out.write_text("an older file")
    code, _, err = aita("export", "moodle-feedback", "-a", "midterm", "-o", str(out), "--pdf")
    assert code == 2
    assert "/bin/false printed no PDF" in err
    assert out.read_text() == "an older file"


def test_feedback_for_brightspace_is_refused_with_the_reason(
    stack: FakeStack, reported: dict[str, str], aita: Aita, tmp_path: Path
) -> None:
    code, _, err = aita("export", "brightspace-feedback", "-a", "midterm", "-o", str(tmp_path / "f.zip"))
    assert code == 2
    assert "how it reads these is not published" in err
    assert list(tmp_path.glob("*.zip")) == []
