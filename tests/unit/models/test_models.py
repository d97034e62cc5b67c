"""The exam's models: what earlier graders wrote is read as it is, and what breaks a rule is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aita.errors import InvalidMaterialError
from aita.memory.objects import MemoryObjects
from aita.models.api import StartRunRequest
from aita.models.exam import AnswerKey, ExamSpec, Rubric, RubricPoints
from aita.models.grade import CellState
from aita.models.run import ItemResponse, Outcome, Usage
from aita.models.transcription import Transcription
from aita.services.assignments.assignment_files import AssignmentFiles, parse_file
from tests.support.gradebooks import cell

OLD_EXAM: dict[str, Any] = {
    "exam_name": "CS 101 Midterm",
    "total_pages": 4,
    "created_by": "an earlier grader",
    "questions": [
        {
            "question_id": "1a",
            "question_text": "Define a stack.",
            "points": 5,
            "question_type": "short_answer",
            "page_number": 1,
            "bounding_box": [1, 2, 3, 4],
        },
        {
            "question_id": "1b",
            "question_text": "Pick one.",
            "points": 2.5,
            "question_type": "multiple_choice",
            "page_number": None,
        },
        {"question_id": "2", "question_text": "Prove it.", "points": 20, "question_type": "long_answer"},
        {"question_id": "3", "question_text": "Compute.", "points": 10, "question_type": "calculation"},
        {"question_id": "4", "question_text": "Draw.", "points": 0.5, "question_type": "diagram"},
    ],
}


def read_exam(data: bytes) -> ExamSpec:
    return AssignmentFiles(MemoryObjects(data={"a/questions.json": data}), "a").exam()


def parse(exam: dict[str, Any]) -> ExamSpec:
    return read_exam(json.dumps(exam).encode())


def changed(**changes: Any) -> dict[str, Any]:
    """Return an exam whose second question is changed so."""
    first, second, *rest = OLD_EXAM["questions"]
    return OLD_EXAM | {"questions": [first, second | changes, *rest]}


class TestExam:
    def test_an_earlier_graders_exam_is_read_as_it_is(self) -> None:
        exam = parse(OLD_EXAM)
        assert (exam.exam_name, exam.total_pages) == ("CS 101 Midterm", 4)
        assert [q.question_id for q in exam.questions] == ["1a", "1b", "2", "3", "4"]
        assert [q.points for q in exam.questions] == [5, 2.5, 20, 10, 0.5]
        assert [q.page_number for q in exam.questions] == [1, None, None, None, None]
        assert [str(q.question_type) for q in exam.questions] == [
            "short_answer",
            "multiple_choice",
            "long_answer",
            "calculation",
            "diagram",
        ]

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        assert read_exam(b"\xef\xbb\xbf" + json.dumps(OLD_EXAM).encode()).total_pages == 4

    def test_an_id_that_is_there_twice_is_named(self) -> None:
        with pytest.raises(InvalidMaterialError, match=r"questions\.json: .*'1a' is there twice"):
            parse(changed(question_id="1a"))

    def test_ids_that_differ_in_spaces_only_are_the_same(self) -> None:
        with pytest.raises(InvalidMaterialError, match="'1a' is there twice"):
            parse(changed(question_id=" 1a "))

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"points": 0}, r"questions\[1\]\.points: .*greater than 0"),
            ({"points": -3}, r"questions\[1\]\.points: .*greater than 0"),
            ({"points": "many"}, r"questions\[1\]\.points: "),
            ({"question_type": "essay"}, r"questions\[1\]\.question_type: .*'short_answer'"),
            ({"question_text": "  "}, r"questions\[1\]\.question_text: "),
            ({"question_id": ""}, r"questions\[1\]\.question_id: "),
            ({"question_id": "x" * 41}, r"questions\[1\]\.question_id: "),
            ({"question_id": "1\n2"}, r"questions\[1\]\.question_id: .*control characters"),
            ({"page_number": 0}, r"questions\[1\]\.page_number: "),
        ],
    )
    def test_a_wrong_value_is_told_with_its_path(self, changes: dict[str, Any], told: str) -> None:
        with pytest.raises(InvalidMaterialError, match=told):
            parse(changed(**changes))

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
    def test_points_must_be_a_finite_number(self, number: str) -> None:
        text = json.dumps(OLD_EXAM).replace('"points": 2.5', f'"points": {number}')
        with pytest.raises(InvalidMaterialError, match=r"questions\[1\]\.points: "):
            read_exam(text.encode())

    @pytest.mark.parametrize("name", ["question_id", "question_text", "points", "question_type"])
    def test_a_missing_field_of_a_question_is_named(self, name: str) -> None:
        first, *rest = OLD_EXAM["questions"]
        without = {field: value for field, value in first.items() if field != name}
        with pytest.raises(InvalidMaterialError, match=rf"questions\[0\]\.{name}: Field required"):
            parse(OLD_EXAM | {"questions": [without, *rest]})

    @pytest.mark.parametrize("name", ["exam_name", "total_pages", "questions"])
    def test_a_missing_field_of_the_exam_is_named(self, name: str) -> None:
        with pytest.raises(InvalidMaterialError, match=rf"questions\.json: {name}: Field required"):
            parse({field: value for field, value in OLD_EXAM.items() if field != name})

    def test_an_exam_has_a_question(self) -> None:
        with pytest.raises(InvalidMaterialError, match="questions: "):
            parse(OLD_EXAM | {"questions": []})

    def test_broken_json_is_told_with_its_line(self) -> None:
        with pytest.raises(InvalidMaterialError, match=r"questions\.json: Invalid JSON.*line 2"):
            read_exam(b'{\n"exam_name" "x"}')

    def test_a_file_that_is_not_utf8_is_told_with_its_place(self) -> None:
        with pytest.raises(InvalidMaterialError, match=r"questions\.json: byte 3 is not UTF-8"):
            read_exam(b'{"\n\xff')

    def test_many_problems_are_told_in_part_and_counted(self) -> None:
        broken = [{"question_id": f"broken {number}"} for number in range(3)]  # each lacks three fields
        with pytest.raises(InvalidMaterialError, match="and 4 more"):
            parse(OLD_EXAM | {"questions": [*OLD_EXAM["questions"], *broken]})


class TestAnswerKeyAndTranscription:
    def test_an_earlier_graders_key_is_read_as_it_is(self) -> None:
        key = AnswerKey.model_validate(
            {
                "question_id": "1a",
                "correct_answer": "LIFO",
                "alternative_answers": ["last in, first out"],
                "explanation": "why",
                "grading_notes": "lenient",
                "solution_steps": ["one"],
                "model": "older",
            }
        )
        assert key.alternative_answers == ("last in, first out",)
        assert "older" not in key.model_dump_json()

    def test_what_a_key_may_leave_out(self) -> None:
        key = AnswerKey.model_validate({"question_id": "1a", "correct_answer": "LIFO"})
        assert (key.alternative_answers, key.explanation, key.solution_steps) == ((), "", ())

    @pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan"), "sure", None])
    def test_a_confidence_is_from_0_to_1(self, confidence: Any) -> None:
        with pytest.raises(ValidationError):
            Transcription(lines=[], confidence=confidence)

    def test_a_blank_page_has_an_empty_text(self) -> None:
        assert Transcription(lines=[], confidence=1).text == ""


class TestRubricPoints:
    def test_an_earlier_graders_user_rubrics_are_read_as_they_are(self) -> None:
        text = '{"1a": {"total_points": 5, "criteria": [{"points": 5, "description": "right"}], "author": "me"}}'
        rubrics = parse_file("user_rubrics.json", text.encode(), TypeAdapter(dict[str, RubricPoints]).validate_json)
        assert rubrics["1a"].problem(5) is None

    def test_a_wrong_user_rubric_is_told_with_its_path(self) -> None:
        with pytest.raises(InvalidMaterialError, match=r"user_rubrics\.json: 1a\.criteria\[0\]\.points: "):
            parse_file(
                "user_rubrics.json",
                b'{"1a": {"total_points": 5, "criteria": [{"points": "x", "description": "right"}]}}',
                TypeAdapter(dict[str, RubricPoints]).validate_json,
            )

    @given(
        parts=st.lists(st.integers(1, 2000), min_size=1, max_size=8),
        off_total=st.integers(-3, 3),
        off_question=st.integers(-3, 3),
    )
    def test_points_may_differ_by_a_hundredth_and_no_more(
        self, parts: list[int], off_total: int, off_question: int
    ) -> None:
        total = sum(parts) + off_total
        worth = total + off_question
        if total <= 0 or worth <= 0:
            return
        criteria = [{"points": part / 100, "description": "x"} for part in parts]
        problem = RubricPoints(total_points=total / 100, criteria=criteria).problem(worth / 100)
        assert (problem is None) == (abs(off_total) <= 1 and abs(off_question) <= 1), problem

    @pytest.mark.parametrize("part", [0, -1, -0.001])
    def test_each_criterion_has_more_than_nothing(self, part: float) -> None:
        criteria = [{"points": 5 - part, "description": "x"}, {"points": part, "description": "y"}]
        problem = RubricPoints(total_points=5, criteria=criteria).problem(5)
        assert problem is not None
        assert "criterion 2" in problem

    def test_the_problem_tells_both_numbers(self) -> None:
        rubric = RubricPoints(total_points=5, criteria=[{"points": 4, "description": "x"}])
        assert rubric.problem(5) == "the criteria sum to 4 points and total_points is 5: make them equal"
        assert "question is worth 7" in (RubricPoints(total_points=4, criteria=rubric.criteria).problem(7) or "")

    @pytest.mark.parametrize("total", [0, -1, float("nan"), float("inf")])
    def test_a_total_is_a_positive_number(self, total: float) -> None:
        with pytest.raises(ValidationError):
            Rubric(question_id="1", total_points=total, criteria=[{"points": 1, "description": "x"}])

    def test_a_rubric_has_a_criterion(self) -> None:
        with pytest.raises(ValidationError):
            Rubric(question_id="1", total_points=1, criteria=[])


class TestRunModels:
    @pytest.mark.parametrize("wait", [-1, 61, 0.5])
    def test_a_wait_is_whole_seconds_from_0_to_60(self, wait: float) -> None:
        with pytest.raises(ValidationError):
            ItemResponse.model_validate({"outcome": "WAIT", "wait": wait})

    def test_a_wait_is_always_there(self) -> None:
        answer = ItemResponse(outcome=Outcome.SUCCEEDED).model_dump(mode="json")
        assert (answer["outcome"], answer["wait"]) == ("SUCCEEDED", 0)

    @given(st.lists(st.builds(Usage, calls=st.integers(0, 9), cost_usd=st.decimals(0, 9, places=6))))
    def test_usages_sum_exactly(self, usages: list[Usage]) -> None:
        total = sum(usages, Usage())
        assert total.calls == sum(usage.calls for usage in usages)
        assert total.cost_usd == sum(usage.cost_usd for usage in usages)

    @pytest.mark.parametrize("rate", ["NaN", "Infinity", "1e400", "-1", "10001"])
    def test_a_runs_rate_is_as_bounded_as_the_setting(self, rate: str) -> None:
        with pytest.raises(ValidationError):
            StartRunRequest.model_validate_json(
                f'{{"assignment": "a", "pipeline": "rubric", "options": {{"rate_limit_rps": {rate}}}}}'
            )

    def test_an_unknown_option_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="max_wokers"):
            StartRunRequest.model_validate({"assignment": "a", "pipeline": "rubric", "options": {"max_wokers": 3}})

    def test_an_error_never_shows_its_input(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Transcription(lines="SECRET", confidence="SECRET")
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(("version", "older"), [("", True), ("0.1.0", True), ("0.2.0.dev0", False), ("0.2.0", False)])
def test_what_a_development_version_graded_is_of_its_release(
    monkeypatch: pytest.MonkeyPatch, version: str, older: bool
) -> None:
    monkeypatch.setattr("aita.models.grade.VERSION", "0.2.0")
    assert cell("s-1", "1a", CellState.GRADED, 1, aita=version).is_of_older_version is older
