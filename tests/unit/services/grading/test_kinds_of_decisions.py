"""Decisions by criterion, corrected transcriptions, undone decisions, and people who decide at once."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import ConflictError, RequestError
from aita.models.answer import AnswerPlace
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import Question, Rubric
from aita.models.grade import Cell, CellState, cell_id
from aita.models.points import exact, fitted, in_steps
from aita.models.review import CellFilter, DecisionRequest, fingerprint
from aita.models.review_flags import FlagKind
from aita.models.second_look import SecondLook
from aita.models.student import RosterEntry
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.compliance.recompute import recompute
from aita.services.exports.export_roster import ExportRoster, call_roll
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.moodle import export_moodle
from aita.services.grading.asked_decisions import points_set
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from aita.services.grading.student_view import shown_answers
from aita.services.reporting.report_builder import ReportSources
from aita.tasks.request import LLMRequest
from tests.support.fakes import (
    ASSIGNMENT,
    QUESTIONS,
    RENDERER,
    Harness,
    answer_of,
    failing,
    grading,
    right,
    worth_of,
)
from tests.support.grades import RUBRICS, answers, cells, criteria, put_answers
from tests.support.html_page import HtmlPage, words
from tests.unit.services.compliance.test_audit_bundle import audited

FIRST, LAST = cell_id("s-1", "1a"), cell_id("s-1", "2")
SECRET = "the student's own words: it is 4"

Decide = Callable[..., Decision]


@pytest.fixture
def graded(harness: Harness) -> Harness:
    """Two students' answers, all of which were graded; the rubric of 1a has criteria of 3 and 2 points."""
    put_answers(harness)
    harness.put("students.json", {"students": [{"student_id": s, "folder": f"Folder {s}"} for s in ("s-1", "s-2")]})
    harness.run("grade")
    assert not opened(harness)
    return harness


@pytest.fixture
def decide(graded: Harness) -> Decide:
    def decide(action: str = "set", cell: str = FIRST, **asked: Any) -> Decision:
        graded.clock.advance(60)
        values = {"by": "Ada", "why": "looked", "basis": reviews(graded).show(ASSIGNMENT, cell).basis} | asked
        return reviews(graded).decide(ASSIGNMENT, cell, DecisionRequest(action=DecisionAction(action), **values))

    return decide


def material(harness: Harness) -> AssignmentFiles:
    return AssignmentFiles(harness.objects, ASSIGNMENT, harness.decisions)


def book(harness: Harness) -> Gradebook:
    return Gradebook.of(material(harness), harness.decisions.all(ASSIGNMENT))


def opened(harness: Harness) -> list[str]:
    return [cell.cell_id for cell in book(harness).open_cells()]


def reviews(harness: Harness) -> Reviews:
    return Reviews(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)


def asked_texts(harness: Harness) -> list[str]:
    return [answer_of(request) for request in harness.model.requests if request.schema_name == "Grading"]


