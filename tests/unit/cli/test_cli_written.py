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


def version(stack: FakeStack, number: int, data: bytes, *, present: bool = False) -> dict[str, Any]:
    return {
        "version_id": f"v{number}",
        "written_at": "2026-03-01T09:00:00Z",
        "size": len(data),
        "etag": "0" * 32,
        "is_present": present,
        "by": "ada" if number > 1 else "",
        "url": stack.file("user_rubrics.json", data)["url"],
    }


def put_versions(stack: FakeStack, files: dict[str, Any]) -> bytes:
    """Give the file a version of before, and return it."""
    put(stack, files)
    old = json.dumps({"1a": rubric("1a") | {"criteria": [{"points": 5, "description": "wrong \x1b[31m"}]}}).encode()
    new = json.dumps(files["user_rubrics.json"]).encode()
    listed = [version(stack, 2, new, present=True), version(stack, 1, old)]
    stack.answer("GET", "/assignments/midterm/versions", {"versions": listed})
    return old


def test_versions_are_listed_with_who_wrote_them(stack: FakeStack, written: dict[str, Any], aita: Aita) -> None:
    put_versions(stack, written)
    code, out, _ = aita("rubric", "versions", "-a", "midterm")
    assert code == 0
    title, _, new, old, look = out.splitlines()
    assert title == "2 versions of user_rubrics.json"
    assert new.split()[0] == "v2"
    assert new.endswith("the present one")
    assert ("ada" in new, "not known" in old) == (True, True)
    assert look == "See what one changes: aita rubric versions VERSION --assignment midterm"
    assert stack.asked("GET", "/assignments/midterm/versions")[0].query == {"file": "user_rubrics.json", "limit": "20"}


def test_a_version_says_what_it_changes_and_is_restored_once_confirmed(
    stack: FakeStack, written: dict[str, Any], aita: Aita
) -> None:
    old = put_versions(stack, written)
    code, out, _ = aita("rubric", "versions", "v1", "-a", "midterm")
    assert code == 0
    assert "  - criteria 1 description: right\n" in out
    assert "  + criteria 1 description: wrong \\x1b[31m\n" in out
    assert out.splitlines()[-1] == "Restore it: aita rubric restore v1 --assignment midterm"
    code, _, err = aita("rubric", "restore", "v1", "-a", "midterm")
    assert code != 0
    assert "user_rubrics.json would be replaced: see what changes, and add --yes" in err
    assert not stack.uploads
    code, out, _ = aita("rubric", "restore", "v1", "-a", "midterm", "--yes")
    assert (code, stack.uploads["user_rubrics.json"]) == (0, old)
    assert out.splitlines() == [
        "Restored user_rubrics.json",
        "See which answers that touches: aita rubric diff --assignment midterm",
    ]


def test_the_present_version_is_not_restored(stack: FakeStack, written: dict[str, Any], aita: Aita) -> None:
    put_versions(stack, written)
    code, _, err = aita("rubric", "restore", "v2", "-a", "midterm", "--yes")
    assert code != 0
    assert "nothing to restore: user_rubrics.json is as this version has it" in err


@pytest.mark.parametrize(("group", "name"), [("questions", "questions.json"), ("keys", "user_answer_keys.json")])
def test_each_file_has_its_versions(
    stack: FakeStack, written: dict[str, Any], aita: Aita, group: str, name: str
) -> None:
    put(stack, written)
    stack.answer("GET", "/assignments/midterm/versions", {"versions": []})
    assert aita(group, "versions", "-a", "midterm")[1] == f"{name} has no versions: it was never uploaded\n"
    assert stack.asked("GET", "/assignments/midterm/versions")[0].query["file"] == name
    code, _, err = aita(group, "restore", "v9", "-a", "midterm", "--yes")
    assert code != 0
    assert f"{name} has no version 'v9' among its last 200" in err
