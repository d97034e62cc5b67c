"""Decisions about unplaced parts: what is listed, what is taken, what they close, and what is graded of them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aita.errors import ConflictError, MissingMaterialError, NotFoundError, RequestError
from aita.models.grade import CellState, cell_id
from aita.models.part_decision import PartAction, PartDecision
from aita.models.part_review import PartDecisionRequest, PartDecisions
from aita.models.review_flags import FlagKind
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.compliance.recompute import recompute
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.part_queue import PartQueue
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, QUESTIONS, Harness, answer_of, right, transcription
from tests.support.grades import INK, answer, answers, put_answers
from tests.support.ledgers import ledger, part
from tests.unit.services.compliance.test_audit_bundle import audited

ARN = "arn:aws:iam::123456789012:user/ada"
WROTE = "x = 5, wrote Zebulon"
STUDENTS = ("s-1", "s-2", "s-3", "s-4")
NARROW = {"top": 0.14, "bottom": 0.18}


@pytest.fixture
def graded(harness: Harness) -> Harness:
    """Four students, graded; with two parts of the first one's page, of which the first was read."""
    put_answers(harness, *STUDENTS)
    blank = answer("1b", "", presence="blank")
    harness.put("answers.json", {student: answers(q1b=blank) for student in STUDENTS})
    read = {"page": 1, "text": f"1a. It is 4.\nIndeed.\n{WROTE}\nand so on", "confidence": 0.9, "notes": ""}
    harness.put("transcriptions.json", {student: [read] for student in STUDENTS})
    first = part("p-1", "1a", "1b", lines=[3, 4])
    harness.put("ledger.json", ledger(s_1=[first, part("p-2", top=0.9, bottom=0.95)]))
    harness.run("grade")
    return harness


def queue(harness: Harness) -> PartQueue:
    return PartQueue(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)


def book(harness: Harness) -> Gradebook:
    material = AssignmentFiles(harness.objects, ASSIGNMENT, harness.decisions)
    return Gradebook.of(material, harness.decisions.all(ASSIGNMENT))


def states(harness: Harness, student: str = "s-1") -> dict[str, CellState]:
    return {cell.question_id: cell.state for cell in book(harness).students[student].cells}


def flags(harness: Harness, question: str, student: str = "s-1") -> list[str]:
    return [flag.text for flag in book(harness).cell(cell_id(student, question)).flags]


def decide(harness: Harness, action: str = "scratch", part_id: str = "p-1", **changes: Any) -> PartDecisions:
    """Decide as a person does, who sees the part first."""
    harness.clock.advance(1)
    seen = {"basis": queue(harness).show(ASSIGNMENT, part_id).basis} if "basis" not in changes else {}
    asked = PartDecisionRequest(action=PartAction(action), **{"by": "Ada"} | seen | changes)
    return queue(harness).decide(ASSIGNMENT, part_id, asked, ARN)


def test_parts_that_open_answers_are_listed_first_with_what_was_read(graded: Harness) -> None:
    found = ledger(s_1=[part("p-0"), part("p-1", "1a", "1b", lines=[3, 4])], s_2=[part("p-3", "2", page=2)])
    graded.put("ledger.json", found)
    page = queue(graded).list(ASSIGNMENT, 10, None)
    assert [(each.part_id, each.student_id, each.opens) for each in page.parts] == [
        ("p-1", "s-1", ("1a", "1b")),
        ("p-3", "s-2", ("2",)),
        ("p-0", "s-1", ()),
    ]
    assert (page.open_parts, page.next_token) == (2, None)
    first, second, _ = page.parts
    assert (first.page, first.top, first.bottom, first.ink) == (1, 0.14, 0.18, 120)
    assert [line.text for line in first.lines] == [WROTE, "and so on"]
    assert first.question_ids == ("1a", "1b", "2")
    assert first.url is not None
    assert first.url.startswith("memory:///midterm/pages/s-1/1.jpg")
    assert (second.lines, second.url) == ((), None), "there is no page 2"


