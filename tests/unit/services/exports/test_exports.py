"""Gradebooks for Canvas, Moodle and Gradescope, re-read by each one's own rules; and JSON Lines."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import RequestError
from aita.models.decision import DecisionAction
from aita.models.export import ExcludedStudent, MoodleKey
from aita.models.grade import Cell, CellState, CriterionGrade
from aita.models.points import exact
from aita.models.student import RosterEntry
from aita.services.exports.blackboard import export_blackboard
from aita.services.exports.brightspace import export_brightspace
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import Export, ExportRoster, call_roll
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.matrix import export_matrix
from aita.services.exports.moodle import export_moodle
from tests.support.gradebooks import (
    BLANK,
    CELLS,
    DECISION,
    EXAM,
    FAILED,
    GRADED,
    MATCHED,
    OPEN,
    ROSTER,
    cell,
    class_list,
    gradebook,
    roll,
)
from tests.support.lms_importers import CanvasUser, MoodleRefused, import_canvas, import_moodle, read_gradescope

GOLDEN = Path(__file__).parents[3] / "golden"

NOT_FINAL = "not final"
AMBIGUOUS = "matches several names on the roster, or several folders are one student's"
WHOSE = ": say whose folder it is with aita students match {} --to NAME_OR_NUMBER, or --nobody"
NO_SCANS = "on the roster, and no scans are surely theirs"
ALWAYS = (
    ExcludedStudent(name="Cy", reason="ungraded: grade again"),
    ExcludedStudent(name="Ann Lee (S1005)", reason=NO_SCANS),
    ExcludedStudent(name="Grace Hopper", reason=NO_SCANS),
)
UNSURE = (
    ExcludedStudent(name="Juana de la Cruz", reason=NOT_FINAL, open_questions=("1a",)),
    ExcludedStudent(
        name="Ann Lee (scans/Ann Lee)", reason=f"{NOT_FINAL}; {AMBIGUOUS}{WHOSE.format('s-6')}", open_questions=("2",)
    ),
    ExcludedStudent(name="Zoe_Quinn", reason=f"not on the roster{WHOSE.format('s-8')}"),
)
CANVAS_USERS = [
    CanvasUser(881, "Maya L.", sis_id="S1001"),
    CanvasUser(882, "Inés Muñoz", sis_id="S1002"),
    CanvasUser(883, "O'Brien", sis_id="-5"),
    CanvasUser(886, "Ann Lee", sis_id="S1006"),
    CanvasUser(887, "Oona Bracegirdle", sis_id="S1007"),
]


class TestGoldenFiles:
    @pytest.mark.parametrize("name", ["canvas", "moodle", "gradescope", "brightspace", "blackboard", "matrix"])
    def test_a_file_is_as_it_was_checked_by_hand(self, name: str) -> None:
        made = {
            "canvas": lambda: export_canvas(roll(), "Midterm 1 (4711)"),
            "moodle": lambda: export_moodle(roll(), "Midterm 1"),
            "gradescope": lambda: export_gradescope(roll()),
            "brightspace": lambda: export_brightspace(roll(), "Midterm 1"),
            "blackboard": lambda: export_blackboard(roll(), "Midterm 1 [Total Pts: 7.5 Score] |4711"),
            "matrix": lambda: export_matrix(roll()),
        }[name]()
        assert made.data == (GOLDEN / f"{name}.csv").read_bytes()

    def test_canvas_imports_it(self) -> None:
        found = import_canvas((GOLDEN / "canvas.csv").read_bytes(), CANVAS_USERS, {4711: "First midterm"})
        assert (found.assignment_id, found.title, found.points_possible) == (4711, "Midterm 1", "7.50")
        assert found.grades == {881: "7.25", 882: "5.00", 883: "0.25", 886: "6.00", 887: "4.00"}
        assert found.unknown == []

    def test_moodle_imports_it(self) -> None:
        found = import_moodle((GOLDEN / "moodle.csv").read_bytes(), {"S1001", "S1002", "-5", "S1006", "S1007"})
        assert {key: grade for key, (grade, _) in found.items()} == {
            "S1001": 7.25,
            "S1002": 5,
            "-5": 0.25,
            "S1006": 6,
            "S1007": 4,
        }
        assert found["S1001"][1].split("\n") == [
            "1a: 4.75 of 5.00. the sketch counts",
            '2: 2.50 of 2.50. =SUM(A1) is "no" answer; -1 & x<y \\"',
        ]
        assert found["S1002"][1].endswith("\n2: 0.00 of 2.50. Nothing was written here.")
        assert found["-5"][1] == "1a: 0.00 of 5.00\n2: 0.25 of 2.50. ends with \\"

    def test_readers_of_gradescope_read_it(self) -> None:
        first, second, *_, last = read_gradescope((GOLDEN / "gradescope.csv").read_bytes())
        assert (first.first, first.last, first.sid, first.email) == ("Maya", "Lindqvist", "S1001", "maya@x.test")
        assert (first.total, first.out_of, first.questions) == (7.25, 7.5, {"1a": (4.75, 5), "2": (2.5, 2.5)})
        assert (second.first, second.last) == ("Inés", "Muñoz Tarrés")
        assert (last.first, last.last, last.sid, last.email) == ("Zoe", "Quinn", "", "")


class TestWhoIsLeftOut:
    @pytest.mark.parametrize(
        "made", [export_canvas(roll(), "M"), export_moodle(roll(), "M", MoodleKey.NUMBER)], ids=["canvas", "moodle"]
    )
    def test_who_is_not_final_not_sure_or_not_there(self, made: Export) -> None:
        assert made.left_out == (*UNSURE, *ALWAYS)
        assert made.written == 5

    def test_gradescope_needs_no_roster_line(self) -> None:
        made = export_gradescope(roll())
        assert made.left_out == (
            UNSURE[0],
            ExcludedStudent(name="Ann Lee (scans/Ann Lee)", reason=NOT_FINAL, open_questions=("2",)),
            *ALWAYS,
        )
        assert made.written == 6
        (note,) = made.notes
        assert note.startswith("without SID and email, as no line of a roster is surely theirs: Zoe_Quinn. Say whose ")
        assert "aita students list" in note

    def test_json_lines_have_the_open_ones_too(self) -> None:
        made = export_json_lines(roll(), gradebook())
        assert (made.left_out, made.written) == (ALWAYS, 8)

    def test_moodle_needs_the_key(self) -> None:
        made = export_moodle(roll(), "M", MoodleKey.EMAIL)
        assert ExcludedStudent(name="Oona Bracegirdle", reason="without Email address on the roster") in made.left_out
        assert made.data.decode("utf-8-sig").startswith('"Email address"')

    def test_moodles_key_is_what_more_have(self) -> None:
        emails = tuple(entry.model_copy(update={"number": ""}) for entry in ROSTER)
        assert export_moodle(roll(emails), "M").data.decode("utf-8-sig").startswith('"Email address"')
        assert export_moodle(roll(), "M").data.decode("utf-8-sig").startswith('"ID number"')
        both = tuple(entry.model_copy(update={"email": entry.number}) for entry in ROSTER)
        assert export_moodle(roll(both), "M").data.decode("utf-8-sig").startswith('"Email address"')

    def test_a_key_that_would_have_to_be_changed_finds_nobody(self) -> None:
        changed = (ROSTER[0].model_copy(update={"email": "=maya@x.test"}), *ROSTER[1:])
        made = export_moodle(roll(changed), "M", MoodleKey.EMAIL)
        assert ExcludedStudent(name="Lindqvist, Maya", reason="Email address begins as a formula does") in made.left_out

    def test_a_folder_that_is_gone_is_told_by_its_id(self) -> None:
        found = call_roll(gradebook(), class_list({"s-1": "Maya Lindqvist"}, None))
        gone = [
            left_out.name for left_out in found.left_out if left_out.reason == "graded, and the folder of scans is gone"
        ]
        assert gone == ["s-2", "s-3", "s-4", "s-5", "s-6", "s-7", "s-8"]

    def test_what_people_decided_of_a_folder_that_is_gone_is_told(self) -> None:
        found = call_roll(gradebook(), class_list({"s-2": "Ines Munoz Tarres"}, None))
        assert found.notes == ("people decided on answers of students whose folders of scans are gone: s-1",)
        assert roll().notes == ()

    def test_a_roster_that_was_corrected_counts_at_once(self) -> None:
        found = export_canvas(roll((*ROSTER, RosterEntry(name="Zoe Quinn", number="S1009"))), "M")
        assert [left_out.name for left_out in found.left_out if "not on the roster" in left_out.reason] == []
        assert found.written == 6

    def test_without_a_roster_nobody_is_found(self) -> None:
        made = export_canvas(roll(None), "M")
        assert made.written == 0
        assert {left_out.reason.removeprefix("not final; ") for left_out in made.left_out} == {
            "there is no roster",
            "ungraded: grade again",
        }


class TestCanvas:
    def test_a_student_without_ids_is_found_by_name(self) -> None:
        plain = tuple(RosterEntry(name=entry.name) for entry in ROSTER)
        users = [CanvasUser(1, "Maya Lindqvist", "Lindqvist, Maya"), CanvasUser(2, "Inés Muñoz Tarrés")]
        assert import_canvas(export_canvas(roll(plain), "M").data, users, {}).grades == {1: "7.25", 2: "5.00"}

    def test_a_year_in_the_exams_name_is_told_as_the_id_that_canvas_takes_it_for(self) -> None:
        named = replace(roll(), exam=EXAM.model_copy(update={"exam_name": "Midterm (2026)"}))
        made = export_canvas(named, "Midterm (2026)")
        assert import_canvas(made.data, [], {2026: "another quiz"}).assignment_id == 2026
        (note,) = made.notes
        assert note.startswith("Canvas reads the 2026 in 'Midterm (2026)' as an assignment's id")
        assert "--column 'Midterm (4711)'" in note
        assert export_canvas(named, "Midterm (4711)").notes == ()

    @pytest.mark.parametrize("name", ["Lindqvist, Maya", "Maya Lindqvist"])
    def test_of_namesakes_without_ids_none_gets_the_grade_of_the_other(self, name: str) -> None:
        roster = (RosterEntry(name="Lindqvist, Maya", email="a@x.test"), RosterEntry(name=name, email="b@x.test"))
        surely = MATCHED.model_copy(update={"student_id": "s-1", "line": roster[0].version})
        made = export_canvas(roll(roster, (surely,)), "M")
        assert import_canvas(made.data, [CanvasUser(2, "Maya Lindqvist", "Lindqvist, Maya")], {}).grades == {}
        assert next(each.reason for each in made.left_out if each.name == "Lindqvist, Maya").startswith(
            "without a SIS User ID or SIS Login ID on the roster that Canvas reads as it is, where another student has"
        )
        with_ids = (roster[0].model_copy(update={"login": "mlindq"}), roster[1])
        surely = surely.model_copy(update={"line": with_ids[0].version})
        users = [CanvasUser(2, "Maya Lindqvist", "Lindqvist, Maya"), CanvasUser(3, "Maya Lindqvist", login="mlindq")]
        assert import_canvas(export_canvas(roll(with_ids, (surely,)), "M").data, users, {}).grades == {3: "7.25"}

    @pytest.mark.parametrize("number", ["@maya", "12.345.678", "12,345"])
    def test_an_id_that_canvas_reads_otherwise_is_none(self, number: str) -> None:
        maya = ROSTER[0].model_copy(update={"canvas_id": "", "number": number, "login": "=maya"})
        users = [CanvasUser(1, "Maya L.", "Lindqvist, Maya"), CanvasUser(2, "Maya L.", sis_id=number)]
        surely = MATCHED.model_copy(update={"student_id": "s-1", "line": maya.version})
        for roster, grades in (((maya,), {1: "7.25"}), ((maya, RosterEntry(name="Maya Lindqvist", number="5")), {})):
            assert import_canvas(export_canvas(roll(roster, (surely,)), "M").data, users, {}).grades == grades

    @pytest.mark.parametrize("number", ["12.345", "-5", "1.2.3a"])
    def test_others_find_their_student(self, number: str) -> None:
        kept = ROSTER[0].model_copy(update={"canvas_id": "", "number": number, "login": ""})
        found = import_canvas(export_canvas(roll((kept,)), "M").data, [CanvasUser(2, "x", sis_id=number)], {})
        assert found.grades == {2: "7.25"}

    def test_canvas_finds_by_its_own_id_first(self) -> None:
        users = [CanvasUser(881, "somebody"), CanvasUser(1, "other", sis_id="S1001")]
        assert import_canvas(export_canvas(roll(), "M").data, users, {}).grades == {881: "7.25"}

    def test_an_assignment_that_is_there_is_found_by_name(self) -> None:
        assert import_canvas(export_canvas(roll(), "Midterm 1").data, [], {9: "Midterm 1"}).assignment_id == 9

    @pytest.mark.parametrize(
        "column", ["Final Score", "The Final Points of all", "Override Grade", "Current Grade (12)"]
    )
    def test_a_column_that_canvas_passes_over_is_refused(self, column: str) -> None:
        with pytest.raises(RequestError, match="passes over"):
            export_canvas(roll(), column)

    def test_a_column_that_canvas_has_is_refused(self) -> None:
        with pytest.raises(RequestError, match="would read the students' 'ID' as their grades"):
            export_canvas(roll(), "ID")

    @pytest.mark.parametrize("column", ["Final exam", "Score of the final"])
    def test_others_are_not(self, column: str) -> None:
        assert import_canvas(export_canvas(roll(), column).data, [], {}).title == column

    def test_no_mark_before_the_first_cell(self) -> None:
        assert export_canvas(roll(), "M").data.startswith(b'"Student"')


class TestMoodle:
    @pytest.mark.parametrize(
        ("why", "shown"),
        [
            ("Read\nit myself.", "Read it myself."),
            ("two thirds (in the margin)", "two thirds (in the margin)."),
            ("Right?", "Right?"),
        ],
    )
    def test_what_a_person_said_who_accepted_stands_before_the_feedback(self, why: str, shown: str) -> None:
        accepted = cell("s-1", "1a", OPEN, 3.0)
        said = DECISION.model_copy(update={"action": DecisionAction.ACCEPT, "points": 3.0, "why": why})
        book = gradebook((accepted, cell("s-1", "2", BLANK)), decisions=(said,))
        found = import_moodle(export_moodle(call_roll(book, class_list()), "M", MoodleKey.NUMBER).data, {"S1001"})
        assert found["S1001"][1].split("\n")[0] == f"1a: 3.00 of 5.00. {shown} Well done."

    def test_an_unknown_student_ends_an_import(self) -> None:
        """Why those who can't be found are left out."""
        with pytest.raises(MoodleRefused):
            import_moodle(export_moodle(roll(), "M").data, {"S1001"})

    def test_the_maximum_of_an_item_that_moodle_makes_is_told(self) -> None:
        (note,) = export_moodle(roll(), "M").notes
        assert note.startswith("the grades are out of 7.5, and a grade item that Moodle makes for them is out of 100: ")
        of_100 = EXAM.model_copy(update={"questions": (EXAM.questions[0].model_copy(update={"points": 100.0}),)})
        found = call_roll(gradebook((), of_100, ()), class_list({"s-1": "Maya Lindqvist"}))
        assert export_moodle(found, "M").notes == ()

    def test_grades_above_100_are_noted(self) -> None:
        exam = EXAM.model_copy(update={"questions": (EXAM.questions[0].model_copy(update={"points": 101.0}),)})
        cells = [cell("s-1", "1a", GRADED, points, max_points=101) for points in (100.5,)]
        found = call_roll(gradebook(cells, exam, ()), class_list({"s-1": "Maya Lindqvist"}))
        assert any("Moodle takes no grade above 100" in note for note in export_moodle(found, "M").notes)
        assert not any("above" in note for note in export_moodle(roll(), "M").notes)


