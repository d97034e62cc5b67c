"""Pipeline ``extract-questions`` on the real definition and the real handlers, and the answers to them are found."""

from typing import Any

from tests.integration.material import kind, page, right, text_beside_images
from tests.integration.provider import Answer
from tests.integration.stack import Stack


def stages(run: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(stage["stage"], stage["succeeded"], stage["failed"]) for stage in run["stages"]]


def test_a_blank_exam_becomes_questions_whose_answers_are_found(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/blank_exam.jpg", page(f"{assignment} page"))
    run = stack.wait(stack.start(assignment, "extract-questions"))
    assert run["status"] == "SUCCEEDED"
    assert stages(run) == [("split_exam", 1, 0), ("extract_questions", 1, 0)]
    exam = stack.get(f"{assignment}/exam_spec.json")
    assert [(each["question_id"], each["page_number"]) for each in exam["questions"]] == [("1", 1)]

    stack.put(f"{assignment}/scans/Ada/1.jpg", page(f"{assignment} a1"))
    run = stack.wait(stack.start(assignment, "transcribe"))
    assert run["status"] == "SUCCEEDED"
    assert stages(run) == [("split", 1, 0), ("transcribe", 1, 0)]
    (answers,) = stack.get(f"{assignment}/answers.json").values()
    (answer,) = answers["question_answers"]
    assert (answer["question_id"], answer["raw_text"], answer["pages"][0]["page"]) == ("1", "four", 1)


def test_what_was_not_read_ends_the_run_with_the_reason_and_no_exam(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/blank_exam.jpg", page(f"{assignment} page"))

    def answer(request: dict[str, Any]) -> Answer:
        reply = right(request)
        return Answer(reply.text.replace('"page_number": 1', '"page_number": 7')) if "image" in str(request) else reply

    stack.provider.answer = answer
    run = stack.wait(stack.start(assignment, "extract-questions"))
    assert run["status"] == "FAILED"
    assert run["reason"].startswith("the exam's questions are not complete, as page 1 could not be read")
    assert stack.execution(run)["status"] == "FAILED"
    (failed,) = stack.tasks(run["run_id"], "FAILED")
    assert failed["refs"] == {"first_page": 1, "last_page": 1}
    assert "page_number goes from 1 to 1" in failed["error_message"]
    assert f"{assignment}/exam_spec.json" not in stack.keys(f"{assignment}/exam")
    assert len(stack.provider.requests) == 6
    assert {kind(request) for request in stack.provider.requests} == {"ExtractedQuestions"}
    assert "page 1 of an exam of one page" in text_beside_images(stack.provider.requests[0])