def test_pages_go_on_behind_a_part_that_was_decided_meanwhile(graded: Harness) -> None:
    found = ledger(s_1=[part("p-0"), part("p-1", "1a"), part("p-2", "1a")], s_2=[part("p-3", "2"), part("p-4")])
    graded.put("ledger.json", found)
    first = queue(graded).list(ASSIGNMENT, 1, None)
    assert [each.part_id for each in first.parts] == ["p-1"]
    decide(graded, part_id="p-1")
    second = queue(graded).list(ASSIGNMENT, 3, first.next_token)
    assert [each.part_id for each in second.parts] == ["p-2", "p-3", "p-0"]
    last = queue(graded).list(ASSIGNMENT, 3, second.next_token)
    assert [each.part_id for each in last.parts] == ["p-1", "p-4"]
    assert (last.open_parts, last.next_token) == (2, None)
    for token in ("p-1", "opening.s-1.p-9", "some.s-1.p-1"):
        with pytest.raises(RequestError, match="next_token"):
            queue(graded).list(ASSIGNMENT, 3, token)


def test_parts_are_listed_before_anything_is_graded(harness: Harness) -> None:
    put_answers(harness, "s-1")
    harness.put("ledger.json", ledger(s_1=[part("p-1", "1a", "gone")]))
    (found,) = queue(harness).list(ASSIGNMENT, 3, None).parts
    assert found.opens == ("1a",)


def test_without_a_ledger_there_are_no_parts(harness: Harness) -> None:
    put_answers(harness)
    assert queue(harness).list(ASSIGNMENT, 3, None).parts == ()
    del harness.objects.data[f"{ASSIGNMENT}/questions.json"]
    with pytest.raises(MissingMaterialError):
        queue(harness).list(ASSIGNMENT, 3, None)
    with pytest.raises(RequestError, match="letters, digits"):
        queue(harness).list("a/b", 3, None)
    with pytest.raises(RequestError, match="letters, digits"):
        queue(harness).decided("a/b", 3, None)


@pytest.mark.parametrize("action", ["scratch", "nothing"])
def test_a_decision_closes_all_that_the_part_opened_and_is_kept(graded: Harness, action: str) -> None:
    assert states(graded) == {"1a": "NEEDS_REVIEW", "1b": "NEEDS_REVIEW", "2": "GRADED"}
    (made,) = decide(graded, action, why="a sum in the margin").decisions
    assert states(graded) == {"1a": "GRADED", "1b": "BLANK", "2": "GRADED"}
    assert (made.by, made.caller, made.at, made.why) == ("Ada", ARN, graded.clock.now, "a sum in the margin")
    assert (made.student_id, made.action, made.question_id, made.alike) == ("s-1", action, None, "")
    shown = queue(graded).show(ASSIGNMENT, "p-1")
    assert (shown.counts, shown.decisions, shown.opens) == (made, (made,), ())
    assert queue(graded).decided(ASSIGNMENT, 10, None).decisions == (made,)
    assert graded.items(graded.run("grade"), "grade") == [], "nothing is graded again for it"


