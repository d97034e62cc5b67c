"""What a run would cost where its stages start from what the run itself makes."""

import math
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from aita.errors import MissingMaterialError
from aita.models.api import Estimate, RunOptions, StartRunRequest
from aita.models.run import RunSettings
from aita.models.second_look import See
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import pile_files
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.runs.aws_price import Work, bill, total
from aita.services.runs.cost_estimate import Estimator
from aita.services.runs.pipelines import PIPELINES, stage_of
from aita.services.runs.stage_work import work_of
from tests.support.fakes import ASSIGNMENT, MODEL, Harness
from tests.support.grades import put_answers
from tests.support.ledgers import ledger, part

PAGE = {"key": "k", "sha256": "a" * 64, "width": 640, "height": 480}


def estimate(harness: Harness, pipeline: str, **options: Any) -> Estimate:
    defaults = RunSettings(model=MODEL, max_workers=5)
    estimator = Estimator(harness.objects, defaults, lambda taken, given: Decimal(taken), harness.decisions)
    return estimator.estimate(StartRunRequest(assignment=ASSIGNMENT, pipeline=pipeline, options=RunOptions(**options)))


def calls(estimate: Estimate) -> dict[str, int]:
    return {stage.stage: stage.calls for stage in estimate.stages}


def test_the_same_calls_cost_half_in_the_providers_batches(harness: Harness) -> None:
    harness.exam()
    found = estimate(harness, "rubric")
    assert found.cost_usd
    costs = [(each.cost_usd, each.batch_cost_usd) for each in found.stages]
    for cost, batched in (*costs, (found.cost_usd, found.batch_cost_usd)):
        assert cost == 2 * (batched or 0)
    unpriced = Estimator(harness.objects, RunSettings(model=MODEL, max_workers=5), lambda *_: None, harness.decisions)
    assert unpriced.estimate(StartRunRequest(assignment=ASSIGNMENT, pipeline="rubric")).batch_cost_usd is None


def test_only_stages_that_ask_a_model_lack_a_price(harness: Harness) -> None:
    put_answers(harness)
    unpriced = Estimator(harness.objects, RunSettings(model=MODEL, max_workers=5), lambda *_: None, harness.decisions)
    found = unpriced.estimate(StartRunRequest(assignment=ASSIGNMENT, pipeline="grade"))
    assert {each.stage: each.cost_usd for each in found.stages if each.model == ""} == {"cut": 0, "report": 0}
    [note] = [each for each in found.notes if "is not known" in each]
    assert note.startswith(f"the price of {MODEL} is not known")
    assert found.cost_usd is None


class TestPile:
    """A pile that no run has separated yet costs what its pages and booklets do."""

    @pytest.fixture
    def pile(self, harness: Harness) -> Harness:
        harness.exam()
        harness.put("piles/class.pdf", b"x" * 300_000 * 8)
        harness.put("roster.csv", "Name,Student ID\nAda Byron,1001\nBob Fox,1002\n")
        return harness

    def test_by_the_instructors_pages_of_a_booklet(self, pile: Harness) -> None:
        pile.put("piles.json", {"pages": 2})
        found = estimate(pile, "exam", read_names=True)
        made = calls(found)
        questions = len(AssignmentFiles(pile.objects, ASSIGNMENT).exam().questions)
        assert (made["read_names"], made["transcribe"], made["grade"]) == (4, 8, 4 * questions)
        assert "the pile is not separated yet: pages of a booklet are taken as 2, and booklets as 4" in found.notes
        assert found.aws_cost_usd
        more = Harness()
        more.exam()
        for number in range(4):
            more.put(f"scans/s{number}/1.pdf", b"x" * 300_000 * 2)
        assert calls(estimate(more, "exam"))["grade"] == made["grade"], "as four folders"

    def test_its_separation_is_billed_by_tasks_of_20_pages(self, pile: Harness) -> None:
        pile.put("piles/more.pdf", b"x" * 300_000 * 41)
        material = AssignmentFiles(pile.objects, ASSIGNMENT)
        settings = RunSettings(model=MODEL, max_workers=5)
        inputs = partial(GradeInputs.of, material, settings)
        work = work_of(stage_of("separate"), 0, material, settings, frozenset(), inputs)
        assert work == Work(tasks=1 + 3, pages=8 + 41)
        assert total(bill(work)) > 0

    def test_by_the_blank_exam_or_else_an_assumption(self, pile: Harness) -> None:
        assert (
            "the pile is not separated yet: pages of a booklet are taken as 4, and booklets as 2"
            in estimate(pile, "exam").notes
        )
        pile.put("blank_exam.pdf", b"x" * 300_000 * 8)
        assert (
            "the pile is not separated yet: pages of a booklet are taken as 8, and booklets as 1"
            in estimate(pile, "exam").notes
        )

    def test_what_is_separated_is_counted_once(self, pile: Harness) -> None:
        (file,) = pile_files(AssignmentFiles(pile.objects, ASSIGNMENT))
        pages = [{"source": file.source, "page": number, "key": str(number)} for number in range(1, 7)]
        pile.put(
            "booklets.json", {"booklets": [{"pages": pages[:3]}, {"pages": pages[3:]}], "counted": {file.source: 6}}
        )
        found = estimate(pile, "exam", read_names=True)
        assert (calls(found)["read_names"], calls(found)["transcribe"]) == (2, 6)
        assert not [note for note in found.notes if "not separated" in note]