class TestCriteria:
    def test_criteria_that_are_not_named_keep_the_proposals_points(self, graded: Harness, decide: Decide) -> None:
        proposed = [each.points for each in book(graded).graded(FIRST).criteria]
        made = decide(criteria={2: 0.5}, feedback="Look at the unit.")
        assert made.criteria == (proposed[0], 0.5)
        assert made.points == proposed[0] + 0.5
        cell = book(graded).cell(FIRST)
        assert (cell.state, cell.points, cell.feedback) == (CellState.OVERRIDDEN, made.points, "Look at the unit.")
        assert [each.points for each in cell.criteria] == [*made.criteria]

    def test_without_a_proposal_all_must_be_named(self, graded: Harness, decide: Decide) -> None:
        def fail(data: Any) -> None:
            data["s-1"]["1a"] |= {"state": "FAILED", "points": None, "criteria": [], "reason": "no JSON"}

        grades = graded.artifact("grades.json")
        fail(grades)
        graded.put("grades.json", grades)
        with pytest.raises(RequestError, match="no proposal to keep points of: give those of 1, too"):
            decide(criteria={2: 0.5})
        assert decide(criteria={1: 3, 2: 0.5}).points == 3.5

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ({"criteria": {2: 2.5}}, "2.5 points are more than criterion 2 is worth, 2"),
            ({"criteria": {1: 0.3}}, "0.3 points for criterion 1 are no multiple of 0.5"),
            ({"criteria": {3: 1}}, "the rubric has no 3, but 1 to 2"),
            ({"criteria": {1: 1, 2: 1}, "points": 3}, "points are 3, and the criteria sum to 2"),
            ({"points": 1, "why": ""}, "why is missing"),
            ({"action": "note", "why": ""}, "why is missing: write the note"),
            ({"action": "note", "points": 1}, "points: not with the action note"),
            ({"criteria": {1: 1}, "action": "accept"}, "accepting takes the points that are proposed"),
            ({"feedback": "fine", "action": "accept"}, "feedback: not with the action accept"),
            ({"criteria": {1: 1}, "transcription": "x"}, "transcription: not with the action set"),
        ],
    )
    def test_criteria_that_can_not_be_set_are_refused(
        self, graded: Harness, decide: Decide, asked: dict[str, Any], told: str
    ) -> None:
        with pytest.raises(RequestError, match=told):
            decide(**asked)
        assert list(graded.decisions.all(ASSIGNMENT)) == []

    def test_students_and_staff_see_the_persons_criteria_and_feedback_alone(
        self, graded: Harness, decide: Decide
    ) -> None:
        decide(criteria={1: 2.5, 2: 0}, feedback="Mind the unit.", why="the unit is wrong")
        grades = book(graded)
        shown = shown_answers(grades, "s-1")[0]
        assert [(each.points, each.quote, each.reason) for each in shown.criteria] == [(2.5, "", ""), (0, "", "")]
        assert shown.feedback == "Mind the unit."
        model_says = grades.graded(FIRST).feedback
        sources = ReportSources.read(material(graded), graded.decisions.all, ())
        report = sources.student_report("s-1", {}, graded.clock())
        assert report is not None
        told = words(HtmlPage.of(RENDERER.student(report)).text)
        assert "Mind the unit." in told
        assert "right 1" in told, "the rubric's criterion"
        assert "2.5 / 3" in told
        roll = sources_roll(graded, grades)
        line = json.loads(export_json_lines(roll, grades).data.splitlines()[0])
        assert ([each["points"] for each in line["criteria"]], line["feedback"]) == ([2.5, 0], "Mind the unit.")
        assert line["decisions"][0]["criteria"] == [2.5, 0]
        assert "Mind the unit." in export_moodle(roll, "M").data.decode()
        assert ",2.50," in export_gradescope(roll).data.decode()
        assert model_says
        assert told.count(model_says) == len(QUESTIONS) - 1, "of the other answers"

    def test_staff_get_no_earlier_grading_either(self, graded: Harness, decide: Decide) -> None:
        graded.put("user_rubrics.json", RUBRICS | {"1a": {"total_points": 5, "criteria": criteria(4, 1)}})
        graded.run("grade")
        first = book(graded).graded(FIRST).first_grading
        assert first is not None
        decide(points=1)
        grades = book(graded)
        line, other, *_ = map(json.loads, export_json_lines(sources_roll(graded, grades), grades).data.splitlines())
        assert first.feedback
        assert first.feedback not in json.dumps(line), "nothing that graders said"
        assert first.feedback in json.dumps(other)

    def test_decided_criteria_are_about_their_points_and_count_again_with_them(
        self, graded: Harness, decide: Decide
    ) -> None:
        decide(criteria={1: 2.5, 2: 0.5})
        graded.put("user_rubrics.json", RUBRICS | {"1a": {"total_points": 5, "criteria": criteria(4, 1)}})
        graded.run("grade")
        assert book(graded).cell(FIRST).state is CellState.NEEDS_REVIEW
        graded.put("user_rubrics.json", RUBRICS)
        graded.run("grade")
        cell = book(graded).cell(FIRST)
        assert (cell.state, [each.points for each in cell.criteria]) == (CellState.OVERRIDDEN, [2.5, 0.5])

    def test_the_audit_says_if_criteria_do_not_sum(self, graded: Harness, decide: Decide) -> None:
        made = decide(criteria={1: 2.5, 2: 0.5})
        bundle = audited(graded)
        assert recompute(bundle) == []
        assert bundle["rubrics"][made.rubric]["criteria"][0]["points"] == 3
        bundle["decisions"][0]["criteria"][0] = 2
        assert any("its criteria sum to 2.50" in problem for problem in recompute(bundle))