def test_a_part_that_belongs_to_an_answer_is_graded_with_it(graded: Harness) -> None:
    decide(graded, "belongs", question_id="1b")
    assert states(graded) == {"1a": "GRADED", "1b": "NEEDS_REVIEW", "2": "GRADED"}
    (flag,) = flags(graded, "1b")
    assert "the answer's scan, transcription or place. Grade again" in flag
    assert book(graded).cell(cell_id("s-1", "1b")).points is None
    run = graded.run("grade")
    assert [item["refs"]["question_id"] for item in graded.items(run, "grade")] == ["1b"]
    asked = answer_of(graded.model.requests[-1])
    assert asked == f"{WROTE}\nand so on"
    assert states(graded) == {"1a": "GRADED", "1b": "GRADED", "2": "GRADED"}
    reviews = Reviews(objects=graded.objects, decisions=graded.decisions, clock=graded.clock)
    shown = reviews.show(ASSIGNMENT, cell_id("s-1", "1b"))
    assert shown.raw_text == asked
    assert [(place.page, place.top, place.bottom) for place in shown.pages] == [(1, 0.14, 0.18), (1, 0.2, 0.8)]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([{"page": 1, "top": 0.1, "bottom": 0.13}], ["It is 4.\nIndeed.", WROTE]),
        ([{"page": 1, "top": 0.2, "bottom": 0.8}], [WROTE, "It is 4.\nIndeed."]),
        ([{"page": 2, "top": 0.0, "bottom": 0.8}], [WROTE, "It is 4.\nIndeed."]),
        ([], ["It is 4.\nIndeed.", WROTE]),
    ],
)
def test_a_part_is_placed_in_reading_order(graded: Harness, places: list[dict[str, Any]], expected: list[str]) -> None:
    graded.put("answers.json", {"s-1": answers(q1a={"pages": places})})
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", lines=[3])]))
    decide(graded, "belongs", question_id="1a")
    graded.run("grade")
    assert "\n".join(expected) in {answer_of(request) for request in graded.model.requests}


def test_a_part_that_was_not_read_leaves_its_answer_to_a_person(graded: Harness) -> None:
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", "1b")]))
    decide(graded, "belongs", question_id="1b")
    graded.run("grade")
    assert states(graded) == {"1a": "GRADED", "1b": "NEEDS_REVIEW", "2": "GRADED"}
    assert flags(graded, "1b") == ["a part of the answer was not read: page 1, from 14% to 18% of its height"]
    assert book(graded).cell(cell_id("s-1", "1b")).points is None


def test_an_unread_part_that_is_taken_back_is_no_doubt_any_more(graded: Harness) -> None:
    second = part("p-2", "1b", top=0.3, bottom=0.35)
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", "1b"), second]))
    for part_id in ("p-1", "p-2"):
        decide(graded, "belongs", part_id, question_id="1b")
    graded.run("grade")
    decide(graded, "scratch", "p-1")
    kept, changed = flags(graded, "1b")
    assert kept == "a part of the answer was not read: page 1, from 30% to 35% of its height"
    assert "Grade again" in changed
    decide(graded, "nothing", "p-2")
    (changed,) = flags(graded, "1b")
    assert "Grade again" in changed


def test_an_answer_that_loses_its_part_again_is_graded_again(graded: Harness) -> None:
    decide(graded, "belongs", question_id="1b")
    graded.run("grade")
    assert states(graded)["1b"] is CellState.GRADED
    decide(graded, "scratch")
    assert states(graded)["1b"] is CellState.NEEDS_REVIEW
    graded.run("grade")
    assert states(graded)["1b"] is CellState.BLANK


def test_a_later_decision_replaces_an_earlier_one_which_is_kept(graded: Harness) -> None:
    (first,) = decide(graded, "belongs", question_id="1a").decisions
    (second,) = decide(graded, "nothing").decisions
    shown = queue(graded).show(ASSIGNMENT, "p-1")
    assert (shown.counts, shown.decisions) == (second, (first, second))
    assert states(graded) == {"1a": "GRADED", "1b": "BLANK", "2": "GRADED"}


@pytest.mark.parametrize("for_class", [False, True])
def test_of_two_people_who_decide_on_a_part_at_once_one_does(graded: Harness, for_class: bool) -> None:
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")], s_2=[part("p-2", "1a")]))
    basis = queue(graded).show(ASSIGNMENT, "p-1").basis
    both_have_looked = threading.Barrier(2)
    add = graded.decisions.add_on_part

    def add_together(assignment: str, decision: PartDecision) -> None:
        if decision.part_id == "p-1":
            both_have_looked.wait(10)
        add(assignment, decision)

    graded.decisions.add_on_part = add_together  # type: ignore[method-assign]

    def say(action: str) -> str:
        try:
            made = decide(graded, action, basis=basis, by=action, for_class=for_class)
        except ConflictError as error:
            return str(error)
        return made.decisions[0].by

    with ThreadPoolExecutor(2) as pool:
        told = [*pool.map(say, ["scratch", "nothing"])]
    made = [*graded.decisions.on_parts(ASSIGNMENT)]
    (winner,) = {each.by for each in made}
    assert {each.part_id for each in made} == ({"p-1", "p-2"} if for_class else {"p-1"})
    (other,) = [each for each in told if each != winner]
    assert f"{winner} decided on it last, at" in other


