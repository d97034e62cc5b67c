"""Reading of names on the heads of pages: only where it was asked for, and only of students whom nobody knows."""

import json
from typing import Any

import pytest

from aita.models.match import MatchAction, MatchRequest
from aita.models.run import RunStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.match_decisions import RosterMatches
from aita.tasks.request import LLMRequest
from tests.support.fakes import ASSIGNMENT, FakePage, Harness, reply, right

ROSTER = "Name,Student ID\nAda Byron,1001\nBob Fox,1002\nCyd Poe,1003\n"
WRITTEN = {b"b": ("Bob Fox", "1002"), b"c": ("Cyd P.", "1003"), b"x": ("Xaver Nobody", "")}


def is_name_reading(request: LLMRequest) -> bool:
    return request.messages[0].text.startswith("You read who handed in an exam")


@pytest.fixture
def harness() -> Harness:
    """A pile of a student who is known, and three booklets, of which one is nobody's."""
    harness = Harness()
    harness.put("roster.csv", ROSTER)
    harness.put("scans/Ada Byron/1.jpg", b"a1|a2")
    for number, letter in enumerate((b"b", b"c", b"x"), 1):
        harness.put(f"scans/booklet-{number:03}/1.jpg", letter + b"1|" + letter + b"2|" + letter + b"3")
    harness.splitter.mask, harness.splitter.mask_header = lambda *_: FakePage(b"masked"), 0.1

    def answer(request: LLMRequest) -> Any:
        if not is_name_reading(request):
            return right(request)
        shown = harness.model.images[-1]
        (letter,) = {data.rpartition(b" of ")[2][:1] for data in shown.values()}
        assert len(shown) == 2
        name, number = WRITTEN[letter]
        return reply(json.dumps({"name": name, "number": number}))

    harness.model.otherwise = answer
    return harness


def name_readings(harness: Harness) -> list[LLMRequest]:
    return [request for request in harness.model.requests if is_name_reading(request)]


def matched(harness: Harness) -> dict[str, tuple[str, str]]:
    found = ClassList.of(AssignmentFiles(harness.objects, ASSIGNMENT), harness.decisions.matches(ASSIGNMENT))
    return {each.folder: (each.name, each.match) for each in found.students.students}


def test_no_model_is_shown_a_head_unless_it_was_asked_for(harness: Harness) -> None:
    run = harness.run("transcribe")
    assert run.status is RunStatus.SUCCEEDED
    assert "read_names" not in run.stages
    assert name_readings(harness) == []
    assert {data for shown in harness.model.images for data in shown.values()} == {b"masked"}
    assert f"{ASSIGNMENT}/read_names.json" not in harness.objects.data


def test_clear_names_are_matched_and_the_rest_waits(harness: Harness) -> None:
    run = harness.run("transcribe", read_names=True)
    assert run.stages["read_names"].succeeded == 3
    assert matched(harness) == {
        "Ada Byron": ("Ada Byron", "exact"),
        "booklet-001": ("Bob Fox", "read"),
        "booklet-002": ("Cyd Poe", "read"),
        "booklet-003": ("booklet-003", "none"),
    }


def test_what_was_read_is_in_no_state_row_or_prompt(harness: Harness) -> None:
    run = harness.run("transcribe", read_names=True)
    state = json.dumps([harness.items(run, "read_names")]) + run.model_dump_json()
    rows = " ".join(row.model_dump_json() for row in harness.rows(run))
    prompts = " ".join(message.text for request in harness.model.requests for message in request.messages)
    for name in ("Byron", "Fox", "Cyd", "Xaver", "1002"):
        assert name not in state + rows + prompts


def test_each_head_is_read_once_over_runs(harness: Harness) -> None:
    harness.run("transcribe", read_names=True)
    asked = len(name_readings(harness))
    run = harness.run("transcribe", read_names=True)
    assert (run.stages["read_names"].total, len(name_readings(harness))) == (0, asked)
    assert matched(harness)["booklet-001"] == ("Bob Fox", "read")
    harness.put("scans/booklet-001/1.jpg", b"c1|c2|c3")
    run = harness.run("transcribe", read_names=True)
    assert run.stages["read_names"].total == 1, "its scans are others now"
    assert [match for _, match in matched(harness).values()] == ["exact", "none", "none", "none"]


def test_of_whom_a_person_decided_nothing_is_read(harness: Harness) -> None:
    harness.run("transcribe")
    for student in harness.artifact("students.json")["students"]:
        if student["folder"] in ("booklet-001", "booklet-003"):
            matches = RosterMatches(harness.objects, harness.decisions, harness.clock)
            matches.decide(ASSIGNMENT, student["student_id"], MatchRequest(action=MatchAction.NOBODY, by="Ada"))
    run = harness.run("transcribe", read_names=True)
    assert run.stages["read_names"].total == 1


def test_a_reply_that_is_none_fails_that_student_alone(harness: Harness) -> None:
    before = harness.model.otherwise
    assert before is not None

    def answer(request: LLMRequest) -> Any:
        letters = {data.rpartition(b" of ")[2][:1] for data in harness.model.images[-1].values()}
        return reply("no JSON") if is_name_reading(request) and letters == {b"c"} else before(request)

    harness.model.otherwise = answer
    run = harness.run("transcribe", read_names=True)
    assert run.status is RunStatus.PARTIAL
    assert (run.stages["read_names"].failed, run.stages["read_names"].succeeded) == (1, 2)
    assert matched(harness)["booklet-001"] == ("Bob Fox", "read")
    assert matched(harness)["booklet-002"] == ("booklet-002", "none")


def test_what_was_read_stays_where_reading_it_once_more_fails(harness: Harness) -> None:
    harness.run("transcribe", read_names=True)
    before, answer = matched(harness), harness.model.otherwise
    assert answer is not None

    def fail_for_bob(request: LLMRequest) -> Any:
        is_bobs = is_name_reading(request) and any(b" of b" in data for data in harness.model.images[-1].values())
        return reply("no JSON") if is_bobs else answer(request)

    harness.model.otherwise = fail_for_bob
    run = harness.run("transcribe", read_names=True, enable_checkpointing=False)
    assert (run.stages["read_names"].succeeded, run.stages["read_names"].failed) == (2, 1)
    assert matched(harness) == before


def test_without_any_name_the_pages_are_transcribed_all_the_same(harness: Harness) -> None:
    before = harness.model.otherwise
    assert before is not None
    harness.model.otherwise = lambda request: reply("no JSON") if is_name_reading(request) else before(request)
    run = harness.run("transcribe", read_names=True)
    assert run.status is RunStatus.PARTIAL
    assert (run.stages["read_names"].failed, run.stages["transcribe"].failed) == (3, 0)
    assert run.stages["transcribe"].succeeded == 11


@pytest.mark.parametrize("use", ["first", "only"])
def test_no_batch_of_the_provider_has_names(harness: Harness, use: str) -> None:
    run = harness.run("transcribe", read_names=True, provider_batch=use)
    assert run.status is RunStatus.SUCCEEDED
    plan = harness.plan(run, "read_names")
    assert (plan.function, plan.provider_batch) == ("arn:names", False)
    assert harness.plan(run, "transcribe").provider_batch
    assert run.stages["read_names"].succeeded == 3
    assert len(name_readings(harness)) == 3
    assert matched(harness)["booklet-001"] == ("Bob Fox", "read")
    books = [key for key in harness.objects.data if key.endswith("/batches.json")]
    assert [key.split("/")[-2] for key in books] == ["transcribe"]
