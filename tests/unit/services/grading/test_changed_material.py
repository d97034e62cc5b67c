"""What was graded and what there is now: whatever changed since is open wherever grades are read, and nothing else."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aita.errors import InvalidMaterialError, RequestError, RunStopped
from aita.models.api import RunOptions, StartRunRequest
from aita.models.decision import DecisionAction
from aita.models.exam import Question
from aita.models.grade import CellState, StudentGrades, cell_id, question_version
from aita.models.review import DecisionRequest
from aita.models.review_flags import FlagKind
from aita.models.run import Run, RunSettings, RunStatus, TaskStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.compliance.recompute import recompute
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from aita.services.runs.cost_estimate import Estimator
from aita.tasks.request import LLMRequest
from aita.version import VERSION
from tests.support.fakes import ASSIGNMENT, EXAM, MODEL, QUESTIONS, Harness, failing, grading, question_of, right
from tests.support.grades import NO_INK, RUBRICS, answer, answers, cells, criteria, put_answers
from tests.support.memory_decisions import MemoryDecisions
from tests.unit.services.compliance.test_audit_bundle import audited

pytestmark = pytest.mark.slow  # two runs of an exam in each test

FIRST = cell_id("s-1", "1a")

Change = Callable[[Harness], None]


def book(harness: Harness) -> Gradebook:
    return Gradebook.of(AssignmentFiles(harness.objects, ASSIGNMENT), harness.decisions.all(ASSIGNMENT))


def opened(harness: Harness) -> list[tuple[str, str]]:
    return [(cell.student_id, cell.question_id) for cell in book(harness).open_cells()]


def reviews(harness: Harness) -> Reviews:
    return Reviews(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)


def decide(harness: Harness, cell: str = FIRST, **asked: Any) -> None:
    values = {"action": DecisionAction.SET, "points": 1, "why": "so", "by": "Ada"} | asked
    basis = reviews(harness).show(ASSIGNMENT, cell).basis
    reviews(harness).decide(ASSIGNMENT, cell, DecisionRequest(**values | {"basis": basis}))
    harness.clock.advance(1)


def halted(harness: Harness, pipeline: str) -> None:
    """Run a pipeline that splits the scans, and then finds that the key is refused."""
    harness.model.say(RunStopped("the key is wrong"))
    assert harness.run(pipeline).status is RunStatus.HALTED


def change_json(harness: Harness, name: str, change: Callable[[Any], object]) -> None:
    data = harness.artifact(name)
    change(data)
    harness.put(name, data)


def transcribed_anew(harness: Harness) -> None:
    change_json(harness, "answers.json", lambda data: data["s-1"].update(answers(q1a={"raw_text": "It is five."})))


def flagged_anew(harness: Harness) -> None:
    flags = [{"kind": "page_missing", "note": "page 2"}]
    change_json(harness, "answers.json", lambda data: data["s-1"].update(answers(q1a={"flags": flags})))


def placed_anew(harness: Harness) -> None:
    pages = [{"page": 1, "top": 0.1, "bottom": 0.4}]
    change_json(harness, "answers.json", lambda data: data["s-1"].update(answers(q1a={"pages": pages})))


def scanned_anew(harness: Harness) -> None:
    harness.put("pages/s-1/1.jpg", "another JPEG")
    sha256 = hashlib.sha256(b"another JPEG").hexdigest()
    change_json(harness, "pages.json", lambda data: data["s-1"][0].update(sha256=sha256))


def another_rubric(harness: Harness) -> None:
    harness.put("user_rubrics.json", RUBRICS | {"1a": {"total_points": 5, "criteria": criteria(3, 2, description="x")}})


def other_points(harness: Harness) -> None:
    harness.put("user_rubrics.json", RUBRICS | {"1a": {"total_points": 5, "criteria": criteria(4, 1)}})


def another_key(harness: Harness) -> None:
    harness.put("answer_keys.json", {"1a": {"question_id": "1a", "correct_answer": "five"}})


def instructed(harness: Harness) -> None:
    harness.put("question_specific_instructions.json", {"1a": "Be strict."})


def instructed_for_all(harness: Harness) -> None:
    harness.put("rubric_instructions.txt", "Be strict.")


OF_ONE_ANSWER = [transcribed_anew, flagged_anew, placed_anew]
OF_A_STUDENT = [scanned_anew]
OF_A_QUESTION = [another_rubric, other_points, another_key, instructed]
OF_ALL = [instructed_for_all]

NAMED = (
    (OF_ONE_ANSWER + OF_A_STUDENT, "the answer's scan, transcription or place"),
    ([another_rubric, other_points], "the rubric"),
    ([another_key], "the answer key"),
    ([instructed, instructed_for_all], "the instructions or the step of points"),
)

S1, S2 = ([(student, question["question_id"]) for question in QUESTIONS] for student in ("s-1", "s-2"))
TOUCHES: list[tuple[Change, list[tuple[str, str]]]] = [
    *((change, [("s-1", "1a")]) for change in OF_ONE_ANSWER),
    *((change, S1) for change in OF_A_STUDENT),
    *((change, [("s-1", "1a"), ("s-2", "1a")]) for change in OF_A_QUESTION),
    *((change, [*S1, *S2]) for change in OF_ALL),
]


@pytest.fixture
def graded(harness: Harness) -> Harness:
    """Two students whose three answers each are graded and final."""
    put_answers(harness)
    harness.run("grade")
    assert opened(harness) == []
    return harness


@pytest.mark.parametrize(("change", "touched"), TOUCHES, ids=lambda value: getattr(value, "__name__", ""))
class TestAChange:
    def test_opens_what_it_touches_and_nothing_else(
        self, graded: Harness, change: Change, touched: list[tuple[str, str]]
    ) -> None:
        change(graded)
        assert sorted(opened(graded)) == sorted(touched)
        for student, question in touched:
            cell = book(graded).cell(cell_id(student, question))
            assert cell.flags[-1].kind is FlagKind.CHANGED
            assert cell.flags[-1].note.endswith("(aita grade --assignment midterm)")
        assert audit_says_nothing(graded)

    def test_is_closed_by_grading_again(self, graded: Harness, change: Change, touched: list[tuple[str, str]]) -> None:
        change(graded)
        graded.run("grade")
        left = [("s-1", "1a")] if change is flagged_anew else []  # the answer's own flag
        assert opened(graded) == left

    def test_voids_what_was_decided_before(
        self, graded: Harness, change: Change, touched: list[tuple[str, str]]
    ) -> None:
        decide(graded)
        assert book(graded).cell(FIRST).state is CellState.OVERRIDDEN
        change(graded)
        cell = book(graded).cell(FIRST)
        assert cell.state is CellState.NEEDS_REVIEW
        assert "Ada decided on 1 point on 2026-" in cell.flags[-1].note
        assert cell.flags[-1].note.endswith("before this change")
        assert audit_says_nothing(graded)
        graded.run("grade")
        changed = next(words for changes, words in NAMED if change in changes)
        assert (
            book(graded).cell(FIRST).flags[-1].note.endswith(f"what its grade is made of has changed since: {changed}")
        )

    def test_can_be_decided_on_until_something_changes_again(
        self, graded: Harness, change: Change, touched: list[tuple[str, str]]
    ) -> None:
        change(graded)
        decide(graded)
        assert book(graded).cell(FIRST).state is CellState.OVERRIDDEN
        assert audit_says_nothing(graded)
        graded.put("rubric_instructions.txt", "Be lenient.")
        change_json(graded, "pages.json", lambda data: data["s-1"][0].update(sha256="e" * 64))
        assert book(graded).cell(FIRST).state is CellState.NEEDS_REVIEW

    def test_is_told_of_each_answer_that_grading_opens_again(
        self, graded: Harness, change: Change, touched: list[tuple[str, str]]
    ) -> None:
        change(graded)
        decide(graded)
        listed = reviews(graded).queue(ASSIGNMENT, 100, None, closed=True).cells
        assert sorted((each.student_id, each.question_id) for each in listed if each.outdated) == sorted(touched)
        graded.run("grade")
        assert book(graded).cell(FIRST).state.is_open, "the decision was on what was there before it was graded again"
        listed = reviews(graded).queue(ASSIGNMENT, 100, None, closed=True).cells
        assert not any(each.outdated for each in listed)

    def test_that_is_undone_was_none(self, graded: Harness, change: Change, touched: list[tuple[str, str]]) -> None:
        before = dict(graded.objects.data)
        decide(graded)
        change(graded)
        graded.objects.data = before
        assert opened(graded) == []
        assert book(graded).cell(FIRST).points == 1


def audit_says_nothing(harness: Harness) -> bool:
    return recompute(audited(harness)) == []


def test_a_decision_that_lapsed_names_all_that_changed(graded: Harness) -> None:
    decide(graded)
    another_rubric(graded)
    another_key(graded)
    graded.run("grade")
    assert book(graded).cell(FIRST).flags[-1].note.endswith("has changed since: the rubric, the answer key")


def test_a_decision_of_before_versions_were_kept_names_all_that_may_have_changed(graded: Harness) -> None:
    decide(graded)
    kept = [each.model_copy(update={"inputs": {}}) for each in graded.decisions.all(ASSIGNMENT)]
    graded.decisions = MemoryDecisions()
    for each in kept:
        graded.decisions.add(ASSIGNMENT, each)
    another_key(graded)
    assert "; the question, the answer key, the rubric, the instr" in book(graded).cell(FIRST).flags[-1].note


def test_a_proposal_that_was_accepted_and_graded_again_says_so(graded: Harness) -> None:
    decide(graded, action=DecisionAction.ACCEPT, points=None)
    change_json(graded, "grades.json", lambda data: data["s-1"]["1a"].update(feedback="Otherwise."))
    assert book(graded).cell(FIRST).flags[-1].note.endswith("it was graded again since")


def test_what_was_proposed_for_another_answer_can_not_be_accepted(graded: Harness) -> None:
    transcribed_anew(graded)
    shown = reviews(graded).show(ASSIGNMENT, FIRST)
    assert (shown.proposal.points, shown.proposal.criteria) == (None, ())
    with pytest.raises(RequestError, match="no proposal to accept"):
        decide(graded, action=DecisionAction.ACCEPT, points=None)


def test_a_blank_answer_is_blank_under_any_rubric(harness: Harness) -> None:
    put_answers(harness, "s-1", ink=NO_INK, q1a={"raw_text": ""}, q1b={"raw_text": ""}, q2={"raw_text": ""})
    harness.run("grade")
    for change in (another_rubric, another_key, instructed_for_all):
        change(harness)
    assert opened(harness) == []
    transcribed_anew(harness)
    assert ("s-1", "1a") in opened(harness)


def test_an_answer_that_is_gone_is_open(graded: Harness) -> None:
    change_json(graded, "answers.json", lambda data: data["s-1"].update(question_answers=[answer("1b"), answer("2")]))
    assert opened(graded) == [("s-1", "1a")]


def test_the_confidence_alone_is_no_change(graded: Harness) -> None:
    change_json(graded, "answers.json", lambda data: data["s-1"].update(answers(q1a={"confidence": 0.7})))
    assert opened(graded) == []


@pytest.mark.parametrize("older", [False, True])
def test_another_model_opens_nothing_and_pays_nothing_unless_asked(graded: Harness, *, older: bool) -> None:
    if older:
        TestCellsOf010().as_of_0_1_0(graded)
    decide(graded)
    graded.model.model = "another"
    graded.submissions = replace(
        graded.submissions, defaults=graded.submissions.defaults.model_copy(update={"model": "another"})
    )
    graded.cold()
    calls = graded.model.calls
    assert graded.run("grade").status is RunStatus.SUCCEEDED
    assert (graded.model.calls, opened(graded)) == (calls, [])
    assert {cell.model for cell in cells(graded).values()} == {MODEL}
    graded.run("grade", regrade_older=True)
    assert {cell.model for cell in cells(graded).values()} == {"another"}
    assert (opened(graded), audit_says_nothing(graded)) == ([], True)
    assert graded.items(graded.run("grade", regrade_older=True), "grade") == []


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("rubric_instructions.txt", "Be fair.\nBe strict.", "Be fair.\r\nBe strict. \r\n"),
        ("question_specific_instructions.json", {"1a": "Be fair."}, {"1a": "Be fair.\n", "1b": " "}),
    ],
)
def test_white_space_at_ends_is_no_change(harness: Harness, name: str, before: Any, after: Any) -> None:
    put_answers(harness)
    harness.put(name, before)
    harness.run("grade")
    calls = harness.model.calls
    harness.put(name, after)
    assert opened(harness) == []
    harness.run("grade")
    assert harness.model.calls == calls


def test_other_steps_of_points_are_a_change(graded: Harness) -> None:
    graded.put("questions.json", EXAM | {"points_step": 1})
    assert len(opened(graded)) == len([*S1, *S2])
    assert "the step of points" in book(graded).cell(FIRST).flags[0].note
    graded.run("grade")
    assert opened(graded) == []


def test_answers_under_ids_that_changed_places_are_not_graded_as_each_other(harness: Harness) -> None:
    harness.model.otherwise = lambda request: right(request, text="1a. four\n1b. five\n2. a cell")
    harness.exam()
    harness.put("blank_exam.jpg", b"o")
    harness.put("scans/Ann Lee/1.jpg", b"one")
    for pipeline in ("rubric", "transcribe", "grade"):
        harness.run(pipeline)
    assert opened(harness) == []
    first, second, third = QUESTIONS
    harness.exam(second | {"question_id": "1a"}, first | {"question_id": "1b"}, third)
    for pipeline in ("rubric", "grade"):
        harness.run(pipeline)
    assert sorted(question for _, question in opened(harness)) == ["1a", "1b"]
    (student,) = {student for student, _ in opened(harness)}
    assert "transcribe again" in book(harness).cell(cell_id(student, "1a")).flags[0].note
    for pipeline in ("transcribe", "grade"):
        harness.run(pipeline)
    assert opened(harness) == []


def test_points_and_answer_changed_together_are_one_state(graded: Harness) -> None:
    graded.exam(QUESTIONS[0] | {"points": 6}, *QUESTIONS[1:])
    decide(graded, points=6)
    assert book(graded).cell(FIRST).points == 6
    transcribed_anew(graded)
    assert book(graded).cell(FIRST).state is CellState.NEEDS_REVIEW


class TestDecisions:
    """A decision is of what was there when it was made: neither an older nor a newer state takes it over."""

    @pytest.mark.parametrize("change", [placed_anew, scanned_anew, transcribed_anew])
    def test_an_earlier_one_does_not_come_back_over_a_later_one(self, graded: Harness, change: Change) -> None:
        decide(graded, points=1)
        change(graded)
        decide(graded, points=3, by="Bob")
        assert book(graded).cell(FIRST).points == 3
        graded.run("grade")
        cell = book(graded).cell(FIRST)
        assert cell.state is CellState.NEEDS_REVIEW
        assert "Bob decided on 3 points" in cell.flags[-1].note
        assert audit_says_nothing(graded)

    def test_one_about_an_old_scan_is_not_one_about_the_new(self, harness: Harness) -> None:
        put_answers(harness, "s-1", q1a={"raw_text": ""})
        harness.run("grade")
        decide(harness, points=0)
        scanned_anew(harness)
        harness.run("grade")
        assert book(harness).cell(FIRST).state is CellState.NEEDS_REVIEW

    @pytest.mark.parametrize("first", ["points", "wording"])
    @pytest.mark.parametrize("change", [*OF_ONE_ANSWER, *OF_A_QUESTION, *OF_ALL])
    def test_one_on_a_changed_question_is_open_again_after_any_change(
        self, graded: Harness, change: Change, first: str
    ) -> None:
        changed = {"points": 6} if first == "points" else {"question_text": "What is 20 + 30?"}
        graded.exam(QUESTIONS[0] | changed, *QUESTIONS[1:])
        decide(graded, points=2)
        assert book(graded).cell(FIRST).points == 2
        change(graded)
        assert book(graded).cell(FIRST).state is CellState.NEEDS_REVIEW
        assert audit_says_nothing(graded)

    def test_points_do_not_hide_another_wording(self, graded: Harness) -> None:
        graded.exam(QUESTIONS[0] | {"points": 6}, *QUESTIONS[1:])
        decide(graded, points=6)
        graded.exam(QUESTIONS[0] | {"points": 6, "question_text": "What is 9 + 9?"}, *QUESTIONS[1:])
        cell = book(graded).cell(FIRST)
        assert cell.state is CellState.NEEDS_REVIEW
        assert "the question's points, from 5 to 6, the question's wording" in cell.flags[0].note

    def test_accepting_is_of_the_grading_that_was_shown(self, harness: Harness) -> None:
        put_answers(harness, "s-1", q1a={"flags": [{"kind": "low_confidence", "note": "page 1"}]})
        harness.model.otherwise = lambda r: grading(r, 3, 0) if question_of(r) == "1a" else right(r)
        harness.run("grade")
        decide(harness, action=DecisionAction.ACCEPT, points=None)
        assert book(harness).cell(FIRST).state is CellState.GRADED
        harness.model.otherwise = lambda r: grading(r, 1, 2, feedback="Other.") if question_of(r) == "1a" else right(r)
        harness.run("grade", enable_checkpointing=False)
        assert book(harness).cell(FIRST).state is CellState.NEEDS_REVIEW
        assert audit_says_nothing(harness)


class TestScans:
    """A scan counts from its upload on: until it is transcribed, the student's answers are open."""

    @pytest.fixture
    def scanned(self, harness: Harness) -> Harness:
        harness.exam()
        harness.put("user_rubrics.json", RUBRICS)
        harness.put("blank_exam.jpg", b"o")
        harness.put("scans/Ann Lee/1.jpg", b"one")
        harness.put("scans/Bob Ray/1.jpg", b"other")
        harness.model.otherwise = lambda request: right(request, text="1a. four\n1b. five\n2. a cell")
        for pipeline in ("transcribe", "grade"):
            assert harness.run(pipeline).status is RunStatus.SUCCEEDED
        assert self.finals(harness) == {"Ann Lee": True, "Bob Ray": True}
        return harness

    @staticmethod
    def students(harness: Harness) -> dict[str, StudentGrades]:
        folders = {each["student_id"]: each["folder"] for each in harness.artifact("students.json")["students"]}
        return {folders[student_id]: grades for student_id, grades in book(harness).students.items()}

    def finals(self, harness: Harness) -> dict[str, bool]:
        return {folder: grades.final for folder, grades in self.students(harness).items()}

    def test_another_blank_exam_opens_all(self, scanned: Harness) -> None:
        scanned.put("blank_exam.jpg", b"another")
        assert self.finals(scanned) == {"Ann Lee": False, "Bob Ray": False}
        (note,) = {cell.flags[-1].note for cell in self.students(scanned)["Ann Lee"].cells}
        assert "the blank exam. Transcribe the scans (aita transcribe), then grade" in note.replace(
            " --assignment midterm", ""
        )

    @pytest.mark.parametrize("name", ["1.jpg", "2.jpg"])
    def test_a_new_one_opens_its_student_alone(self, scanned: Harness, name: str) -> None:
        scanned.put(f"scans/Ann Lee/{name}", b"off")
        assert self.finals(scanned) == {"Ann Lee": False, "Bob Ray": True}
        (note,) = {cell.flags[-1].note for cell in self.students(scanned)["Ann Lee"].cells}
        assert "of which one was uploaded since. Transcribe the scans" in note
        assert audit_says_nothing(scanned)

    def test_transcribing_and_grading_close_it(self, scanned: Harness) -> None:
        scanned.put("scans/Ann Lee/1.jpg", b"off")
        scanned.run("transcribe")
        assert self.finals(scanned) == {"Ann Lee": False, "Bob Ray": True}
        scanned.run("grade")
        assert self.finals(scanned) == {"Ann Lee": True, "Bob Ray": True}

    @pytest.mark.parametrize("name", ["1.jpg", "2.jpg"])
    def test_pages_that_were_split_and_not_transcribed_are_open(self, scanned: Harness, name: str) -> None:
        """A run that halts between the two leaves answers that were found on other pages, blank ones among them."""
        scanned.put(f"scans/Ann Lee/{name}", b"off")
        halted(scanned, "transcribe")
        assert self.finals(scanned) == {"Ann Lee": False, "Bob Ray": True}
        scanned.run("grade")
        assert self.finals(scanned) == {"Ann Lee": False, "Bob Ray": True}
        (note,) = {cell.flags[-1].note for cell in self.students(scanned)["Ann Lee"].cells}
        assert "split and not transcribed since. Transcribe the scans" in note
        scanned.run("transcribe")
        scanned.run("grade")
        changed = [flag for each in self.students(scanned)["Ann Lee"].cells for flag in each.flags]
        assert FlagKind.CHANGED not in {flag.kind for flag in changed}
        assert audit_says_nothing(scanned)

    def test_other_ink_on_the_same_pages_opens_them(self, scanned: Harness) -> None:
        """What counted as blank was decided by the ink that split found then."""
        change_json(scanned, "scans.json", lambda data: [each.update(ink=[NO_INK]) for each in data.values()])
        assert self.finals(scanned) == {"Ann Lee": False, "Bob Ray": False}

    def test_one_that_is_gone_is_no_new_one(self, scanned: Harness) -> None:
        del scanned.objects.data[f"{ASSIGNMENT}/scans/Ann Lee/1.jpg"]
        assert self.finals(scanned) == {"Ann Lee": True, "Bob Ray": True}

    def test_what_desktops_leave_and_a_misplaced_file_stop_no_reader(self, scanned: Harness) -> None:
        scanned.put("scans/Ann Lee/.DS_Store", b"x")
        scanned.put("scans/loose.jpg", b"x")
        assert self.finals(scanned) == {"Ann Lee": True, "Bob Ray": True}