class TestJsonLines:
    def lines(self) -> dict[tuple[str, str], dict[str, Any]]:
        made = export_json_lines(roll(), gradebook())
        lines = [json.loads(line) for line in made.data.decode().splitlines()]
        assert len(lines) == 16
        return {(line["student_id"], line["question_id"]): line for line in lines}

    def test_a_line_has_all_of_a_cell(self) -> None:
        line = self.lines()["s-2", "1a"]
        assert line["criteria"] == [{"points": 5.0, "quote": "2 + 2 = 4", "reason": "right", "quote_found": True}]
        assert line == CELLS[2].model_dump(mode="json") | {
            "name": "Inés Muñoz Tarrés",
            "number": "S1002",
            "email": "ines@x.test",
            "folder": "Ines Munoz Tarres",
            "match": "exact",
            "proposal": None,
            "bonus": False,
            "counts": True,
            "total": 5.0,
            "out_of": 7.5,
            "grades_version": gradebook().version,
            "decisions": [],
        }
        assert {each["grades_version"] for each in self.lines().values()} == {gradebook().version}
        assert gradebook(decisions=()).version != gradebook().version

    def test_an_open_cell_has_no_points(self) -> None:
        lines = self.lines()
        waiting, failed = lines["s-4", "1a"], lines["s-6", "2"]
        assert (waiting["state"], waiting["points"], waiting["proposal"]) == ("NEEDS_REVIEW", None, 3.0)
        assert waiting["flags"] == [{"kind": "instruction", "note": "line 1"}]
        assert (failed["state"], failed["points"], failed["proposal"]) == ("FAILED", None, None)

    def test_a_decision_is_told_with_who_when_and_why(self) -> None:
        line = self.lines()["s-1", "1a"]
        assert (line["state"], line["points"]) == ("OVERRIDDEN", 4.75)
        (decision,) = line["decisions"]
        assert (decision["by"], decision["why"], decision["old_points"]) == ("prof", DECISION.why, 4.5)
        assert decision["at"] == "2026-03-01T09:00:00Z"

    def test_points_that_were_set_stand_without_what_was_proposed(self) -> None:
        line = self.lines()["s-1", "1a"]
        assert (line["criteria"], line["feedback"]) == ([], "")

    def test_a_quote_that_was_not_found_stands_in_no_line(self) -> None:
        invented = CriterionGrade(points=3.0, quote="words of nobody", quote_found=False)
        waiting = cell("s-1", "1a", OPEN, 3.0, criteria=(invented,))
        accepted = cell("s-2", "1a", OPEN, 3.0, criteria=(invented,))
        taken = DECISION.model_copy(
            update={"cell_id": accepted.cell_id, "action": DecisionAction.ACCEPT, "points": 3.0, "why": ""}
        )
        book = gradebook((waiting, accepted), decisions=(taken,))
        made = export_json_lines(call_roll(book, class_list()), book).data.decode()
        first, _, second, _ = [json.loads(line) for line in made.splitlines()]
        assert (first["state"], second["state"]) == ("NEEDS_REVIEW", "GRADED")
        for line in (first, second):
            assert line["criteria"] == [{"points": 3.0, "quote": "", "reason": "", "quote_found": False}]
        assert "words of nobody" not in made

    def test_nor_does_another_graders_or_anything_of_theirs_once_points_are_set(self) -> None:
        words = {"points": 3.0, "quote": "2 + 2 = 4"}, {"points": 2.0, "quote": "words of nobody", "quote_found": False}
        gradings = [{"criteria": [each], "feedback": f"feedback {each['points']}"} for each in words]
        said = {"gradings": gradings, "graders": (3.0, 2.0), "by_grader": ((3.0,), (2.0,)), "feedback": "feedback 3.0"}
        open_, decided = (cell(student, "1a", OPEN, 3.0, **said) for student in ("s-1", "s-2"))
        taken = DECISION.model_copy(update={"cell_id": decided.cell_id})
        book = gradebook((open_, decided), decisions=(taken,))
        made = export_json_lines(call_roll(book, class_list()), book).data.decode()
        first, _, second, _ = [json.loads(line) for line in made.splitlines()]
        assert [grading["criteria"][0]["quote"] for grading in first["gradings"]] == ["2 + 2 = 4", ""]
        assert (first["graders"], first["by_grader"]) == ([3, 2], [[3], [2]])
        assert second["state"] == "OVERRIDDEN"
        assert [second[each] for each in ("criteria", "feedback", "gradings", "graders", "by_grader")] == [
            [], "", [], [], [],
        ]  # fmt: skip
        assert "words of nobody" not in made

    def test_no_text_ends_a_line(self) -> None:
        said = "one\x85two\u2028three\u2029four"
        book = gradebook((cell("s-1", "1a", GRADED, 5.0, feedback=said),), decisions=())
        made = export_json_lines(call_roll(book, class_list({"s-1": "Maya Lindqvist"})), book).data.decode()
        first, _ = [json.loads(line) for line in made.splitlines()]
        assert first["feedback"] == said

    def test_who_is_not_on_the_roster_has_a_folder(self) -> None:
        line = self.lines()["s-8", "1a"]
        assert (line["name"], line["number"], line["email"], line["match"]) == ("Zoe_Quinn", None, None, "none")


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12) | st.sampled_from(
    ["=1+1", "-x", "@a", "Lee; =1", 'a"b', "Lee, Ann", "x\n=1", "back\\", "'t Hooft", "Ünal-Öz"]
)
SAID = st.text(st.sampled_from("=+-@;,<&>\"'\\ \t\n\rax1é\u2028"), max_size=20) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=20
)
POINTS = st.integers(0, 500).map(lambda hundredths: hundredths / 100)


