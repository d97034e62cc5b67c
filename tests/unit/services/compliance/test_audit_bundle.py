"""The audit's bundle: it tells how grades came about, and its script comes to the same totals, or says which differ."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aita
from aita.errors import MissingMaterialError
from aita.memory.objects import MemoryObjects
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import ExamSpec, Question
from aita.models.grade import Cell, CellState, CriterionGrade, cell_id, question_version
from aita.models.match import MatchAction, MatchRequest
from aita.models.part_decision import PartAction, PartDecision
from aita.models.points import total
from aita.ports import StoredRow
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.match_decisions import RosterMatches
from aita.services.compliance.audit_bundle import RECOMPUTE, Auditor
from aita.services.compliance.recompute import recompute
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.letter_grades import USUAL_SCALE
from aita.services.grading.unplaced_parts import UnplacedParts
from tests.support.fakes import ASSIGNMENT, EXAM, QUESTIONS, Harness, right
from tests.support.ledgers import ledger, on_part, part
from tests.support.memory_decisions import MemoryDecisions

PACKAGE = Path(aita.__file__).parent
BASES = ("basis", "basis, of 5", "other", "not graded, of 5")


class Rows:
    """The table's rows of the runs in a harness."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        yield from (
            StoredRow(f"ASSIGNMENT#{assignment}", "RUN", run_id) for run_id in (*self.harness.runs.rows, "gone")
        )

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        raise NotImplementedError

    def delete(self, rows: Sequence[StoredRow]) -> None:
        raise NotImplementedError


def audited(harness: Harness) -> dict[str, Any]:
    auditor = Auditor(harness.objects, Rows(harness), harness.runs, harness.decisions, harness.clock)
    bundle: dict[str, Any] = json.loads(json.dumps(auditor.bundle(ASSIGNMENT)))
    return bundle


@pytest.fixture
def bundle(harness: Harness) -> dict[str, Any]:
    """The bundle of two students, of whom one has a decision."""
    harness.exam()
    harness.put("blank_exam.jpg", b"o")
    harness.put("scans/Zebulon Quixote/1.jpg", b"one")
    harness.put("scans/Ann Lee/1.jpg", b"other")
    harness.model.otherwise = lambda request: right(request, text="1a. four\n1b. five\n2. a cell")
    for pipeline in ("rubric", "transcribe", "grade"):
        harness.run(pipeline)
    student_id, cells = next(iter(harness.artifact("grades.json").items()))
    harness.decisions.add(ASSIGNMENT, decided(student_id, "1a", 1.25, basis=cells["1a"]["basis"]))
    return audited(harness)


def decided(student_id: str, question_id: str, points: float | None = None, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "decision_id": "d-1",
        "cell_id": cell_id(student_id, question_id),
        "student_id": student_id,
        "question_id": question_id,
        "action": DecisionAction.SET,
        "points": points,
        "why": "so",
        "by": "prof",
        "at": datetime(2026, 3, 2, tzinfo=UTC),
        "basis": "basis",
        "old_state": CellState.GRADED,
    }
    return Decision(**values | changes)