class TestExtraction:
    def test_before_the_blank_exam_is_split_it_goes_by_its_size(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"x" * 300_000 * 9)
        found = estimate(harness, "extract-questions")
        assert calls(found) == {"split_exam": 0, "extract_questions": 3}
        assert found.notes == (
            "the scans are not split yet: an image is taken as one page, a PDF as one for each 300 kB",
        )

    def test_without_a_blank_exam_it_goes_by_one_students_scans(self, harness: Harness) -> None:
        for student, pages in (("Ann", 2), ("Bo", 5)):
            for page in range(pages):
                harness.put(f"scans/{student}/{page}.jpg", b"x")
        assert calls(estimate(harness, "extract-questions"))["extract_questions"] == 2

    def test_afterwards_it_goes_by_the_pages(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"x")
        before = estimate(harness, "extract-questions")
        harness.put("exam_pages.json", {"blank": True, "pages": [PAGE | {"page": page} for page in range(1, 6)]})
        after = estimate(harness, "extract-questions")
        assert (after.calls, after.notes) == (2, ())
        assert after.input_tokens < 5 * before.input_tokens

    def test_the_instructors_questions_cost_nothing(self, harness: Harness) -> None:
        harness.exam()
        found = estimate(harness, "extract-questions")
        assert (found.calls, found.notes) == (0, ())

    def test_there_must_be_something_to_read(self, harness: Harness) -> None:
        harness.put("grade_scale.json", {})
        with pytest.raises(MissingMaterialError):
            estimate(harness, "extract-questions")


