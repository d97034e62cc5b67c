"""Ids follow content: a renamed folder keeps its student and what people decided, and so does a renamed question."""

import json
from typing import Any

import pytest

from aita.models.decision import DecisionAction
from aita.models.grade import Cell, CellState, cell_id
from aita.models.match import MatchAction, MatchRequest
from aita.models.review import DecisionRequest
from aita.services.assignments.match_decisions import RosterMatches
from aita.services.compliance.recompute import recompute
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, QUESTIONS, Harness, right
from tests.unit.services.compliance.test_audit_bundle import audited
from tests.unit.services.grading.test_changed_material import book

RUBRICS = {
    each["question_id"]: {
        "total_points": each["points"],
        "criteria": [{"points": each["points"], "description": "right"}],
    }
    for each in QUESTIONS
}
ANN = {"1.jpg": b"four", "2.jpg": b"seven", "3.jpg": b"a cell"}


def put(harness: Harness, folder: str, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        harness.put(f"scans/{folder}/{name}", data)


def rename(harness: Harness, folder: str, to: str, **files: str) -> None:
    """Rename a folder, and the files in it if they are to have other names."""
    prefix = f"{ASSIGNMENT}/scans/{folder}/"
    for key in [key for key in harness.objects.data if key.startswith(prefix)]:
        name = key.removeprefix(prefix)
        stem = files.get(name.removesuffix(".jpg"), name)
        harness.objects.data[f"{ASSIGNMENT}/scans/{to}/{stem}"] = harness.objects.data.pop(key)


def ids(harness: Harness) -> dict[str, str]:
    return {each["folder"]: each["student_id"] for each in harness.artifact("students.json")["students"]}


def transcriptions(harness: Harness) -> Any:
    """Let a page be read as its image says."""

    def otherwise(request: Any) -> Any:
        if request.schema_name != "Transcription":
            return right(request)
        (data,) = harness.model.images[-1].values()
        return json.dumps({"text": data.decode(), "confidence": 0.9, "notes": ""})

    return otherwise


def set_points(harness: Harness, student_id: str, question_id: str = "1a", points: float = 1) -> None:
    reviews = Reviews(harness.objects, harness.decisions, harness.clock)
    basis = reviews.show(ASSIGNMENT, cell_id(student_id, question_id)).basis
    request = DecisionRequest(action=DecisionAction.SET, points=points, why="copied", by="Ada", basis=basis)
    reviews.decide(ASSIGNMENT, cell_id(student_id, question_id), request)


def cell(harness: Harness, student_id: str, question_id: str) -> Cell:
    return next(each for each in book(harness).students[student_id].cells if each.question_id == question_id)


@pytest.fixture
def graded(harness: Harness) -> Harness:
    """Ann and Bob, graded, of whose answers a person set one."""
    harness.exam()
    harness.put("user_rubrics.json", RUBRICS)
    harness.model.otherwise = transcriptions(harness)
    put(harness, "Ann", ANN)
    put(harness, "Bob", {"1.jpg": b"4"})
    assert harness.run("exam").status == "SUCCEEDED"
    set_points(harness, ids(harness)["Ann"])
    return harness


class TestFolders:
    def test_a_renamed_folder_keeps_its_id_and_what_people_decided(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        rename(graded, "Ann", "Ann Lee")
        calls = graded.model.calls
        graded.run("exam")
        assert ids(graded)["Ann Lee"] == ann
        assert (cell(graded, ann, "1a").state, cell(graded, ann, "1a").points) == (CellState.OVERRIDDEN, 1)
        assert graded.model.calls == calls, "nothing is paid again"

    def test_so_does_one_whose_files_were_renamed_too(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        rename(graded, "Ann", "Lee, Ann", **{"1": "a.jpg", "2": "b.jpg", "3": "c.jpg"})
        graded.run("transcribe")
        assert ids(graded)["Lee, Ann"] == ann

    def test_so_does_one_of_which_a_page_was_scanned_anew(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        rename(graded, "Ann", "Ann Lee")
        graded.put("scans/Ann Lee/1.jpg", b"four, as two and two are")
        graded.run("transcribe")
        assert ids(graded)["Ann Lee"] == ann

    def test_a_map_of_an_earlier_version_knows_files_by_their_names(self, graded: Harness) -> None:
        stored = graded.artifact("students.json")
        for each in stored["students"]:
            del each["etags"]
        graded.put("students.json", stored)
        rename(graded, "Ann", "Ann Lee")
        graded.run("transcribe")
        assert ids(graded)["Ann Lee"] == stored["students"][0]["student_id"]

    @pytest.mark.parametrize(
        "files",
        [
            {"1.jpg": ANN["1.jpg"], "2.jpg": b"3", "3.jpg": b"other"},
            {**ANN, **{f"{n}.jpg": f"{n}".encode() for n in range(4, 8)}},
            {"1.jpg": b"x"},
        ],
        ids=["few of the old", "few of the new", "none"],
    )
    def test_less_than_most_is_another_student(self, graded: Harness, files: dict[str, bytes]) -> None:
        ann = ids(graded)["Ann"]
        rename(graded, "Ann", "Elsewhere")
        for key in [key for key in graded.objects.data if "/scans/Elsewhere/" in key]:
            del graded.objects.data[key]
        put(graded, "Zoe", files)
        graded.run("transcribe")
        assert ids(graded)["Zoe"] != ann

    def test_a_copy_is_another_student_while_the_old_folder_is_there(self, graded: Harness) -> None:
        before = ids(graded)
        put(graded, "Ann Lee", ANN)
        graded.run("transcribe")
        assert ids(graded)["Ann"] == before["Ann"]
        assert ids(graded)["Ann Lee"] not in before.values()

    def test_two_folders_of_the_same_scans_are_no_ones_renamed(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        rename(graded, "Ann", "Ann Lee")
        put(graded, "Ann L", ANN)
        graded.run("transcribe")
        assert ann not in ids(graded).values()

    def test_two_students_of_the_same_scans_are_not_told_apart(self, graded: Harness) -> None:
        put(graded, "Copy", ANN)
        graded.run("transcribe")
        gone = {ids(graded)[folder] for folder in ("Ann", "Copy")}
        rename(graded, "Copy", "Nowhere")
        rename(graded, "Ann", "Nowhere")
        graded.run("transcribe")
        assert ids(graded)["Nowhere"] not in gone

    def test_whose_folder_it_is_stays_decided(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        graded.put("roster.csv", "Name,ID\nAnna Leigh,1\n")
        material = graded.objects
        matches = RosterMatches(material, graded.decisions, graded.clock)
        matches.decide(ASSIGNMENT, ann, MatchRequest(action=MatchAction.NOBODY, by="Ada"))
        rename(graded, "Ann", "Anna")
        graded.run("transcribe")
        (found,) = [each for each in matches.page(ASSIGNMENT, 9, None).students if each.student_id == ann]
        assert (found.match, len(found.decisions)) == ("nobody", 1)


def renamed(**names: str) -> list[dict[str, Any]]:
    return [each | {"question_id": names.get(f"q{each['question_id']}", each["question_id"])} for each in QUESTIONS]


def rename_questions(harness: Harness, **names: str) -> None:
    """Give questions other ids, with their rubrics; and run all that the change asks for."""
    harness.exam(*renamed(**names))
    rubrics = {names.get(f"q{question_id}", question_id): rubric for question_id, rubric in RUBRICS.items()}
    harness.put("user_rubrics.json", rubrics)
    assert harness.run("exam").status == "SUCCEEDED"


class TestQuestions:
    def test_a_renamed_question_keeps_what_people_decided(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        rename_questions(graded, q1a="I.a")
        found = cell(graded, ann, "I.a")
        assert (found.state, found.points, found.reason) == (CellState.OVERRIDDEN, 1, "copied")
        assert recompute(audited(graded)) == []

    def test_with_another_rubric_it_is_open_and_says_who_decided(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        graded.exam(*renamed(q1a="I.a"))
        other = {"total_points": 5, "criteria": [{"points": 5, "description": "otherwise"}]}
        graded.put("user_rubrics.json", {"I.a": other, "1b": RUBRICS["1b"], "2": RUBRICS["2"]})
        graded.run("exam")
        found = cell(graded, ann, "I.a")
        assert found.state is CellState.NEEDS_REVIEW
        assert any("Ada decided on 1 point" in flag.text for flag in found.flags)
        assert recompute(audited(graded)) == []

    def test_before_anything_runs_it_is_open(self, graded: Harness) -> None:
        graded.exam(*renamed(q1a="I.a"))
        assert cell(graded, ids(graded)["Ann"], "I.a").state.is_open
        assert recompute(audited(graded)) == []

    def test_ids_that_change_places_take_decisions_along(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        set_points(graded, ann, "2", 10)
        rename_questions(graded, q1a="2", q2="1a")
        assert [cell(graded, ann, question_id).points for question_id in ("1a", "2")] == [10, 1]
        assert cell(graded, ann, "2").state is CellState.OVERRIDDEN
        assert recompute(audited(graded)) == []

    def test_of_two_questions_of_one_wording_none_takes_the_others(self, graded: Harness) -> None:
        ann = ids(graded)["Ann"]
        twin = QUESTIONS[0] | {"question_id": "I.b"}
        graded.exam(*renamed(q1a="I.a"), twin)
        rubrics = {"I.a": RUBRICS["1a"], "I.b": RUBRICS["1a"], "1b": RUBRICS["1b"], "2": RUBRICS["2"]}
        graded.put("user_rubrics.json", rubrics)
        graded.run("exam")
        for question_id in ("I.a", "I.b"):
            found = cell(graded, ann, question_id)
            assert found.state is not CellState.OVERRIDDEN
            assert not [flag for flag in found.flags if "Ada" in flag.text]