@st.composite
def classes(draw: st.DrawFn) -> ExportRoster:
    """Draw a class whose folders are named by number, with any names, points, states and feedback."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4))
    cells: list[Cell] = []
    for number in range(len(names)):
        for question in EXAM.questions:
            state = draw(st.sampled_from([GRADED, GRADED, GRADED, BLANK, OPEN, FAILED]))
            points = min(draw(POINTS), question.points)
            said = draw(SAID) if state is GRADED else ""
            cells.append(cell(f"s-{number}", question.question_id, state, points, feedback=said))
    folders = {f"s-{number}": str(4000 + number) for number in range(len(names))}
    roster = tuple(
        RosterEntry(name=name, number=str(4000 + number), email=f"{number}@x.test") for number, name in enumerate(names)
    )
    return call_roll(gradebook(cells, decisions=()), class_list(folders, roster))


def final(drawn: ExportRoster) -> dict[str, Any]:
    return {each.student.folder: each for each in drawn.students if each.grades.final}


@given(classes())
def test_canvas_gets_each_final_total_whatever_the_names(drawn: ExportRoster) -> None:
    made = export_canvas(drawn, "M")
    users = [CanvasUser(number, "x", sis_id=str(4000 + number)) for number in range(4)]
    found = import_canvas(made.data, users, {})
    totals = {int(folder) - 4000: str(exact(each.grades.points)) for folder, each in final(drawn).items()}
    assert found.grades == totals
    assert found.unknown == []
    assert made.written + len(made.left_out) == len(drawn.students)


@given(classes())
def test_moodle_gets_each_final_total_and_shows_feedback_as_it_was_said(drawn: ExportRoster) -> None:
    found = import_moodle(export_moodle(drawn, "M", MoodleKey.NUMBER).data, {str(4000 + n) for n in range(4)})
    assert {key: grade for key, (grade, _) in found.items()} == {
        folder: each.grades.points for folder, each in final(drawn).items()
    }
    for folder, each in final(drawn).items():
        for line, graded in zip(found[folder][1].split("\n"), each.grades.cells, strict=True):
            said = "Nothing was written here." if graded.state is CellState.BLANK else " ".join(graded.feedback.split())
            assert line.partition(" of ")[2].partition(". ")[2] == said


@given(classes())
def test_gradescopes_questions_sum_to_its_totals(drawn: ExportRoster) -> None:
    made = export_gradescope(drawn)
    rows = read_gradescope(made.data)
    assert [row.total for row in rows] == [each.grades.points for each in final(drawn).values()]
    for row in rows:
        assert exact(sum(points for points, _ in row.questions.values())) == exact(row.total)
        assert exact(sum(out_of for _, out_of in row.questions.values())) == exact(row.out_of) == exact(7.5)


@given(classes())
def test_no_export_has_a_formula(drawn: ExportRoster) -> None:
    for made in (export_canvas(drawn, "=M"), export_moodle(drawn, "-M"), export_gradescope(drawn)):
        for row in csv.reader(io.StringIO(made.data.decode("utf-8-sig"), newline="")):
            assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


@given(classes())
def test_json_lines_have_every_cell_and_no_number_for_an_open_one(drawn: ExportRoster) -> None:
    lines = [json.loads(line) for line in export_json_lines(drawn, gradebook()).data.decode().splitlines()]
    assert len(lines) == 2 * len(drawn.students)
    for line in lines:
        assert (line["points"] is None) == (line["state"] in ("NEEDS_REVIEW", "FAILED"))


class TestSections:
    ROSTER = (
        RosterEntry(name="Maya Lindqvist", number="1", section="Lab A"),
        RosterEntry(name="Grace Hopper", number="2", section="Lab A and Lab B"),
        RosterEntry(name="Ada Byron", number="3", section="Lab B"),
        RosterEntry(name="Oona Bracegirdle", number="4"),
        RosterEntry(name="Ann Lee", number="5", section="Lab B"),
    )
    FOLDERS = {"s-1": "Maya Lindqvist", "s-2": "Grace Hopper", "s-3": "Ada Byron", "s-9": "Zoe Quinn"}

    def roll(self, section: str | None) -> ExportRoster:
        cells = [cell(each, question, BLANK) for each in self.FOLDERS for question in ("1a", "2")]
        return call_roll(gradebook(cells, decisions=()), class_list(self.FOLDERS, self.ROSTER), section)

    @pytest.mark.parametrize(
        ("section", "names", "missing"),
        [
            (" lab a ", ["Maya Lindqvist", "Grace Hopper"], []),
            ("Lab B", ["Grace Hopper", "Ada Byron"], ["Ann Lee"]),
            ("Lab A and Lab B", ["Grace Hopper"], []),
        ],
    )
    def test_students_of_a_section_and_those_of_whom_nobody_knows_it(
        self, section: str, names: list[str], missing: list[str]
    ) -> None:
        found = self.roll(section)
        assert [each.name for each in found.students] == names
        assert [each.name for each in found.left_out] == ["Zoe Quinn", *missing]

    def test_a_matrix_of_a_section_has_nobody_of_whom_nobody_knows_it(self) -> None:
        """Folders that nobody has transcribed or graded yet may be any section's, and are named for people."""
        listed = replace(class_list(self.FOLDERS, self.ROSTER), untranscribed=("Ann Lee",))
        cells = [cell(each, question, BLANK) for each in ("s-1", "s-2", "s-3") for question in ("1a", "2")]
        found = call_roll(gradebook(cells, decisions=()), listed, "Lab A")
        rows = list(csv.DictReader(io.StringIO(export_matrix(found).data.decode("utf-8-sig"))))
        assert [row["Name"] for row in rows] == ["Grace Hopper", "Maya Lindqvist"]
        assert [each.name for each in found.left_out] == ["Zoe Quinn", "Ann Lee"]

    def test_all_without_one(self) -> None:
        assert len(self.roll(None).students) == 4

    def test_a_section_that_nobody_is_in_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(RequestError, match="'Lab C': it has Lab A, Lab A and Lab B, Lab B"):
            self.roll("Lab C")
        with pytest.raises(RequestError, match="it has no column with sections"):
            call_roll(gradebook(), class_list(roster=None), "A")