def test_what_is_made_in_the_run_is_not_counted_and_said(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = ("split_exam", "extract_questions", "answer_key", "rubric", "split", "transcribe")
    monkeypatch.setitem(PIPELINES, "most", stages)
    harness.put("blank_exam.pdf", b"x")
    harness.put("scans/Ann/1.jpg", b"x")
    found = estimate(harness, "most")
    assert {stage: count for stage, count in calls(found).items() if count} == {"extract_questions": 1, "transcribe": 1}
    assert [note for note in found.notes if "not counted" in note] == [
        f"{stage} is not counted: its material is made in the run" for stage in ("answer_key", "rubric")
    ]
    assert found.duration is not None
    assert "the time of answer_key, rubric comes on top: the calls are not known yet" in found.duration.basis
    assert "the questions are read in the run: the pages' prompts are counted without them" in found.notes
    harness.exam()
    assert calls(estimate(harness, "most", batch_size=1)) == {
        "split_exam": 0, "extract_questions": 0, "answer_key": 3, "rubric": 3,
        "split": 0, "transcribe": 1,
    }  # fmt: skip


class TestGrading:
    def test_a_whole_exam_counts_each_students_answers(self, harness: Harness) -> None:
        harness.exam()
        for student in ("Ann", "Bo"):
            harness.put(f"scans/{student}/1.jpg", b"x")
        found = estimate(harness, "exam", graders=3)
        assert calls(found)["grade"] == 2 * 3 * 3
        assert "there are no answers yet" in " ".join(found.notes)

    def test_afterwards_it_counts_what_is_still_to_be_graded(self, harness: Harness) -> None:
        put_answers(harness, "s-1")
        assert calls(estimate(harness, "grade"))["grade"] == 3
        harness.run("grade")
        assert calls(estimate(harness, "grade"))["grade"] == 0


class TestAws:
    """The amounts of work are those of docs/costs.md, computed here by hand from its prices."""

    def test_a_file_is_a_task_of_split(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.pdf", b"x" * 600_000)
        harness.put("scans/Ann/2.jpg", b"x")
        found = estimate(harness, "transcribe")
        transitions, requests = Decimal(4 * 5) * Decimal("0.000025"), 5 * Decimal("0.0000002")
        time = (3 * 10 * Decimal("0.5") + 3 * Decimal("0.2")) * Decimal("0.0000166667")
        writes, puts, gets = 18 * Decimal("0.000000625"), 9 * Decimal("0.000005"), 9 * Decimal("0.0000004")
        assert found.calls == 3
        assert found.aws_cost_usd == transitions + requests + time + writes + puts + gets

    def test_a_report_for_each_student_and_one_for_the_class(self, harness: Harness) -> None:
        put_answers(harness, "s-1", "s-2")
        harness.put("scans/Ann/1.jpg", b"x")
        harness.put("scans/Bo/1.jpg", b"x")
        harness.run("grade")
        found = estimate(harness, "report")
        three = 12 * Decimal("0.000025") + 3 * Decimal("0.0000002") + 9 * Decimal("0.000000625")
        assert found.aws_cost_usd
        assert round(found.aws_cost_usd, 9) == round(
            three + 3 * Decimal("0.000005") + 3 * Decimal("1.7275390625") * Decimal("0.0000166667"), 9
        )

    def test_strips_are_counted_before_there_are_answers_and_after(self, harness: Harness) -> None:
        harness.exam()
        harness.put("scans/Ann/1.jpg", b"x")
        seen, unseen = (estimate(harness, "exam", see=see).aws_cost_usd for see in (See.ALWAYS, See.NEVER))
        assert seen
        assert unseen
        cut = 4 * Decimal("0.000025") + Decimal("0.0000002") + 3 * Decimal("0.000000625")
        strips = 3 * (Decimal("0.2") * Decimal("0.0000166667") + Decimal("0.000005") + Decimal("0.0000004"))
        assert seen - unseen == cut + strips

    def test_it_does_not_depend_on_the_models_price(self, harness: Harness) -> None:
        harness.exam()
        unpriced = Estimator(
            harness.objects, RunSettings(model=MODEL, max_workers=5), lambda *_: None, harness.decisions
        )
        found = unpriced.estimate(StartRunRequest(assignment=ASSIGNMENT, pipeline="rubric"))
        assert (found.cost_usd, found.aws_cost_usd) == (None, estimate(harness, "rubric").aws_cost_usd)

    def test_an_estimate_writes_nothing(self, harness: Harness) -> None:
        harness.exam()
        harness.put("scans/Ann/1.jpg", b"x")
        before = {each.key for each in harness.objects.list("")}
        estimate(harness, "exam")
        assert {each.key for each in harness.objects.list("")} == before


class TestSecondLooks:
    def test_each_mode_is_told_with_what_it_adds(self, harness: Harness) -> None:
        seen(harness, q1a={"raw_text": "x = -4"})
        never = estimate(harness, "grade")
        page = math.ceil(math.ceil(850 / 32) * math.ceil(1100 / 32) * 1.2)
        strip = math.ceil(math.ceil(850 / 32) * math.ceil(682 / 32) * 1.2)
        doubtful, always = 2 * (2 * strip - page), 2 * (3 * strip - page)
        mode = "of 6 answers to grade are seen on the page, in"
        assert never.notes == (
            "--see never (as estimated here): 0 of 6 answers to grade are seen on the page, in 4 different calls",
            f"--see doubtful: 4 {mode} 5 different calls, {doubtful:+,} tokens of images",
            f"--see always: 6 {mode} 6 different calls, {always:+,} tokens of images",
        )

    def test_the_mode_of_the_run_is_in_its_tokens_before_anything_is_cut(self, harness: Harness) -> None:
        seen(harness, q1a={"raw_text": "x = -4"})
        never, doubtful, always = (estimate(harness, "grade", see=see) for see in ("never", "doubtful", "always"))
        assert never.input_tokens < doubtful.input_tokens < always.input_tokens
        assert any(note.startswith("--see always (as estimated here): 6 of 6") for note in always.notes)
        before = always.input_tokens
        harness.run("grade", see="always")
        harness.put("grades.json", {})
        assert estimate(harness, "grade", see="always").input_tokens == before

    def test_answers_that_keep_another_grading_are_told_with_what_grades_them_again(self, harness: Harness) -> None:
        seen(harness, q1a={"raw_text": "x = -4"})
        harness.run("grade", see="never")
        hint = "--regrade-older grades them again"
        assert not any(hint in note for note in estimate(harness, "grade").notes)
        assert any(
            note.startswith("6 of the") and hint in note for note in estimate(harness, "grade", see="always").notes
        )
        again = estimate(harness, "grade", see="always", regrade_older=True)
        assert not any(hint in note for note in again.notes)
        assert calls(again)["grade"] == 6

    def test_several_graders_each_see_the_page(self, harness: Harness) -> None:
        seen(harness)
        (_, one, _), (_, three, _) = (estimate(harness, "grade", graders=graders).notes for graders in (1, 3))
        tokens = [int(note.partition("calls, ")[2].partition(" ")[0].replace(",", "")) for note in (one, three)]
        assert tokens[1] == 3 * tokens[0]

    def test_before_there_are_answers_each_is_taken_to_be_seen(self, harness: Harness) -> None:
        harness.exam()
        harness.put("scans/Ann/1.jpg", b"x")
        never, doubtful = (estimate(harness, "exam", see=see) for see in ("never", "doubtful"))
        assert doubtful.input_tokens > never.input_tokens
        assert any("a third of a page" in note for note in doubtful.notes)
        assert not any("a third of a page" in note for note in never.notes)


class TestSecondReadings:
    def test_each_answer_with_strips_is_a_call(self, harness: Harness) -> None:
        seen(harness, q1a={"raw_text": "x = -4"})
        assert calls(estimate(harness, "grade"))["read_again"] == 0
        once, doubtful = (
            estimate(harness, "grade", see="doubtful"),
            estimate(harness, "grade", see="doubtful", readings=2),
        )
        assert calls(doubtful)["read_again"] == 4
        assert calls(doubtful)["grade"] == calls(once)["grade"]
        assert doubtful.input_tokens > once.input_tokens
        assert calls(estimate(harness, "grade", see="always", readings=2))["read_again"] == 6
        assert calls(estimate(harness, "grade", see="never", readings=2))["read_again"] == 4

    def test_it_is_what_the_run_then_asks(self, harness: Harness) -> None:
        seen(harness)
        expected = calls(estimate(harness, "grade", see="always", readings=2))["read_again"]
        run = harness.run("grade", see="always", readings=2)
        assert len(harness.items(run, "read_again")) == expected
        assert calls(estimate(harness, "grade"))["read_again"] == 0

    def test_before_there_are_answers_each_is_taken_to_be_read_twice(self, harness: Harness) -> None:
        harness.exam()
        for student in ("Ann", "Bo"):
            harness.put(f"scans/{student}/1.jpg", b"x")
        found = estimate(harness, "exam", readings=2, see="doubtful")
        assert calls(found)["read_again"] == 2 * 3
        assert any("taken to be read twice" in note for note in found.notes)


PLAIN = "It is 4, as we had it in class.\nIndeed."
"""Words enough, and nothing in them that is often misread."""


def seen(harness: Harness, **changes: dict[str, Any]) -> None:
    """Give answers of two students, which can be seen on the pages."""
    plain = {"q1a": {"raw_text": PLAIN}, "q1b": {"raw_text": PLAIN}}
    put_answers(harness, "s-1", "s-2", **plain | changes)
    head = part("p-h", owner="page_head", top=0.03, bottom=0.08)
    harness.put("ledger.json", ledger(s_1=[head], s_2=[head]))


class TestTranscription:
    def test_it_is_near_what_the_run_then_asks(self, harness: Harness) -> None:
        harness.exam()
        harness.put("scans/Ann/1.pdf", "a|b|c")
        harness.run("transcribe")
        found = next(each for each in estimate(harness, "transcribe").stages if each.stage == "transcribe")
        asked = [request for request in harness.model.requests if request.schema_name == "Transcription"]
        assert found.calls == len(asked) == 3
        text = sum(len(message.text.encode()) / 4 for request in asked for message in request.messages)
        images = 3 * 27 * 35 * 1.2  # patches of 32 by 32 pixels
        assert found.input_tokens == pytest.approx(text + images, rel=0.01)

    def test_the_questions_are_part_of_each_pages_prompt(self, harness: Harness) -> None:
        harness.put("pages.json", {"s": [PAGE | {"page": 1}]})
        harness.put("scans/Ann/1.jpg", b"x")
        without = estimate(harness, "transcribe")
        harness.exam()
        found = estimate(harness, "transcribe")
        assert (without.calls, found.calls, found.notes) == (1, 1, ())
        assert found.input_tokens - without.input_tokens > 100


class TestReadNames:
    def test_each_folder_that_tells_no_student_is_a_call(self, harness: Harness) -> None:
        harness.exam()
        harness.put("roster.csv", "Name\nAnn Lee\nBob Fox\n")
        for folder in ("Ann Lee", "booklet-001", "booklet-002"):
            harness.put(f"scans/{folder}/1.jpg", b"x")
        assert "read_names" not in calls(estimate(harness, "transcribe"))
        found = estimate(harness, "transcribe", read_names=True)
        assert calls(found)["read_names"] == 2
        at_full_price = {each.stage: each.batch_cost_usd == each.cost_usd for each in found.stages if each.calls}
        assert at_full_price == {"read_names": True, "transcribe": False}, "no batch has names"
        run = harness.run("transcribe", read_names=True)
        assert len(harness.items(run, "read_names")) == 2