def ran(folder: Path, bundle: dict[str, Any], *arguments: str) -> tuple[int, str]:
    """Run the script as an auditor does: copied, isolated, with nothing but Python."""
    (folder / "audit.json").write_text(json.dumps(bundle), "utf-8")
    (folder / "recompute.py").write_bytes(RECOMPUTE.read_bytes())
    command = [sys.executable, "-I", "-S", str(folder / "recompute.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_script_recomputes_every_total(bundle: dict[str, Any], tmp_path: Path) -> None:
    assert ran(tmp_path, bundle) == (0, "2 totals recomputed: all as recorded\n")
    assert all(total["letter"] for total in bundle["totals"].values()), "they are final"


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("points", 3.0, "points is"),
        ("out_of", 100.0, "out_of is 18.50, and the bundle says 100.00"),
        ("letter", "Z", "letter is"),
        ("open_questions", ["2"], "open_questions is"),
    ],
)
def test_the_script_says_which_number_differs(
    bundle: dict[str, Any], tmp_path: Path, name: str, changed: Any, says: str
) -> None:
    bundle["totals"][next(iter(bundle["totals"]))][name] = changed
    code, said = ran(tmp_path, bundle)
    assert code == 1
    assert says in said
    assert said.endswith("1 number differs\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-h",), 0, "Recompute every total"),
        (("nowhere.json",), 2, "nowhere.json can't be read as an audit bundle: "),
        (("one.json", "two.json"), 2, "python3 recompute.py [audit.json]"),
    ],
)
def test_the_script_says_how_it_is_used(
    bundle: dict[str, Any], tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found = ran(tmp_path, bundle, *arguments)
    assert found[0] == code
    assert said in found[1]
    assert "Traceback" not in found[1]


@pytest.mark.parametrize("content", ["[]", "{", "{}"])
def test_another_file_is_no_bundle(bundle: dict[str, Any], tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    code, said = ran(tmp_path, bundle, str(tmp_path / "other.json"))
    assert code == 2
    assert "other.json" in said
    assert "Traceback" not in said


def test_a_cell_whose_criteria_do_not_sum_is_told(bundle: dict[str, Any], tmp_path: Path) -> None:
    graded = [cell for cells in bundle["cells"].values() for cell in cells.values() if cell["state"] == "GRADED"]
    graded[0]["criteria"][0]["points"] += 0.25
    code, said = ran(tmp_path, bundle)
    assert (code, ": the criteria sum to" in said) == (1, True)


def test_a_decision_that_is_taken_out_is_told(bundle: dict[str, Any], tmp_path: Path) -> None:
    bundle["decisions"].clear()
    assert ran(tmp_path, bundle)[0] == 1


def test_it_tells_the_requests_models_prompts_and_rubrics(harness: Harness, bundle: dict[str, Any]) -> None:
    asked = {digest for task in bundle["requests"] for digest in task["requests"]}
    assert asked == {key[6:-5] for key in harness.objects.data if key.startswith("cache/")}
    assert {run["settings"]["model"] for run in bundle["runs"]} == {"fake-model"}
    assert [run["models"] for run in bundle["runs"]] == [{"reader": "fake-model", "grader": "fake-model"}] * 3
    assert len(bundle["runs"]) == 3
    cells = [cell for graded in bundle["cells"].values() for cell in graded.values()]
    assert {cell["rubric"] for cell in cells} == bundle["rubrics"].keys()
    assert all(rubric["criteria"] for rubric in bundle["rubrics"].values())
    assert {"grading.txt", "rubric.txt"} <= bundle["prompts"].keys()
    assert bundle["prompts"] == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (PACKAGE / "prompts").glob("*.txt")
    }
    assert bundle["decisions"][0]["by"] == "prof"


def test_it_has_who_decided_whose_folder_one_is(harness: Harness, bundle: dict[str, Any]) -> None:
    assert bundle["matches"] == []
    (student, *_) = harness.artifact("students.json")["students"]
    harness.put("roster.csv", "Name\nZebulon Quixote\n")
    request = MatchRequest(action=MatchAction.NOBODY, by="prof", why="never enrolled")
    matches = RosterMatches(harness.objects, harness.decisions, harness.clock)
    made = matches.decide(ASSIGNMENT, student["student_id"], request)
    again = audited(harness)
    assert again["matches"] == [made.model_dump(mode="json")]
    assert "Quixote" not in json.dumps(again)


def test_it_names_nobody(bundle: dict[str, Any]) -> None:
    told = json.dumps(bundle)
    assert not [name for name in ("Zebulon", "Quixote", "Ann Lee") if name in told]


def test_there_must_be_grades(harness: Harness) -> None:
    harness.exam()
    with pytest.raises(MissingMaterialError, match="no grades yet"):
        audited(harness)


points = st.sampled_from([0.0, 0.25, 1.0, 1.25, 4.5])


@st.composite
def cells(draw: st.DrawFn) -> Cell | None:
    state = draw(st.sampled_from([None, *(s for s in CellState if s is not CellState.OVERRIDDEN)]))
    if state is None:
        return None
    parts = draw(st.lists(st.sampled_from([0.0, 0.25, 0.1, 1.0]), min_size=1, max_size=3))
    values: dict[str, Any] = {"criteria": [CriterionGrade(points=each) for each in parts], "points": total(parts)}
    if state is CellState.FAILED:
        values = {"reason": "no"}
    if state is CellState.BLANK:
        values = {"points": 0}
    worth = draw(st.sampled_from([5, 7]))
    values |= {"cell_id": cell_id("s", "1a"), "student_id": "s", "question_id": "1a", "basis": "basis"}
    return Cell(state=state, max_points=worth, **values)


@st.composite
def decisions(draw: st.DrawFn) -> list[Decision]:
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(BASES),
                st.sampled_from(DecisionAction),
                st.lists(points, min_size=1, max_size=2),
                st.integers(0, 3),
                st.integers(0, 3),
            ),
            max_size=5,
        )
    )
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return [
        decided(
            "s",
            "1a",
            basis=basis,
            at=noon + timedelta(milliseconds=500 * at),
            decision_id=f"d-{n}",
            **of_action(action, criteria, f"d-{other}"),
        )
        for n, (basis, action, criteria, at, other) in enumerate(drawn)
        if total(criteria) <= 5
    ]