class TestBrightspaceAndBlackboard:
    def test_brightspace_has_the_ids_that_the_roster_has(self) -> None:
        roster = (RosterEntry(name="Maya Lindqvist", login="mlindq"), RosterEntry(name="Inés Muñoz Tarrés"))
        made = export_brightspace(roll(roster, ()), "Quiz")
        assert list(csv.reader(io.StringIO(made.data.decode()))) == [
            ["Username", "Quiz Points Grade", "End-of-Line Indicator"],
            ["mlindq", "7.25", "#"],
        ]
        assert "without OrgDefinedId and Username on the roster" in [each.reason for each in made.left_out]

    def test_an_id_that_would_be_changed_is_no_id(self) -> None:
        roster = (RosterEntry(name="Maya Lindqvist", number="S1", login="=cmd()"),)
        (left_out,) = [each for each in export_brightspace(roll(roster, ()), "Q").left_out if "formula" in each.reason]
        assert left_out == ExcludedStudent(name="Maya Lindqvist", reason="Username begins as a formula does")
        (left_out,) = [each for each in export_blackboard(roll(roster, ()), "Q").left_out if "formula" in each.reason]
        assert left_out.reason == "the login name begins as a formula does"

    @pytest.mark.parametrize(
        "header",
        ["Midterm 1 Points Grade", "Midterm 1 Points Grade <Numeric MaxPoints:7.5 Weight:10 Category:Exams>"],
    )
    def test_the_header_of_brightspaces_own_export_is_the_same_item(self, header: str) -> None:
        assert export_brightspace(roll(), header) == export_brightspace(roll(), "Midterm 1")

    @pytest.mark.parametrize(
        ("made", "system"),
        [
            (export_brightspace(roll(), "M Points Grade <Numeric MaxPoints:20 Weight:10>"), "Brightspace"),
            (export_blackboard(roll(), "M [Total Pts: 20 Score] |4711"), "Blackboard"),
            (export_blackboard(roll(), "M [Total Pts: up to 20 Score] |4711"), "Blackboard"),
        ],
    )
    def test_a_column_of_another_maximum_is_told(self, made: Export, system: str) -> None:
        (note,) = made.notes
        assert note.startswith(f"the column is out of 20 points in {system}, and the exam out of 7.5: ")

    @pytest.mark.parametrize("total", ["7.5", "7,50", "1,000"])
    def test_no_other_is(self, total: str) -> None:
        assert export_blackboard(roll(), f"M [Total Pts: {total} Score] |4711").notes == ()

    def test_blackboard_tells_that_a_column_without_an_id_is_a_new_one(self) -> None:
        (note,) = export_blackboard(roll(), "Midterm").notes
        assert "--column 'Midterm [Total Pts: 7.5 Score] |4711'" in note
        assert export_blackboard(roll(), "Midterm [Total Pts: 7.5 Score] |99").notes == ()


