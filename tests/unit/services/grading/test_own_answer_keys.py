"""The instructor's own answer keys, and the files of a run that are uploaded as the instructor's own."""

import json
from typing import Any

import pytest

from aita.errors import InvalidMaterialError
from aita.models.run import RunStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from tests.support.fakes import ASSIGNMENT, QUESTIONS, Harness, text_of
from tests.support.grades import put_answers
from tests.unit.services.compliance.test_audit_bundle import audited
from tests.unit.services.grading.test_changed_material import audit_says_nothing, opened

RIGHT = "Four, and no other number."
OWN: dict[str, Any] = {"1a": {"correct_answer": RIGHT, "alternative_answers": ["IV"]}}


@pytest.fixture
def written(harness: Harness) -> Harness:
    """Two students who are graded with answer keys and rubrics that a model wrote."""
    put_answers(harness)
    del harness.objects.data[f"{ASSIGNMENT}/user_rubrics.json"]
    assert harness.run("rubric").status is RunStatus.SUCCEEDED
    assert harness.run("grade").status is RunStatus.SUCCEEDED
    assert opened(harness) == []
    return harness


def keys(harness: Harness) -> dict[str, str]:
    found = AssignmentFiles(harness.objects, ASSIGNMENT).answer_keys()
    return {question_id: key.correct_answer for question_id, key in found.items()}


def prompts(harness: Harness, schema: str) -> list[str]:
    return [text_of(request.messages) for request in harness.model.requests if request.schema_name == schema]


def reword(harness: Harness) -> None:
    harness.exam(QUESTIONS[0] | {"question_text": "What is 20 + 30?"}, *QUESTIONS[1:])


class TestItWins:
    def test_over_a_written_one_without_a_call_for_itself(self, harness: Harness) -> None:
        harness.exam()
        harness.put("user_answer_keys.json", OWN)
        assert harness.run("rubric").status is RunStatus.SUCCEEDED
        asked = prompts(harness, "AnswerKey") + prompts(harness, "AnswerKeys")
        assert asked, "the other questions' are written"
        assert not any(QUESTIONS[0]["question_text"] in each for each in asked)
        assert any(RIGHT in each for each in prompts(harness, "Rubric"))
        assert harness.artifact("answer_keys.json")["1a"]["own"] is True

    def test_graders_are_shown_it(self, harness: Harness) -> None:
        put_answers(harness)
        harness.put("user_answer_keys.json", OWN)
        harness.run("grade")
        shown = [each for each in prompts(harness, "Grading") if "What is 2 + 2?" in each]
        assert shown
        assert all(RIGHT in each for each in shown)


class TestAfterGrading:
    def test_it_opens_its_question_and_no_other(self, written: Harness) -> None:
        written.put("user_answer_keys.json", OWN)
        assert opened(written) == [("s-1", "1a"), ("s-2", "1a")]
        assert audit_says_nothing(written)

    def test_a_rubric_that_was_written_from_the_other_key_grades_nothing(self, written: Harness) -> None:
        written.put("user_answer_keys.json", OWN)
        calls = written.model.calls
        with pytest.raises(InvalidMaterialError, match=r"^the rubric of question '1a': written from another"):
            written.run("grade")
        assert written.model.calls == calls
        assert written.run("rubric").status is RunStatus.SUCCEEDED
        assert written.model.calls == calls + 1, "the rubric of this question alone"
        assert written.run("grade").status is RunStatus.SUCCEEDED
        assert opened(written) == []

    def test_a_rubric_of_ones_own_fits_any_key(self, written: Harness) -> None:
        written.put("user_rubrics.json", {"1a": written.artifact("rubrics.json")["1a"]})
        written.put("user_answer_keys.json", OWN)
        assert written.run("grade").status is RunStatus.SUCCEEDED
        assert opened(written) == []

    def test_a_file_that_does_not_tell_what_rubrics_were_written_from_grades_on(self, written: Harness) -> None:
        rubrics = written.artifact("rubrics.json")
        for each in rubrics.values():
            del each["answer_key"]
        written.put("rubrics.json", rubrics)
        written.put("user_answer_keys.json", OWN)
        assert written.run("grade").status is RunStatus.SUCCEEDED

    def test_taking_it_out_before_it_was_used_closes_all_again(self, written: Harness) -> None:
        before = audited(written)["grades_version"]
        written.put("user_answer_keys.json", OWN)
        assert audited(written)["grades_version"] != before
        written.put("user_answer_keys.json", {})
        assert opened(written) == []
        assert audited(written)["grades_version"] == before

    def test_taking_it_out_once_it_was_used_opens_and_another_is_written(self, written: Harness) -> None:
        mine = keys(written)["1a"]
        written.put("user_answer_keys.json", OWN)
        written.run("rubric")
        written.run("grade")
        written.put("user_answer_keys.json", {})
        assert "1a" not in keys(written)
        assert opened(written) == [("s-1", "1a"), ("s-2", "1a")]
        with pytest.raises(InvalidMaterialError, match=r"answer key of question '1a': yours, and no longer in"):
            written.run("grade")
        written.run("rubric")
        assert keys(written)["1a"] == mine
        assert written.run("grade").status is RunStatus.SUCCEEDED
        assert opened(written) == []