def test_a_counterpart_that_a_colleague_decides_meanwhile_keeps_that_decision(graded: Harness) -> None:
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")], s_2=[part("p-2", "1a")]))
    add = graded.decisions.add_on_part

    def add_after_a_colleague(assignment: str, decision: PartDecision) -> None:
        if decision.part_id == "p-1":
            graded.decisions.add_on_part = add  # type: ignore[method-assign]
            decide(graded, "nothing", "p-2", by="Bob")
        add(assignment, decision)

    graded.decisions.add_on_part = add_after_a_colleague  # type: ignore[method-assign]
    made = decide(graded, "scratch", "p-1", for_class=True)
    assert [each.part_id for each in made.decisions] == ["p-1"]
    assert [(each.part_id, each.by) for each in graded.decisions.on_parts(ASSIGNMENT)] == [
        ("p-1", "Ada"),
        ("p-2", "Bob"),
    ]


def test_a_decision_on_something_else_than_was_shown_conflicts(graded: Harness) -> None:
    seen = queue(graded).show(ASSIGNMENT, "p-1").basis
    decide(graded)
    with pytest.raises(ConflictError, match=r"look again \(aita review part p-1 --assignment midterm\)"):
        decide(graded, "nothing", basis=seen)
    seen = queue(graded).show(ASSIGNMENT, "p-1").basis
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", lines=[2, 3])]))
    with pytest.raises(ConflictError):
        decide(graded, "nothing", basis=seen)
    assert len([*graded.decisions.on_parts(ASSIGNMENT)]) == 1


