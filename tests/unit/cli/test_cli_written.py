"""Answer keys and rubrics on the command line: what counts, whose it is, and what is out of date."""

import json
from typing import Any

import pytest

from aita.models.exam import Question
from aita.models.grade import question_version
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack
from tests.support.fakes import EXAM, QUESTIONS

NOW = {each["question_id"]: question_version(Question.model_validate(each)) for each in QUESTIONS}
LONG = "Names the cell as the smallest unit of life, and says why a part of it is not alive by itself " * 3

KEYS: dict[str, Any] = {
    "1a": {"correct_answer": "four", "alternative_answers": ["IV", "4"], "question_version": NOW["1a"]},
    "1b": {"correct_answer": "seven \x1b[31m", "grading_notes": "any prime", "question_version": "older"},
}
RUBRICS: dict[str, Any] = {
    "1a": {"criteria": [(5, "right")], "question_version": NOW["1a"], "own": True},
    "1b": {"criteria": [(2, "a prime [b]"), (1.5, LONG)], "question_version": NOW["1b"]},
}


def rubric(question_id: str) -> dict[str, Any]:
    criteria = [
        {"points": points, "description": text, "examples": ["an example"]}
        for points, text in RUBRICS[question_id]["criteria"]
    ]
    total = sum(points for points, _ in RUBRICS[question_id]["criteria"])
    return {**RUBRICS[question_id], "question_id": question_id, "total_points": total, "criteria": criteria}


@pytest.fixture
def written() -> dict[str, Any]:
    """The assignment's files."""
    files: dict[str, Any] = {
        "questions.json": EXAM | {"questions": QUESTIONS},
        "answer_keys.json": {each: {"question_id": each} | KEYS[each] for each in KEYS},
        "rubrics.json": {each: rubric(each) for each in RUBRICS},
        "user_rubrics.json": {"1a": rubric("1a")},
    }
    return files


def put(stack: FakeStack, files: dict[str, Any]) -> None:
    listed = [stack.file(name, json.dumps(content).encode()) for name, content in files.items()]
    stack.answer("GET", "/assignments/midterm/files", {"files": listed})


def test_answer_keys_say_whose_they_are_and_what_is_out_of_date(
    stack: FakeStack, written: dict[str, Any], aita: Aita
) -> None:
    put(stack, written)
    code, out, _ = aita("keys", "show", "-a", "midterm")
    assert code == 0
    first, second, third = out.split("\n\n")
    assert first.splitlines() == [
        "Question 1a  5 points",
        "  written by the model, for the present wording",
        "  four",
        "     also right: IV",
        "     also right: 4",
    ]
    assert second.splitlines() == [
        "Question 1b  3.5 points",
        "  written by the model, for another wording",
        "  seven \\x1b[31m",
        "     for graders: any prime",
        "  out of date: written when the question was worded otherwise",
        "  aita generate-rubric --assignment midterm",
    ]
    assert third.splitlines()[1:] == ["  no answer key yet", "  aita generate-rubric --assignment midterm"]


def test_rubrics_say_whose_they_are(stack: FakeStack, written: dict[str, Any], aita: Aita) -> None:
    put(stack, written)
    code, out, _ = aita("rubric", "show", "-a", "midterm", "--question", "1a")
    assert code == 0
    assert out.splitlines() == [
        "Question 1a  5 points",
        "  your own, for the present wording",
        "  1. right (5)",
        "     such as: an example",
    ]


def test_one_that_came_since_is_told_and_one_that_was_taken_out(
    stack: FakeStack, written: dict[str, Any], aita: Aita
) -> None:
    written["user_answer_keys.json"] = {"1a": {"correct_answer": "quatre"}}
    written["answer_keys.json"]["1b"]["own"] = True
    put(stack, written)
    _, out, _ = aita("keys", "show", "-a", "midterm")
    first, second, _ = out.split("\n\n")
    assert first.splitlines()[1:] == ["  your own, uploaded since the last run that wrote any", "  quatre"]
    assert second.splitlines()[1] == "  out of date: yours, and no longer in user_answer_keys.json"


def test_a_rubric_of_other_points_is_out_of_date(stack: FakeStack, written: dict[str, Any], aita: Aita) -> None:
    written["questions.json"]["questions"] = [QUESTIONS[0], QUESTIONS[1] | {"points": 4}, QUESTIONS[2]]
    put(stack, written)
    _, out, _ = aita("rubric", "show", "-a", "midterm", "--question", "1b", "--json")
    (shown,) = json.loads(out)["rubrics"]
    assert shown["problem"] == "total_points is 3.5 and the question is worth 4: make them equal"
    assert (shown["own"], shown["wording"], len(shown["content"]["criteria"])) == (False, "present", 2)


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("command", ["rubric", "keys"])
def test_it_fits_the_terminal_and_breaks_no_word(
    stack: FakeStack, written: dict[str, Any], aita: Aita, monkeypatch: pytest.MonkeyPatch, width: int, command: str
) -> None:
    put(stack, written)
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = aita(command, "show", "-a", "midterm")
    assert max(map(len, out.splitlines())) <= width
    if command == "rubric":
        assert LONG.strip() in " ".join(out.split())


def test_a_question_that_the_exam_does_not_have(stack: FakeStack, written: dict[str, Any], aita: Aita) -> None:
    put(stack, written)
    code, _, err = aita("rubric", "show", "-a", "midterm", "--question", "9")
    assert code != 0
    assert "the exam has no question '9': take one of 1a, 1b, 2" in err


def test_an_own_rubric_with_wrong_points_is_to_be_corrected_and_not_written_anew(
    stack: FakeStack, written: dict[str, Any], aita: Aita
) -> None:
    """No run starts with it, not even one that writes rubrics."""
    written["questions.json"]["questions"] = [QUESTIONS[0] | {"points": 6}, *QUESTIONS[1:]]
    put(stack, written)
    _, out, _ = aita("rubric", "show", "-a", "midterm", "--question", "1a")
    assert "generate-rubric" not in out
    assert out.splitlines()[-2:] == [
        "  correct it in user_rubrics.json, as no run starts with it, and upload the file:",
        "  aita upload user_rubrics.json --assignment midterm",
    ]


@pytest.mark.parametrize(("command", "name"), [("keys", "user_answer_keys.json"), ("rubric", "user_rubrics.json")])
def test_an_own_one_of_no_question_is_named(
    stack: FakeStack, written: dict[str, Any], aita: Aita, command: str, name: str
) -> None:
    content = {"correct_answer": "x"} if command == "keys" else rubric("1a") | {"question_id": "2a"}
    written[name] = {"2a": content}
    put(stack, written)
    _, out, _ = aita(command, "show", "-a", "midterm")
    assert out.splitlines()[-3] == f"{name} has '2a', which is no question's id"
    assert out.splitlines()[-1] == f"  aita upload {name} --assignment midterm"
    assert json.loads(aita(command, "show", "-a", "midterm", "--json")[1])["unknown"] == ["2a"]


@pytest.mark.parametrize("command", ["rubric", "keys"])
def test_a_question_of_a_choice_is_said_to_be_one(
    stack: FakeStack, written: dict[str, Any], aita: Aita, command: str
) -> None:
    questions = [QUESTIONS[0], QUESTIONS[1] | {"points": 5}, QUESTIONS[2]]
    written["questions.json"] |= {"questions": questions, "choices": [{"choose": 1, "of": ["1a", "1b"]}]}
    put(stack, written)
    _, out, _ = aita(command, "show", "-a", "midterm")
    assert "Question 1b  5 points, best 1 of questions 1a and 1b\n" in out