class TestWording:
    def test_one_that_was_graded_with_is_of_that_wording(self, harness: Harness) -> None:
        put_answers(harness)
        harness.put("user_answer_keys.json", OWN)
        harness.run("grade")
        reword(harness)
        with pytest.raises(InvalidMaterialError, match="the answer key of question '1a', the rubric of question '1a'"):
            harness.run("grade")

    def test_it_is_confirmed_by_writing_anew(self, harness: Harness) -> None:
        put_answers(harness)
        harness.put("user_answer_keys.json", OWN)
        harness.run("rubric")
        harness.run("grade")
        reword(harness)
        with pytest.raises(InvalidMaterialError, match="the answer key of question '1a', the rubric of question '1a'"):
            harness.run("grade")
        harness.run("rubric")
        assert keys(harness)["1a"] == RIGHT
        assert harness.run("grade").status is RunStatus.SUCCEEDED
        assert opened(harness) == []

    def test_a_new_one_is_for_the_wording_of_now(self, written: Harness) -> None:
        reword(written)
        written.put("user_answer_keys.json", OWN)
        with pytest.raises(InvalidMaterialError, match=r"^the rubric of question '1a': written when"):
            written.run("grade")


@pytest.mark.parametrize("pipeline", ["rubric", "grade"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"9z": {"correct_answer": "four"}}, "user_answer_keys.json: '9z' is no question_id of questions.json"),
        ({"1a": {"question_id": "1b", "correct_answer": "four"}}, "'1a' has the question_id '1b'"),
        ({"1a": {"correct_answer": " "}}, "1a.correct_answer"),
        ([{"question_id": "1a", "correct_answer": "four"}], "user_answer_keys.json"),
    ],
)
def test_what_is_no_key_of_a_question_is_refused(harness: Harness, pipeline: str, content: Any, problem: str) -> None:
    put_answers(harness)
    harness.put("user_answer_keys.json", json.dumps(content))
    with pytest.raises(InvalidMaterialError, match=problem):
        harness.run(pipeline)


def test_files_of_a_run_can_be_uploaded_as_ones_own_and_change_nothing(written: Harness) -> None:
    calls = written.model.calls
    written.put("user_answer_keys.json", written.artifact("answer_keys.json"))
    written.put("user_rubrics.json", written.artifact("rubrics.json"))
    assert opened(written) == []
    assert written.run("rubric").status is RunStatus.SUCCEEDED
    written.put("user_answer_keys.json", written.artifact("answer_keys.json"))
    written.put("user_rubrics.json", written.artifact("rubrics.json"))
    assert written.run("grade").status is RunStatus.SUCCEEDED
    assert (opened(written), written.model.calls) == ([], calls)


def test_a_rubric_under_another_questions_id_is_refused(written: Harness) -> None:
    rubrics = written.artifact("rubrics.json")
    written.put("user_rubrics.json", {"1a": rubrics["1b"]})
    with pytest.raises(InvalidMaterialError, match=r"user_rubrics.json: '1a' has the question_id '1b'"):
        written.run("grade")


def test_extracted_questions_can_be_uploaded_as_they_are(written: Harness) -> None:
    material = AssignmentFiles(written.objects, ASSIGNMENT)
    exam = material.exam().model_dump(mode="json")
    written.put("exam_spec.json", exam)
    written.put("questions.json", written.artifact("exam_spec.json"))
    assert opened(written) == []
