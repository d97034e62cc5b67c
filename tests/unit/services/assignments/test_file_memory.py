"""Files that are remembered: unchanged ones are not fetched again, and changed ones are."""

import json

from aita.memory.objects import MemoryObjects
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.file_memory import FileMemory

ANSWERS = {"s-1": {"question_answers": [{"question_id": "1a", "raw_text": "four"}]}}


def text_of(files: AssignmentFiles) -> str:
    return files.answers()["s-1"].question_answers[0].raw_text


def test_an_unchanged_file_is_fetched_once_and_a_changed_one_again() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    objects.put("midterm/answers.json", json.dumps(ANSWERS).encode())
    for _ in range(3):
        assert text_of(AssignmentFiles(objects, "midterm", memory=memory)) == "four"
    assert objects.requests["get"] == 1
    objects.put("midterm/answers.json", json.dumps(ANSWERS).replace("four", "five").encode())
    assert text_of(AssignmentFiles(objects, "midterm", memory=memory)) == "five"
    del objects.data["midterm/answers.json"]
    assert AssignmentFiles(objects, "midterm", memory=memory).answers() == {}


def test_each_form_of_a_file_is_remembered_by_itself() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    part = {"part_id": "p-1", "page": 1, "top": 0.1, "bottom": 0.2, "owner": "unplaced"}
    objects.put("midterm/ledger.json", json.dumps({"s-1": {"parts": [part]}}).encode())
    for _ in range(2):
        files = AssignmentFiles(objects, "midterm", memory=memory)
        assert len(files.unplaced_parts()["s-1"]) == 1
        assert files.ledger()["s-1"].parts[0].part_id == "p-1"


def test_all_that_tells_changes_is_listed_once() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    for name in ("blank_exam.pdf", "scans/maya/1.jpg", "answers.json"):
        objects.put(f"midterm/{name}", b"{}")
    files = AssignmentFiles(objects, "midterm", memory=memory)
    files.look()
    for _ in range(2):
        assert [each.key for each in files.stored_blank_exam()] == ["midterm/blank_exam.pdf"]
        assert [each.key for each in files.stored_scans()] == ["midterm/scans/maya/1.jpg"]
        assert files.answers() == {}
    assert objects.requests["list"] == 2
    objects.put("midterm/scans/maya/2.jpg", b"")
    assert len([*files.stored_scans()]) == 1, "the files are those of one moment"
    assert len([*AssignmentFiles(objects, "midterm", memory=memory).stored_scans()]) == 2


def test_a_version_of_a_rubric_is_fetched_once_and_a_missing_one_is_looked_for_again() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    assert AssignmentFiles(objects, "midterm", memory=memory).rubric_version("d1") is None
    rubric = {"question_id": "1a", "total_points": 5, "criteria": [{"points": 5, "description": "says four"}]}
    objects.put("midterm/rubric_versions/d1.json", json.dumps(rubric).encode())
    objects.requests.clear()
    for _ in range(2):
        files = AssignmentFiles(objects, "midterm", memory=memory)
        files.look()
        found = files.rubric_version("d1")
        assert found is not None
        assert found.total_points == 5
    assert objects.requests["get"] == 1
    assert AssignmentFiles(objects, "midterm", memory=memory).rubric_version("") is None


def test_another_assignment_is_another_one() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    for name, text in (("midterm", "four"), ("final", "five")):
        objects.put(f"{name}/answers.json", json.dumps(ANSWERS).replace("four", text).encode())
    for _ in range(2):
        assert text_of(AssignmentFiles(objects, "midterm", memory=memory)) == "four"
        assert text_of(AssignmentFiles(objects, "final", memory=memory)) == "five"


def test_the_next_listing_forgets_what_was_purged() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    objects.put("midterm/rubric_instructions.txt", b"be kind to Maya")
    assert AssignmentFiles(objects, "midterm", memory=memory).rubric_instructions() == "be kind to Maya"
    del objects.data["midterm/rubric_instructions.txt"]
    assert AssignmentFiles(objects, "midterm", memory=memory).rubric_instructions() == ""
    assert "Maya" not in repr(vars(memory))


def test_content_that_another_file_has_is_not_taken_for_a_changed_ones() -> None:
    objects, memory = MemoryObjects(), FileMemory()
    objects.put("midterm/rubric_instructions.txt", b"be kind")
    assert AssignmentFiles(objects, "midterm", memory=memory).rubric_instructions() == "be kind"
    objects.put("midterm/a copy of it.txt", b"be kind")
    objects.put("midterm/rubric_instructions.txt", b"be strict")
    assert AssignmentFiles(objects, "midterm", memory=memory).rubric_instructions() == "be strict"