@given(
    worth=st.lists(st.sampled_from([0.25, 0.5, 1, 1 / 3, 2, 2.5]), min_size=1, max_size=6),
    shares=st.lists(st.floats(0, 1), min_size=6, max_size=6),
    step=st.sampled_from([0.01, 0.25, 0.5, 1]),
)
def test_criteria_sum_exactly_to_the_decisions_points(worth: list[float], shares: list[float], step: float) -> None:
    whole = sum(worth)
    rubric = Rubric(
        question_id="1", total_points=whole, criteria=[{"points": each, "description": "d"} for each in worth]
    )
    parts = fitted(worth, whole)
    given_points = [in_steps(share * most, most, step) for share, most in zip(shares, parts, strict=False)]
    cell = Cell(cell_id="c", student_id="s", question_id="1", state=CellState.FAILED, max_points=whole, basis="b")
    asked = DecisionRequest(
        action=DecisionAction.SET, criteria=dict(enumerate(given_points, 1)), why="so", by="Ada", basis="b"
    )
    found = points_set(asked, cell, rubric, step)
    assert exact(found["points"]) == sum(map(exact, found["criteria"]))
    assert exact(found["points"]) <= exact(whole)


def test_a_student_is_told_what_counted_before_if_it_were_other_points(graded: Harness, decide: Decide) -> None:
    def before() -> float | None:
        decision = shown_answers(book(graded), "s-1")[0].decision
        assert decision is not None
        return decision.before

    decide(points=1)
    decide(points=2)
    assert before() == 1
    decide(points=2, why="looked once more")
    assert before() is None