def of_action(action: DecisionAction, criteria: list[float], other: str) -> dict[str, Any]:
    """Return the fields of a decision: one of several criteria names them, and an undo another decision."""
    match action:
        case DecisionAction.SET:
            return {"action": action, "points": total(criteria), "criteria": criteria if len(criteria) > 1 else ()}
        case DecisionAction.UNDO:
            return {"action": action, "points": None, "undoes": other}
        case DecisionAction.NOTE:
            return {"action": action, "points": None}
        case DecisionAction.CORRECT:
            return {"action": action, "points": None, "transcription": "four", "reading": "v"}
    return {"action": action, "points": total(criteria)}


QUESTION = QUESTIONS[0]
WORDINGS = (question_version(Question.model_validate(QUESTION)), "another")


PARTS = st.lists(st.sampled_from(["unplaced", "unplaced", "print"]), max_size=2).map(
    lambda owners: [part(f"p-{n}", "1a", owner=owner) for n, owner in enumerate(owners)]
)


@st.composite
def decisions_on_parts(draw: st.DrawFn) -> list[PartDecision]:
    what = st.tuples(
        st.sampled_from(["p-0", "p-1"]),
        st.sampled_from(["s", "another"]),
        st.sampled_from([("scratch", None, ""), *(("belongs", "1a", each) for each in WORDINGS)]),
        st.integers(0, 3),
    )
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return [
        on_part(
            part_id,
            student_id,
            decision_id=f"d-{n}",
            action=PartAction(action),
            question_id=question_id,
            question=wording,
            at=noon + timedelta(milliseconds=500 * at),
        )
        for n, (part_id, student_id, (action, question_id, wording), at) in enumerate(draw(st.lists(what, max_size=2)))
    ]