@pytest.mark.parametrize(
    ("action", "changes", "told"),
    [
        ("belongs", {}, "one of 1a, 1b, 2"),
        ("belongs", {"question_id": "7"}, "one of 1a, 1b, 2"),
        ("scratch", {"question_id": "1a"}, "leave it out"),
    ],
)
def test_a_decision_that_is_no_sense_is_refused(
    graded: Harness, action: str, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(RequestError, match=told):
        decide(graded, action, **changes)
    assert not graded.decisions.parts


def test_a_part_that_is_not_there_is_named(graded: Harness) -> None:
    with pytest.raises(NotFoundError, match=rf"'p-9'.*'aita review parts --assignment {ASSIGNMENT}'"):
        queue(graded).show(ASSIGNMENT, "p-9")
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", owner="answer")]))
    with pytest.raises(NotFoundError):
        queue(graded).show(ASSIGNMENT, "p-1")


def test_a_part_and_an_answer_tell_how_far_their_page_is_masked(graded: Harness) -> None:
    graded.put("scans.json", {"s-1": {"ink": [INK], "masked": [0.12]}, "s-2": {"ink": [INK]}})
    page = {"page": 1, "key": f"{ASSIGNMENT}/pages/s-1/f1-0001.jpg", "sha256": "a", "width": 9, "height": 9}
    graded.put("pages.json", {"s-1": [page], "s-2": [page]})
    shown = queue(graded).show(ASSIGNMENT, "p-1")
    assert (shown.masked, shown.source) == (0.12, "f1")
    reviews = Reviews(graded.objects, graded.decisions, graded.clock)
    masks = {each: reviews.show(ASSIGNMENT, cell_id(each, "1a")).pages[0].masked for each in ("s-1", "s-2")}
    assert masks == {"s-1": 0.12, "s-2": 0}


def test_an_answers_id_is_told_from_a_parts(graded: Harness) -> None:
    answer = cell_id("s-1", "1a")
    with pytest.raises(NotFoundError, match=f"is an answer.*'aita review show {answer} --assignment {ASSIGNMENT}'"):
        queue(graded).show(ASSIGNMENT, answer)
    reviews = Reviews(graded.objects, graded.decisions, graded.clock)
    with pytest.raises(NotFoundError, match=f"is a part of a page.*'aita review part PART --assignment {ASSIGNMENT}'"):
        reviews.show(ASSIGNMENT, "p-1")
    with pytest.raises(NotFoundError, match=f"1a is a question.*'aita review list --assignment {ASSIGNMENT}'"):
        reviews.show(ASSIGNMENT, "1a")


def test_a_part_on_a_picture_in_two_folders_is_not_decided(graded: Harness) -> None:
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")], s_2=[part("p-1", "1a")]))
    with pytest.raises(ConflictError, match="2 copies of one picture"):
        queue(graded).show(ASSIGNMENT, "p-1")
    assert states(graded)["1a"] is states(graded, "s-2")["1a"] is CellState.NEEDS_REVIEW


def test_a_decision_about_one_students_part_is_none_about_anothers(graded: Harness) -> None:
    decide(graded)
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")], s_2=[part("p-1", "1a")]))
    assert (states(graded)["1a"], states(graded, "s-2")["1a"]) == (CellState.GRADED, CellState.NEEDS_REVIEW)


@pytest.mark.parametrize("change", ["reworded", "gone"])
def test_a_part_of_a_question_that_is_no_more_what_it_was_is_undecided(graded: Harness, change: str) -> None:
    decide(graded, "belongs", question_id="2")
    assert states(graded)["1a"] is CellState.GRADED
    *others, last = QUESTIONS
    graded.exam(*others, *([last | {"question_text": "Draw a leaf."}] if change == "reworded" else []))
    assert queue(graded).show(ASSIGNMENT, "p-1").counts is None
    assert "something on the page belongs to no answer" in flags(graded, "1a")[-1]


def test_a_part_goes_along_with_a_question_that_is_given_another_id(graded: Harness) -> None:
    decide(graded, "belongs", question_id="2")
    *others, last = QUESTIONS
    graded.exam(*others, last | {"question_id": "II"})
    counts = queue(graded).show(ASSIGNMENT, "p-1").counts
    assert counts is not None
    assert (counts.action, counts.question_id) == (PartAction.BELONGS, "II")
    assert states(graded)["1a"] is CellState.GRADED
    assert recompute(audited(graded)) == []


def test_a_part_goes_along_with_questions_that_change_ids(graded: Harness) -> None:
    decide(graded, "belongs", question_id="1b")
    first, second, last = QUESTIONS
    graded.exam(first | {"question_id": "1b"}, second | {"question_id": "1a"}, last)
    counts = queue(graded).show(ASSIGNMENT, "p-1").counts
    assert counts is not None
    assert counts.question_id == "1a"
    assert recompute(audited(graded)) == []


def test_a_part_is_neithers_of_two_questions_of_one_wording(graded: Harness) -> None:
    decide(graded, "belongs", question_id="2")
    *others, last = QUESTIONS
    graded.exam(*others, last | {"question_id": "II"}, last | {"question_id": "III"})
    assert queue(graded).show(ASSIGNMENT, "p-1").counts is None


class TestTheWholeClass:
    """The same about the parts at the same place of the same page of the exam."""

    @pytest.fixture
    def graded(self, graded: Harness) -> Harness:
        parts = {
            "s_1": [part("p-1", "1a", **NARROW)],
            "s_2": [part("p-2", "1a", top=0.16, bottom=0.2), part("p-3", "1b", top=0.5, bottom=0.6)],
            "s_3": [part("p-4", "1a", top=0.1, bottom=0.5)],
            "s_4": [part("p-5", "1a", **NARROW), part("p-6", "1a", page=2, **NARROW)],
        }
        graded.put("ledger.json", ledger(**parts))
        graded.put("scans.json", {student: {"ink": [INK, INK | {"exam_page": 2}]} for student in STUDENTS})
        graded.run("grade")
        return graded

    def test_it_is_decided_where_half_of_the_bands_are_the_same(self, graded: Harness) -> None:
        made = decide(graded, for_class=True, why="the header").decisions
        assert [(each.student_id, each.part_id, each.alike) for each in made] == [
            ("s-1", "p-1", ""),
            ("s-2", "p-2", "p-1"),
            ("s-4", "p-5", "p-1"),
        ]
        assert {(each.why, each.by, each.caller) for each in made} == {("the header", "Ada", ARN)}
        opening = [each.part_id for each in queue(graded).list(ASSIGNMENT, 10, None).parts if each.opens]
        assert opening == ["p-3", "p-4", "p-6"]

    def test_a_part_on_its_own_is_not_decided_again(self, graded: Harness) -> None:
        decide(graded, "belongs", part_id="p-2", question_id="1a")
        assert [each.part_id for each in decide(graded, for_class=True).decisions] == ["p-1", "p-5"]
        assert queue(graded).show(ASSIGNMENT, "p-2").counts.action is PartAction.BELONGS  # type: ignore[union-attr]

    def test_one_of_them_can_be_decided_otherwise_later(self, graded: Harness) -> None:
        decide(graded, for_class=True)
        decide(graded, "belongs", part_id="p-5", question_id="1a")
        assert [flag.kind for flag in book(graded).cell(cell_id("s-4", "1a")).flags] == [
            FlagKind.CHANGED,
            FlagKind.UNPLACED,
        ]
        assert states(graded, "s-2")["1a"] is CellState.GRADED

    def test_an_unknown_page_of_the_exam_is_refused(self, graded: Harness) -> None:
        for ink in ([], [None], [INK | {"exam_page": None, "bands": ""}]):
            graded.put("scans.json", {"s-1": {"ink": ink}, "s-2": {"ink": [INK]}})
            with pytest.raises(RequestError, match="which page of the exam page 1 is"):
                decide(graded, for_class=True)
        assert not graded.decisions.parts


def test_a_line_above_the_first_answer_is_found_given_and_graded(harness: Harness) -> None:
    """From the scan to the grade, with the ledger that the run itself gathered."""
    read = [("and 7, as it is odd", 0.3), ("1a.", 0.4), ("It is 4.", 0.45), ("1b.", 0.6), ("5", 0.65), ("2.", 0.8)]
    lines = [{"text": text, "kind": "answer", "top": top} for text, top in read]
    starts = [
        {"question_id": each, "line": line, "top": top, "confidence": 0.9}
        for each, line, top in (("1a", 2, 0.4), ("1b", 4, 0.6), ("2", 6, 0.8))
    ]
    harness.model.otherwise = lambda request: (
        transcription(request, "", lines=lines, starts=starts)
        if request.schema_name == "Transcription"
        else right(request)
    )
    harness.exam()
    harness.put("blank_exam.jpg", b"o")
    harness.put("scans/Ann/1.jpg", b"one")
    for pipeline in ("rubric", "transcribe", "grade"):
        harness.run(pipeline)
    (found,) = queue(harness).list(ASSIGNMENT, 10, None).parts
    assert [line.text for line in found.lines] == ["and 7, as it is odd"]
    assert "1a" in found.opens
    assert states(harness, found.student_id)["1a"] is CellState.NEEDS_REVIEW
    decide(harness, "belongs", part_id=found.part_id, question_id="1b")
    harness.run("grade")
    assert "and 7, as it is odd\n5" in {answer_of(request) for request in harness.model.requests[-3:]}
    assert not any("belongs to no answer" in each for each in flags(harness, "1a", found.student_id))
    harness.run("transcribe")
    assert queue(harness).show(ASSIGNMENT, found.part_id).counts is not None, "another run finds the same part"


def test_what_a_student_wrote_is_in_no_log(graded: Harness, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    decide(graded, why=f"they wrote {WROTE}")
    assert caplog.messages == ["decided on p-1 and 0 parts like it: scratch"]