class TestCorrections:
    def test_a_corrected_text_is_graded_anew_and_only_it(self, graded: Harness, decide: Decide) -> None:
        before = cells(graded)
        decide("correct", transcription=f"{SECRET}\n", why="")
        assert opened(graded) == [FIRST]
        assert book(graded).cell(FIRST).points is None, "the proposal is about another text"
        graded.model.requests.clear()
        graded.run("grade")
        assert asked_texts(graded) == [SECRET]
        assert opened(graded) == []
        after = cells(graded)
        assert {place for place in after if after[place] != before[place]} == {("s-1", "1a")}
        shown = reviews(graded).show(ASSIGNMENT, FIRST)
        assert (shown.raw_text, shown.read_by_person, shown.confidence) == (SECRET, True, 1)
        assert shown.decisions[0].transcription == SECRET
        assert recompute(audited(graded)) == []

    def test_doubts_about_the_reading_are_settled_and_others_stay(self, graded: Harness, decide: Decide) -> None:
        flags = [{"kind": kind, "note": "page 1"} for kind in ("low_confidence", "other_student")]
        graded.put("answers.json", {"s-1": answers(q1a={"flags": flags}), "s-2": answers()})
        graded.run("grade")
        decide("correct", transcription="It is four.")
        waiting = reviews(graded).show(ASSIGNMENT, FIRST)
        assert [flag.kind for flag in waiting.flags] == [FlagKind.OTHER_STUDENT, FlagKind.CHANGED]
        assert "the answer's text, which Ada corrected. Grade again" in waiting.flags[-1].text
        graded.run("grade")
        cell = book(graded).cell(FIRST)
        assert [flag.kind for flag in cell.flags] == [FlagKind.OTHER_STUDENT]
        assert cell.state is CellState.NEEDS_REVIEW

    def test_doubts_and_looks_of_a_grading_are_not_of_a_text_that_came_after_it(
        self, graded: Harness, decide: Decide
    ) -> None:
        look = SecondLook(strips=(AnswerPlace(page=1, top=0.1, bottom=0.2),))
        doubts = (FlagKind.ILLEGIBLE, FlagKind.QUOTE_NOT_FOUND, FlagKind.READING_DIFFERS)
        stored = graded.artifact("grades.json")
        stored["s-1"]["1a"] |= {
            "state": "NEEDS_REVIEW",
            "flags": [{"kind": kind, "note": ""} for kind in doubts],
            "second_look": look.model_dump(mode="json"),
        }
        graded.put("grades.json", stored)
        assert reviews(graded).show(ASSIGNMENT, FIRST).second_look == look
        decide("correct", transcription="It is four.")
        waiting = reviews(graded).show(ASSIGNMENT, FIRST)
        assert ([flag.kind for flag in waiting.flags], waiting.second_look) == ([FlagKind.CHANGED], None)
        decide("undo", why="")
        undone = reviews(graded).show(ASSIGNMENT, FIRST)
        assert (tuple(flag.kind for flag in undone.flags), undone.second_look) == (doubts, look)

    def test_a_page_that_is_read_otherwise_ends_it_and_waits_for_a_person(
        self, graded: Harness, decide: Decide
    ) -> None:
        decide("correct", transcription="It is four.")
        graded.run("grade")
        graded.put("answers.json", {"s-1": answers(q1a={"raw_text": "It is 5."}), "s-2": answers()})
        graded.run("grade")
        shown = reviews(graded).show(ASSIGNMENT, FIRST)
        assert (shown.raw_text, shown.read_by_person) == ("It is 5.", False)
        assert (shown.state, opened(graded)) == (CellState.NEEDS_REVIEW, [FIRST])
        assert "Ada corrected its transcription on" in shown.flags[-1].text
        assert recompute(audited(graded)) == []
        decide("accept")
        assert opened(graded) == []
        assert recompute(audited(graded)) == []

    def test_the_quotes_of_the_grading_must_be_in_the_corrected_text(self, graded: Harness, decide: Decide) -> None:
        decide("correct", transcription="Quite another answer.")
        graded.run("grade")
        quotes = [each.quote for each in book(graded).graded(FIRST).criteria]
        assert all(quote in "Quite another answer." for quote in quotes)

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ({"transcription": " \n"}, "transcription is missing"),
            ({"transcription": "It is 4.\nIndeed.\n"}, "the text that counts already"),
            ({"transcription": "x", "points": 1}, "points: not with the action correct"),
        ],
    )
    def test_what_is_no_correction_is_refused(
        self, graded: Harness, decide: Decide, asked: dict[str, Any], told: str
    ) -> None:
        with pytest.raises(RequestError, match=told):
            decide("correct", **asked)

    def test_an_earlier_decision_was_about_the_text_as_it_was_read(self, graded: Harness, decide: Decide) -> None:
        decide(points=1)
        decide("correct", transcription="It is four.")
        assert book(graded).cell(FIRST).state is CellState.NEEDS_REVIEW
        graded.run("grade")
        cell = book(graded).cell(FIRST)
        assert cell.state is CellState.NEEDS_REVIEW
        assert any("Ada decided on 1 point" in flag.text for flag in cell.flags)
        decide("undo", why="")
        graded.run("grade")
        assert book(graded).cell(FIRST).points == 1, "the text is as it was, and so is the decision"

    def test_reports_show_the_corrected_text_as_read_by_a_person(self, graded: Harness, decide: Decide) -> None:
        decide("correct", transcription="It is four by hand.")
        graded.run("grade")
        sources = ReportSources.read(material(graded), graded.decisions.all, ())
        report = sources.student_report("s-1", {}, graded.clock())
        assert report is not None
        told = words(HtmlPage.of(RENDERER.student(report)).text)
        assert "What was read by a person It is four by hand." in told

    def test_no_log_no_error_and_no_state_input_has_it(
        self, graded: Harness, decide: Decide, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        decide("correct", transcription=SECRET)
        with pytest.raises(RequestError) as refused:
            decide("correct", transcription=SECRET)
        run = graded.run("grade")
        assert SECRET not in caplog.text + str(refused.value) + run.model_dump_json()
        assert f"decided on {FIRST}: correct" in caplog.messages


class TestUndo:
    def test_what_counted_before_counts_again(self, graded: Harness, decide: Decide) -> None:
        proposed = book(graded).cell(FIRST)
        first, second = decide(points=1), decide(points=2)
        undone = decide("undo", why="a slip")
        assert (undone.undoes, undone.points, undone.old_points) == (second.decision_id, None, 2)
        cell = book(graded).cell(FIRST)
        assert (cell.state, cell.points) == (CellState.OVERRIDDEN, 1)
        assert reviews(graded).show(ASSIGNMENT, FIRST).counts == first.decision_id
        assert recompute(audited(graded)) == []
        decide("undo")
        assert book(graded).cell(FIRST) == proposed
        assert recompute(audited(graded)) == []
        assert len(list(graded.decisions.all(ASSIGNMENT))) == 4, "nothing is deleted"
        with pytest.raises(RequestError, match="no decision to take back"):
            decide("undo")

    def test_an_open_answer_is_open_again(self, graded: Harness, decide: Decide) -> None:
        flags = [{"kind": "low_confidence", "note": ""}]
        graded.put("answers.json", {"s-1": answers(q1a={"flags": flags}), "s-2": answers()})
        graded.run("grade")
        was = book(graded).cell(FIRST)
        decide("accept")
        assert opened(graded) == []
        decide("undo")
        assert book(graded).cell(FIRST) == was
        assert recompute(audited(graded)) == []

    def test_whoever_wants_it_again_decides_anew(self, graded: Harness, decide: Decide) -> None:
        decide(points=1)
        decide("undo")
        decide(points=1)
        assert book(graded).cell(FIRST).points == 1

    def test_a_renamed_questions_decision_is_taken_back_with_it(self, graded: Harness, decide: Decide) -> None:
        decide(points=1)
        renamed = [QUESTIONS[0] | {"question_id": "1x"}, *QUESTIONS[1:]]
        decide("undo")
        graded.exam(*renamed)
        assert [each.action for each in book(graded).decisions(cell_id("s-1", "1x"))] == ["set", "undo"]
        assert book(graded).decision(cell_id("s-1", "1x")) is None
        assert recompute(audited(graded)) == []


class TestConflicts:
    @pytest.mark.parametrize("people", [2, 8])
    def test_of_people_who_decide_at_once_exactly_one_does(self, graded: Harness, people: int) -> None:
        basis = reviews(graded).show(ASSIGNMENT, FIRST).basis
        ready = threading.Barrier(people)
        add = graded.decisions.add

        def after_all_have_looked(assignment: str, decision: Decision) -> None:
            ready.wait(10)
            add(assignment, decision)

        graded.decisions.add = after_all_have_looked  # type: ignore[method-assign]

        def decide(number: int) -> str:
            asked = DecisionRequest(
                action=DecisionAction.SET, points=number / 2, why="so", by=f"Person {number}", basis=basis
            )
            try:
                return reviews(graded).decide(ASSIGNMENT, FIRST, asked).by
            except ConflictError as error:
                return str(error)

        with ThreadPoolExecutor(people) as pool:
            told = [*pool.map(decide, range(people))]
        (made,) = graded.decisions.all(ASSIGNMENT)
        assert told.count(made.by) == 1
        others = [each for each in told if each != made.by]
        assert all(f"was set to {made.points:g} of 5 points by {made.by} at" in each for each in others)

    @pytest.mark.parametrize("form", [str, fingerprint])
    def test_a_stale_view_is_told_who_decided_when_and_what(
        self, graded: Harness, decide: Decide, form: Callable[[str], str]
    ) -> None:
        seen = form(reviews(graded).show(ASSIGNMENT, FIRST).basis)
        decide("correct", transcription="It is four.", by="Bob")
        with pytest.raises(ConflictError, match=r"was given another text by Bob at 20\d\d-\d\d-\d\d \d\d:\d\d UTC"):
            decide("accept", basis=seen)
        now = form(reviews(graded).show(ASSIGNMENT, FIRST).basis)
        graded.run("grade")
        with pytest.raises(ConflictError, match="was graded anew"):
            decide("accept", basis=now)

    @pytest.mark.parametrize("decides", [False, True], ids=["nobody", "a colleague"])
    def test_what_is_no_code_of_the_answer_is_not_called_changed(
        self, graded: Harness, decide: Decide, *, decides: bool
    ) -> None:
        if decides:
            decide("set", points=1, by="Bob")
        other = cell_id("s-2", "1a")
        of_other = fingerprint(reviews(graded).show(ASSIGNMENT, other).basis)
        wrong = {of_other: f"it is that of {other}", "zzz": "review show", "": "review show", "3f2a91-3f2a91": "review"}
        for code, told in wrong.items():
            with pytest.raises(RequestError, match="is not the code of") as refused:
                decide("set", points=2, basis=code)
            assert not isinstance(refused.value, ConflictError)
            assert (told in str(refused.value), "changed" in str(refused.value)) == (True, False)
        assert len([*graded.decisions.all(ASSIGNMENT)]) == decides

    @pytest.mark.parametrize(
        "asked",
        [{"action": "accept"}, {"action": "set", "criteria": {2: 2}}, {"action": "set", "points": 0}],
        ids=["accept", "criteria", "points"],
    )
    def test_a_proposal_that_was_graded_anew_from_the_same_answer_was_not_seen(
        self, graded: Harness, decide: Decide, asked: dict[str, Any]
    ) -> None:
        seen = reviews(graded).show(ASSIGNMENT, FIRST).basis
        grade_anew(graded, share=0.5)
        assert book(graded).graded(FIRST).points == 2.5
        with pytest.raises(ConflictError, match="was graded anew"):
            decide(**asked, basis=seen)
        with pytest.raises(ConflictError, match="was graded anew"):
            decide(**asked, basis=fingerprint(seen))
        assert not [*graded.decisions.all(ASSIGNMENT)]

    def test_a_failure_that_was_graded_meanwhile_was_not_seen(self, harness: Harness) -> None:
        put_answers(harness, "s-1")
        bad = failing(harness, "1a")
        run = harness.run("grade")
        seen = reviews(harness).show(ASSIGNMENT, FIRST)
        assert seen.state is CellState.FAILED
        bad.clear()
        harness.resume(run)
        asked = DecisionRequest(action=DecisionAction.SET, points=0, why="nothing there", by="Ada", basis=seen.basis)
        with pytest.raises(ConflictError, match="was graded anew"):
            reviews(harness).decide(ASSIGNMENT, FIRST, asked)

    def test_a_decision_that_was_replaced_counts_no_more_once_its_successor_is_outdated(
        self, graded: Harness, decide: Decide
    ) -> None:
        decide(points=1)
        decide("accept", by="Bob")
        grade_anew(graded, share=0.5)
        cell = book(graded).cell(FIRST)
        assert (cell.state, cell.points) == (CellState.NEEDS_REVIEW, 2.5)
        assert "Bob decided on 5 points" in cell.flags[-1].text
        assert recompute(audited(graded)) == []
        grade_anew(graded, share=1)
        assert (book(graded).cell(FIRST).state, book(graded).cell(FIRST).points) == (CellState.GRADED, 5)
        assert recompute(audited(graded)) == []

    def test_clocks_that_differ_do_not_turn_decisions_around(self, graded: Harness, decide: Decide) -> None:
        first = decide(points=1)
        graded.clock.now -= timedelta(hours=1)
        second = decide(points=2)
        assert (book(graded).cell(FIRST).points, second.at > first.at) == (2, True)
        assert first.decision_id < second.decision_id

    def test_questions_that_exchange_their_ids_keep_apart(self, graded: Harness, decide: Decide) -> None:
        """The first decision on either cell, and on both again once the ids are exchanged."""
        exchanged = [QUESTIONS[2] | {"question_id": "1a"}, QUESTIONS[1], QUESTIONS[0] | {"question_id": "2"}]
        assert all(Question.model_validate(each) for each in exchanged)
        decide(points=1)
        graded.exam(*exchanged)
        decide(points=2, cell=FIRST)
        decide(points=3, cell=LAST)
        assert len(list(graded.decisions.all(ASSIGNMENT))) == 3


def grade_anew(harness: Harness, share: float) -> None:
    """Let a later version of aita grade unchanged answers again, and find this share of each criterion."""
    grades = harness.artifact("grades.json")
    for student in grades.values():
        for cell in student.values():
            cell["aita"] = "0.0.1"
    harness.put("grades.json", grades)

    def graded_so(request: LLMRequest) -> str:
        if request.schema_name != "Grading":
            return right(request)
        return grading(request, *(share * worth for worth in worth_of(request)))

    harness.model.otherwise = graded_so
    harness.run("grade", regrade_older=True, enable_checkpointing=False)


class TestFilters:
    def found(self, graded: Harness, **only: Any) -> list[tuple[str, str]]:
        page = reviews(graded).queue(ASSIGNMENT, 100, None, closed=True, only=CellFilter(**only))
        return [(each.student_id, each.question_id) for each in page.cells]

    def test_cells_are_found_by_question_student_doubt_and_person(self, graded: Harness, decide: Decide) -> None:
        flags = [{"kind": "low_confidence", "note": ""}]
        graded.put("answers.json", {"s-1": answers(q1b={"flags": flags}), "s-2": answers()})
        graded.run("grade")
        decide(points=1)
        decide(points=1, cell=LAST, by="Bob")
        assert self.found(graded, question="2") == [("s-1", "2"), ("s-2", "2")]
        assert self.found(graded, student="s-2", question="2") == [("s-2", "2")]
        assert self.found(graded, flag="low_confidence") == [("s-1", "1b")]
        assert self.found(graded, decided_by="Ada") == [("s-1", "1a")]
        assert self.found(graded, decided_by="ada") == []
        page = reviews(graded).queue(ASSIGNMENT, 1, None, only=CellFilter(question="1b"))
        assert (page.open_cells, len(page.cells)) == (1, 1)
        assert reviews(graded).queue(ASSIGNMENT, 1, None, only=CellFilter(question="2")).open_cells == 0

    def test_pages_go_on_within_the_filter(self, graded: Harness) -> None:
        of_two = CellFilter(question="2")
        first = reviews(graded).queue(ASSIGNMENT, 1, None, closed=True, only=of_two)
        second = reviews(graded).queue(ASSIGNMENT, 1, first.next_token, closed=True, only=of_two)
        assert [each.student_id for each in (*first.cells, *second.cells)] == ["s-1", "s-2"]
        assert second.next_token is None

    @pytest.mark.parametrize("only", [{"question": "9"}, {"student": "s-9"}])
    def test_what_is_not_there_is_no_empty_list(self, graded: Harness, only: dict[str, Any]) -> None:
        with pytest.raises(RequestError):
            self.found(graded, **only)


def sources_roll(harness: Harness, grades: Gradebook) -> ExportRoster:
    students, _ = material(harness).students()
    entries = tuple(RosterEntry(name=f"Folder {s}", number=s, email=f"{s}@x.test") for s in ("s-1", "s-2"))
    return call_roll(grades, ClassList.match(students, entries, (), ()))