def test_the_points_of_an_open_answer_are_in_no_matrix() -> None:
    rows = list(csv.DictReader(io.StringIO(export_matrix(roll()).data.decode("utf-8-sig"))))
    (juana,) = [row for row in rows if row["Name"] == "Juana de la Cruz"]
    assert (juana["1a (5)"], juana["1a state"], juana["2 (2.5)"], juana["Total"]) == ("", "NEEDS_REVIEW", "1.00", "")
    assert len(rows) == len(roll().students) + len(roll().ungraded)


def test_no_full_answer_has_more_points_than_its_column_and_rounded_columns_are_told() -> None:
    worth = 2.675  # rounded half up, as all points are
    questions = tuple(each.model_copy(update={"points": worth}) for each in EXAM.questions)
    exam = EXAM.model_copy(update={"questions": questions})
    cells = [cell("s-1", each.question_id, GRADED, 2.68, max_points=worth) for each in questions]
    found = call_roll(gradebook(cells, exam, ()), class_list({"s-1": "Maya Lindqvist"}))
    made = export_gradescope(found)
    header, row = csv.reader(io.StringIO(made.data.decode()))
    assert header[-2:] == ["1a (2.68 pts)", "2 (2.68 pts)"]
    assert row[-2:] == ["2.68", "2.68"]
    assert (row[4:6], export_gradescope(roll()).notes[1:]) == (["5.35", "5.35"], ())
    (note,) = made.notes
    assert note.startswith("for 1 of the students the columns of questions do not sum to the total: ")
    assert '"1a (2.68)"' in export_matrix(found).data.decode("utf-8-sig")