class TestWording:
    """An answer key and a rubric are for the wording that they were written for."""

    @pytest.fixture
    def written(self, harness: Harness) -> Harness:
        put_answers(harness)
        del harness.objects.data[f"{ASSIGNMENT}/user_rubrics.json"]
        assert harness.run("rubric").status is RunStatus.SUCCEEDED
        assert harness.run("grade").status is RunStatus.SUCCEEDED
        return harness

    @staticmethod
    def reword(harness: Harness) -> None:
        harness.exam(QUESTIONS[0] | {"question_text": "What is 20 + 30?"}, *QUESTIONS[1:])

    def test_grading_with_those_of_another_is_refused_before_it_costs_anything(self, written: Harness) -> None:
        self.reword(written)
        calls = written.model.calls
        with pytest.raises(InvalidMaterialError, match="answer key of question '1a', the rubric of question '1a'"):
            written.run("grade")
        assert written.model.calls == calls

    @pytest.mark.parametrize("change", ["reworded", "own key", "own rubric", "key and scan", "instructions"])
    def test_the_advice_is_what_works(self, written: Harness, change: str) -> None:
        if change == "reworded":
            self.reword(written)
        if change in ("own key", "key and scan"):
            written.put("user_answer_keys.json", {"1a": {"correct_answer": "five"}})
        if change == "key and scan":
            change_json(written, "scans.json", lambda data: data["s-1"].update(blank_exam=["another"]))
        if change == "own rubric":
            another_rubric(written)
        if change == "instructions":
            instructed(written)
        note = book(written).cell(FIRST).flags[-1].note
        refused = change in ("reworded", "own key", "key and scan")
        if refused:
            with pytest.raises(InvalidMaterialError, match="aita generate-rubric"):
                written.run("grade")
        assert ("aita generate-rubric" in note) is refused
        steps = [step for step in ("transcribe", "generate-rubric", "grade") if f"(aita {step} " in note]
        assert [note.index(f"(aita {step} ") for step in steps] == sorted(
            note.index(f"(aita {step} ") for step in steps
        )
        if change == "key and scan":
            assert steps == ["transcribe", "generate-rubric", "grade"]
        elif refused:
            written.run("rubric")
            assert "generate-rubric" not in book(written).cell(FIRST).flags[-1].note
            assert written.run("grade").status is RunStatus.SUCCEEDED
            assert opened(written) == []

    def test_swapped_questions_are_refused_both(self, written: Harness) -> None:
        first, second = QUESTIONS[0]["question_text"], QUESTIONS[1]["question_text"]
        written.exam(QUESTIONS[0] | {"question_text": second}, QUESTIONS[1] | {"question_text": first}, QUESTIONS[2])
        with pytest.raises(InvalidMaterialError, match=r"'1a'.*'1a'.*'1b'.*'1b'"):
            written.run("grade")

    def test_writing_them_anew_asks_for_that_question_alone(self, written: Harness) -> None:
        self.reword(written)
        calls = written.model.calls
        written.run("rubric")
        assert written.model.calls == calls + 2
        assert written.run("grade").status is RunStatus.SUCCEEDED
        assert opened(written) == []

    def test_undoing_it_needs_nothing(self, written: Harness) -> None:
        self.reword(written)
        written.exam()
        calls = written.model.calls
        assert written.run("grade").status is RunStatus.SUCCEEDED
        assert (written.model.calls, opened(written)) == (calls, [])

    def test_a_question_that_is_reworded_while_a_run_waits_is_refused_by_plan(self, written: Harness) -> None:
        run = written.begin("grade")
        self.reword(written)
        written.plan(run, "grade")
        assert "worded otherwise" in written.runs.get(run.run_id).reason

    def test_points_and_pages_are_no_wording(self, written: Harness) -> None:
        written.exam(QUESTIONS[0] | {"page_number": 2}, *QUESTIONS[1:])
        assert written.run("grade").status is RunStatus.SUCCEEDED

    def test_files_of_0_1_0_are_of_the_wording_that_was_graded_with_them(self, written: Harness) -> None:
        for name in ("answer_keys.json", "rubrics.json"):
            change_json(written, name, lambda data: [each.pop("question_version") for each in data.values()])
        assert written.run("grade").status is RunStatus.SUCCEEDED
        self.reword(written)
        with pytest.raises(InvalidMaterialError, match="answer key of question '1a', the rubric of question '1a'"):
            written.run("grade")

    def test_a_rubric_of_ones_own_is_confirmed_by_writing_anew(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("rubric")
        harness.run("grade")
        self.reword(harness)
        with pytest.raises(InvalidMaterialError, match="the rubric of question '1a'"):
            harness.run("grade")
        harness.run("rubric")
        assert harness.run("grade").status is RunStatus.SUCCEEDED

    def test_a_rubric_of_ones_own_that_was_graded_with_is_of_that_wording(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("grade")
        self.reword(harness)
        with pytest.raises(InvalidMaterialError, match="the rubric of question '1a'"):
            harness.run("grade")

    def test_a_key_of_0_1_0_stays_of_its_wording_when_a_rubric_comes(self, written: Harness) -> None:
        for name in ("answer_keys.json", "rubrics.json"):
            change_json(written, name, lambda data: [each.pop("question_version") for each in data.values()])
        self.reword(written)
        another_rubric(written)
        with pytest.raises(InvalidMaterialError, match="answer key of question '1a'"):
            written.run("grade")

    def test_a_rubric_is_not_written_from_a_key_of_another_wording(self, written: Harness) -> None:
        run = written.begin("rubric")
        for event in written.events(run, "answer_key"):
            written.invoke(event)
        written.collect(run, "answer_key")
        self.reword(written)
        for event in written.events(written.runs.get(run.run_id), "rubric"):
            written.invoke(event)
        row = written.row(run, "rubric", question_id="1a")
        assert (row.status, row.error_type) == (TaskStatus.FAILED, "MissingInputError")

    def test_a_new_rubric_of_ones_own_is_for_the_wording_of_now(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("rubric")
        self.reword(harness)
        another_rubric(harness)
        del harness.objects.data[f"{ASSIGNMENT}/answer_keys.json"]
        assert harness.run("grade").status is RunStatus.SUCCEEDED


class TestLateRuns:
    """A run that collects after another one that was planned later leaves what that one made."""

    READ = "1a. four\n1b. five\n2. a cell"

    @pytest.fixture
    def late(self, harness: Harness) -> tuple[Harness, Run]:
        """A grading run whose items are done, and whose Collect is still to come."""
        harness.exam()
        harness.put("user_rubrics.json", RUBRICS)
        harness.put("blank_exam.jpg", b"o")
        harness.put("scans/Ann Lee/1.jpg", b"one")
        harness.model.otherwise = self.answer
        harness.run("transcribe")
        run = harness.begin("grade")
        for event in harness.events(run, "grade"):
            harness.invoke(event)
        return harness, run

    def answer(self, request: LLMRequest) -> str:
        return right(request, text=self.READ)

    def test_newer_grades_stay_and_the_late_run_says_so(
        self, late: tuple[Harness, Run], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harness, run = late
        monkeypatch.setattr(self, "READ", "1a. 2 + 2 = 4\n1b. seven\n2. a cell")
        harness.put("scans/Ann Lee/1.jpg", b"off")
        assert harness.run("exam").status is RunStatus.SUCCEEDED
        newer = harness.artifact("grades.json")
        assert harness.collect(run, "grade").status is RunStatus.FAILED
        assert "another run has done stage grade from newer material" in harness.runs.get(run.run_id).reason
        assert harness.artifact("grades.json") == newer
        assert opened(harness) == []
        resumed = harness.resume(run)
        assert resumed.status is RunStatus.SUCCEEDED
        assert cells(harness).keys() == {(student, q) for student, graded in newer.items() for q in graded}

    def test_an_older_run_that_collects_first_is_replaced(self, late: tuple[Harness, Run]) -> None:
        harness, run = late
        harness.collect(run, "grade")
        older = harness.artifact("grades.json")
        harness.put("rubric_instructions.txt", "Be strict.")
        harness.clock.advance(60)
        harness.run("exam")
        assert harness.artifact("grades.json") != older

    def test_collecting_twice_is_as_once(self, late: tuple[Harness, Run]) -> None:
        harness, run = late
        first = harness.collect(run, "grade")
        grades = harness.artifact("grades.json")
        assert harness.collect(run, "grade") == first
        assert harness.artifact("grades.json") == grades


def test_cells_name_the_version_of_aita_that_graded_them(graded: Harness) -> None:
    assert {cell.aita for cell in cells(graded).values()} == {VERSION}


class TestCellsOf010:
    """Cells of 0.1.0 do not name their versions. They stay as they are, and a change since opens them all the same."""

    OF_NOW = (
        "answer",
        "answer_key",
        "instructions",
        "aita",
        "older_basis",
        "graders_asked",
        "reasoning_effort",
        "disagreement",
        "gradings",
    )

    def as_of_0_1_0(self, harness: Harness, **options: Any) -> dict[str, Any]:
        settings = RunSettings(model=MODEL, max_workers=1, **options)
        inputs = GradeInputs.of(AssignmentFiles(harness.objects, ASSIGNMENT), settings)

        def strip(data: Any) -> None:
            for student_id, question in inputs.cells():
                cell = data[student_id][question.question_id]
                rubric = inputs.rubrics[question.question_id]
                cell["basis"] = inputs.older_basis(student_id, question, rubric, MODEL)
                for name in self.OF_NOW:
                    cell.pop(name)

        change_json(harness, "grades.json", strip)
        grades: dict[str, Any] = harness.artifact("grades.json")
        return grades

    @pytest.fixture(
        params=[{}, {"graders": 3}, {"disagreement": 0.125}, {"graders": 2, "disagreement": 0.333}], ids=str
    )
    def old(self, harness: Harness, request: pytest.FixtureRequest) -> Harness:
        put_answers(harness)
        harness.run("grade", **request.param)
        self.as_of_0_1_0(harness, **request.param)
        return harness

    def test_an_upgrade_opens_none(self, old: Harness) -> None:
        decide(old)
        assert opened(old) == []
        assert book(old).cell(FIRST).state is CellState.OVERRIDDEN
        assert audit_says_nothing(old)

    @pytest.mark.parametrize(("change", "touched"), TOUCHES, ids=lambda value: getattr(value, "__name__", ""))
    def test_a_change_opens_what_it_touches(self, old: Harness, change: Change, touched: list[tuple[str, str]]) -> None:
        change(old)
        if change in (scanned_anew, placed_anew):  # the basis of 0.1.0 has pages and places of drawings alone
            touched = [("s-1", "2")] if change is scanned_anew else []
        assert sorted(opened(old)) == sorted(touched)

    def test_a_class_that_was_transcribed_anew_is_all_open(self, old: Harness) -> None:
        def anew(data: Any) -> None:
            for student in data:
                data[student] = answers(**{f"q{q['question_id']}": {"raw_text": "It is five."} for q in QUESTIONS})

        change_json(old, "answers.json", anew)
        assert len(opened(old)) == len([*S1, *S2])

    def test_a_blank_answer_stays_blank(self, harness: Harness) -> None:
        put_answers(harness, "s-1", ink=NO_INK, q1a={"raw_text": ""})
        harness.run("grade")
        self.as_of_0_1_0(harness)
        another_rubric(harness)
        assert ("s-1", "1a") not in opened(harness)
        transcribed_anew(harness)
        assert ("s-1", "1a") in opened(harness)

    def test_grading_on_asks_nothing_and_they_stay_marked_as_older(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("grade")
        before = self.as_of_0_1_0(harness)
        calls = harness.model.calls
        assert harness.run("grade").status is RunStatus.SUCCEEDED
        assert harness.model.calls == calls
        for (student, question), cell in cells(harness).items():
            assert cell.is_of_older_version
            assert cell.answer, "what it is of is known now"
            assert cell.model_dump(include=set(before[student][question]), mode="json") == before[student][question]

    def test_those_of_three_graders_stay_so(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("grade", graders=3, disagreement=0.125)
        self.as_of_0_1_0(harness, graders=3, disagreement=0.125)
        decide(harness)
        calls = harness.model.calls
        for _ in range(2):
            run = harness.run("grade")
            assert (run.settings.graders, run.settings.disagreement) == (3, 0.125)
            assert (harness.model.calls, opened(harness)) == (calls, [])
        harness.run("grade", regrade_older=True)
        assert opened(harness) == []
        assert book(harness).cell(FIRST).state is CellState.OVERRIDDEN
        assert {len(cell.graders) for cell in cells(harness).values()} == {3}
        assert audit_says_nothing(harness)

    def test_a_grading_that_failed_and_that_a_person_set_stays_set(self, harness: Harness) -> None:
        put_answers(harness)
        bad = failing(harness, "1a")
        harness.run("grade")
        self.as_of_0_1_0(harness)
        basis = reviews(harness).show(ASSIGNMENT, FIRST).basis
        asked = DecisionRequest(action=DecisionAction.SET, points=2, why="read it", by="Ada", basis=basis)
        made = reviews(harness).decide(ASSIGNMENT, FIRST, asked)
        harness.decisions = MemoryDecisions()
        harness.decisions.add(ASSIGNMENT, made.model_copy(update={"aita": ""}))
        bad.clear()
        harness.run("grade")
        assert book(harness).cell(FIRST).points == 2
        assert audit_says_nothing(harness)

    def test_they_are_graded_again_on_request(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("grade")
        self.as_of_0_1_0(harness)
        request = StartRunRequest(assignment=ASSIGNMENT, pipeline="grade", options=RunOptions(regrade_older=True))
        estimator = Estimator(harness.objects, harness.submissions.defaults, lambda *_: None, harness.decisions)
        assert estimator.estimate(request).calls == len([*S1, *S2])
        run = harness.run("grade", regrade_older=True)
        assert len(harness.items(run, "grade")) == len([*S1, *S2])
        assert not [cell for cell in cells(harness).values() if cell.is_of_older_version]
        assert harness.items(harness.run("grade", regrade_older=True), "grade") == []

    def test_other_points_do_not_make_them_newer(self, harness: Harness) -> None:
        put_answers(harness)
        harness.run("grade")
        self.as_of_0_1_0(harness)
        other_points(harness)
        harness.run("grade")
        assert cells(harness)["s-1", "1a"].is_of_older_version


class TestOwnRubrics:
    """A rubric of the instructor's own counts as long as it is in ``user_rubrics.json``, and no copy of it longer."""

    def own(self, harness: Harness) -> None:
        harness.exam()
        harness.put("scans/Ann/1.jpg", b"a")
        strict = {"total_points": 5, "criteria": criteria(5, description="strict")}
        harness.put("user_rubrics.json", {"1a": strict})
        assert harness.run("exam").status is RunStatus.SUCCEEDED

    def rubrics(self, harness: Harness) -> dict[str, str]:
        found = AssignmentFiles(harness.objects, ASSIGNMENT).rubrics()
        return {question_id: rubric.criteria[0].description for question_id, rubric in found.items()}

    def test_once_it_is_taken_out_its_answers_are_open_and_another_is_written(self, harness: Harness) -> None:
        self.own(harness)
        assert self.rubrics(harness) == {"1a": "strict 1", "1b": "right", "2": "right"}
        harness.put("user_rubrics.json", {})
        assert self.rubrics(harness) == {"1b": "right", "2": "right"}
        assert "1a" in {question_id for _, question_id in opened(harness)}
        harness.run("grade")
        (cell,) = [cell for (_, question_id), cell in cells(harness).items() if question_id == "1a"]
        assert FlagKind.NO_RUBRIC in {flag.kind for flag in cell.flags}
        assert harness.run("exam").status is RunStatus.SUCCEEDED
        assert self.rubrics(harness)["1a"] == "right"

    def test_a_written_one_counts_again_once_an_own_one_that_never_ran_is_taken_out(self, harness: Harness) -> None:
        self.own(harness)
        harness.put("user_rubrics.json", {"1b": {"total_points": 3.5, "criteria": criteria(3.5, description="own")}})
        assert self.rubrics(harness) == {"1b": "own 1", "2": "right"}
        harness.put("user_rubrics.json", {})
        assert self.rubrics(harness)["1b"] == "right"

    def test_a_file_of_before_does_not_tell_copies(self, harness: Harness) -> None:
        self.own(harness)
        change_json(harness, "rubrics.json", lambda data: data["1a"].pop("own"))
        harness.put("user_rubrics.json", {})
        assert self.rubrics(harness)["1a"] == "strict 1"


class TestRenumbering:
    """A blank answer is blank however its question is worded, but not for a question that took over its id."""

    @pytest.fixture
    def blank(self, harness: Harness) -> Harness:
        above, half_written = [{"page": 1, "top": 0.1, "bottom": 0.3}], {"bands": "00" * 50 + "80" * 50}
        put_answers(harness, ink=NO_INK | half_written, q1a={"raw_text": "", "pages": above})
        harness.exam(*QUESTIONS[:2])
        harness.put("user_rubrics.json", {each: RUBRICS[each] for each in ("1a", "1b")})
        found = harness.artifact("answers.json")
        for student in found.values():
            for each in student["question_answers"]:
                (question,) = [one for one in QUESTIONS if one["question_id"] == each["question_id"]]
                each["question"] = question_version(Question(**question))
        harness.put("answers.json", found)
        harness.run("grade")
        assert {cell.question_id for cell in book(harness).cells() if cell.state is CellState.BLANK} == {"1a"}
        return harness

    def test_another_wording_keeps_it(self, blank: Harness) -> None:
        blank.exam(QUESTIONS[0] | {"question_text": "What is 20 + 30?"}, QUESTIONS[1])
        assert "1a" not in {question_id for _, question_id in opened(blank)}

    def test_a_question_that_took_over_the_id_is_open(self, blank: Harness) -> None:
        blank.exam(QUESTIONS[1] | {"question_id": "1a"})
        blank.put("user_rubrics.json", {"1a": RUBRICS["1b"]})
        assert {question_id for _, question_id in opened(blank)} == {"1a"}
        assert "which another question had" in book(blank).cell(FIRST).flags[0].note

    def test_so_are_questions_whose_ids_changed_places(self, blank: Harness) -> None:
        blank.exam(QUESTIONS[0] | {"question_id": "1b"}, QUESTIONS[1] | {"question_id": "1a"})
        assert {question_id for _, question_id in opened(blank)} == {"1a", "1b"}


@pytest.mark.parametrize("again", [False, True], ids=["of 0.1.0", "graded again since"])
def test_a_decision_about_a_grade_of_0_1_0_counts_again_once_other_points_are_taken_back(
    harness: Harness, again: bool
) -> None:
    put_answers(harness, "s-1")
    harness.run("grade")
    grades = harness.artifact("grades.json")
    settings = RunSettings(model=MODEL, max_workers=1)
    inputs = GradeInputs.unchecked(AssignmentFiles(harness.objects, ASSIGNMENT), settings)
    older = inputs.older_basis("s-1", inputs.exam.questions[0], inputs.rubrics["1a"], MODEL)
    for field in ("gradings", "answer_key", "instructions", "answer", "aita", "graders_asked", "disagreement"):
        del grades["s-1"]["1a"][field]
    harness.put("grades.json", grades | {"s-1": grades["s-1"] | {"1a": grades["s-1"]["1a"] | {"basis": older}}})
    decide(harness, points=4)
    harness.run("grade", regrade_older=again)
    assert (book(harness).cell(FIRST).state, book(harness).cell(FIRST).points) == (CellState.OVERRIDDEN, 4)
    other_points(harness)
    harness.run("grade")
    assert opened(harness) == [("s-1", "1a")]
    harness.put("user_rubrics.json", RUBRICS)
    harness.run("grade")
    assert (book(harness).cell(FIRST).state, book(harness).cell(FIRST).points) == (CellState.OVERRIDDEN, 4)
    assert recompute(audited(harness)) == []


REWORDED = QUESTIONS[0] | {"question_text": "What is 20 + 30?"}
RETYPED = QUESTIONS[0] | {"question_type": "calculation"}


@pytest.mark.parametrize("changed", [REWORDED, RETYPED], ids=["another wording", "another type"])
@pytest.mark.parametrize("before", ["none", "set", "accept"])
class TestTheRecountOfAChangedQuestion:
    """The audit's script comes to the gradebook's totals while a question is another one, and once it is again."""

    @pytest.fixture
    def decided(self, graded: Harness, before: str) -> Harness:
        if before == "accept":
            decide(graded, action=DecisionAction.ACCEPT, points=None)
        elif before == "set":
            decide(graded, points=2)
        return graded

    def test_before_and_after_and_once_it_is_undone(self, decided: Harness, changed: dict[str, Any]) -> None:
        before = audited(decided)
        decided.exam(changed, *QUESTIONS[1:])
        during = audited(decided)
        assert [each["open_questions"] for each in during["totals"].values()] == [["1a"], ["1a"]]
        decided.exam()
        after = audited(decided)
        assert after["totals"] == before["totals"] != during["totals"]
        assert [recompute(each) for each in (before, during, after)] == [[], [], []]

    def test_with_a_decision_about_the_changed_one(self, decided: Harness, changed: dict[str, Any]) -> None:
        decided.exam(changed, *QUESTIONS[1:])
        decide(decided, points=3)
        during = audited(decided)
        assert during["totals"]["s-1"]["open_questions"] == []
        decided.exam()
        assert [recompute(each) for each in (during, audited(decided))] == [[], []]

    def test_beside_another_question_with_the_wording_of_before(
        self, decided: Harness, changed: dict[str, Any]
    ) -> None:
        decided.exam(changed, *QUESTIONS[1:], QUESTIONS[0] | {"question_id": "9"})
        during = audited(decided)
        assert recompute(during) == []
        assert "1a" in during["totals"]["s-1"]["open_questions"]


def test_bonus_and_choice_change_totals_without_a_call_or_an_open_answer(graded: Harness) -> None:
    calls, before = graded.model.calls, audited(graded)
    same = [each | {"points": 5} for each in QUESTIONS]
    graded.put("questions.json", EXAM | {"questions": [QUESTIONS[0], QUESTIONS[1], QUESTIONS[2] | {"bonus": True}]})
    after = audited(graded)
    assert opened(graded) == []
    assert recompute(after) == []
    worth = before["totals"]["s-1"]["out_of"]
    assert after["totals"]["s-1"]["out_of"] == worth - QUESTIONS[2]["points"]
    assert after["totals"]["s-1"]["points"] == before["totals"]["s-1"]["points"]
    assert graded.run("grade").status is RunStatus.SUCCEEDED
    assert graded.model.calls == calls
    graded.put("questions.json", EXAM | {"questions": same, "choices": [{"choose": 1, "of": ["1a", "1b", "2"]}]})
    assert recompute(audited(graded)) == []
    assert audited(graded)["totals"]["s-1"]["out_of"] == 5