def recomputed(
    cell: Cell | None,
    made: list[Decision],
    parts: Sequence[dict[str, Any]] = (),
    on_parts: Sequence[PartDecision] = (),
) -> list[str]:
    """Return what the script finds in a bundle of one cell that is made of the gradebook."""
    exam = ExamSpec.model_validate(EXAM | {"questions": QUESTIONS[:1]})
    held = {f"{ASSIGNMENT}/ledger.json": json.dumps({"s": {"parts": parts}}).encode()}
    stored = MemoryDecisions()
    for decision in on_parts:
        stored.add_on_part(ASSIGNMENT, decision)
    material = AssignmentFiles(MemoryObjects(data=held), ASSIGNMENT, stored)
    book = Gradebook(exam, {"s": {"1a": cell} if cell else {}}, made, UnplacedParts.of(material, exam))
    graded = book.graded(cell_id("s", "1a"))
    bundle = {
        "exam": exam.model_dump(mode="json"),
        "grade_scale": USUAL_SCALE.model_dump(mode="json"),
        "cells": {"s": {"1a": graded.model_dump(mode="json") | {"proposal": graded.proposal}}},
        "decisions": [each.model_dump(mode="json") for each in made],
        "ledger": {"s": parts},
        "part_decisions": [each.model_dump(mode="json") for each in on_parts],
        "totals": {
            "s": book.students["s"].model_dump(mode="json", include={"points", "out_of", "open_questions", "letter"})
        },
    }
    return recompute(bundle)


@given(cells(), decisions())
def test_the_script_counts_as_the_gradebook_does(cell: Cell | None, made: list[Decision]) -> None:
    assert recomputed(cell, made) == []


@given(
    st.sampled_from([*DecisionAction, None]),
    st.sampled_from([(), ("p-0",), ("p-0", "p-1")]),
    PARTS,
    decisions_on_parts(),
)
def test_the_script_opens_a_cell_beside_a_part_as_the_gradebook_does(
    action: DecisionAction | None, seen: tuple[str, ...], parts: list[dict[str, Any]], on_parts: list[PartDecision]
) -> None:
    criteria = (CriterionGrade(points=1.25),)
    ids = {"cell_id": cell_id("s", "1a"), "student_id": "s", "question_id": "1a", "basis": "basis"}
    cell = Cell(state=CellState.GRADED, points=1.25, max_points=5, criteria=criteria, **ids)
    made = [decided("s", "1a", parts=seen, **of_action(action, [1.25], "d-9"))] if action else []
    assert recomputed(cell, made, parts, on_parts) == []


def test_a_bundle_of_before_has_no_parts(bundle: dict[str, Any], tmp_path: Path) -> None:
    for name in ("ledger", "part_decisions"):
        del bundle[name]
    for each in bundle["decisions"]:
        del each["parts"]
    assert ran(tmp_path, bundle) == (0, "2 totals recomputed: all as recorded\n")


def test_parts_and_the_decisions_about_them_are_told_without_what_was_read(
    harness: Harness, bundle: dict[str, Any], tmp_path: Path
) -> None:
    first, second = bundle["totals"]
    held = ledger(**{first.replace("-", "_"): [part("p-1", "1a", lines=[1])], second.replace("-", "_"): []})
    harness.put("ledger.json", held)
    opened = audited(harness)
    assert opened["ledger"] == {first: [part("p-1", "1a", lines=[1], question_id=None)], second: []}
    assert ran(tmp_path, opened) == (0, "2 totals recomputed: all as recorded\n")
    harness.decisions.add_on_part(ASSIGNMENT, on_part("p-1", first))
    closed = audited(harness)
    assert [each["part_id"] for each in closed["part_decisions"]] == ["p-1"]
    assert ran(tmp_path, closed) == (0, "2 totals recomputed: all as recorded\n")
    open_questions = [each["totals"][first]["open_questions"] for each in (opened, closed)]
    assert open_questions == [[], []], "a person had set these points"
    harness.put("ledger.json", ledger(**{first.replace("-", "_"): [part("p-2", "2", lines=[1])]}))
    opened = audited(harness)
    assert opened["totals"][first]["open_questions"] == ["2"]
    assert ran(tmp_path, opened) == (0, "2 totals recomputed, 1 of them not final: all as recorded\n")
    opened["ledger"][first].clear()
    assert ran(tmp_path, opened)[0] == 1
