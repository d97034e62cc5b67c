"""All screens but the grading one: axe finds nothing on them, hostile words stay words, and a large class scrolls."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from aita.models.grade import cell_id
from tests.browser.conftest import NewPage
from tests.browser.console import Console, unreachable
from tests.browser.graded_exam import Exam
from tests.browser.test_accessibility import check, problems
from tests.support.ledgers import ledger, part

pytestmark = pytest.mark.xdist_group("chromium")

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}} $\\text{<svg/onload=alert(1)>}$"

READY = {
    "rubrics": "Question 1a",
    "names": "Whose is",
    "loose": "Whose is page 3",
    "parts": "Part 1 of",
    "equal": "equal answers",
    "class": "Class",
    "export": "students are final",
    "upload": "Add files",
}
"""Heading of each screen once it is there."""


@pytest.fixture
def hostile(exam: Exam) -> Exam:
    """The exam in which all that people, files and models say is hostile."""
    students = exam.get("students")
    for each in students["students"]:
        each["folder"] = f"{each['student_id']} {HOSTILE}"
    exam.put("students", students)
    lines = "".join(f'"{HOSTILE.replace(chr(34), chr(34) * 2)} {number}",{number}\n' for number in range(3))
    exam.stack.put(f"{exam.assignment}/roster.csv", f"name,student number\n{lines}".encode())
    exam.scan_pile(HOSTILE.replace("/", "") + ".pdf")
    exam.put("ledger", ledger(s_01=[part("p-1", "1a", lines=[1], top=0.28, bottom=0.36)]))
    exam.put("transcriptions", {"s-01": [{"page": 1, "text": HOSTILE, "confidence": 0.9, "notes": HOSTILE}]})
    rubrics = exam.get("user_rubrics")
    rubrics["1a"]["criteria"][0]["description"] = HOSTILE
    exam.put("user_rubrics", rubrics)
    exam.put("answers", {student: says(answers) for student, answers in exam.get("answers").items()})
    return exam


def says(answers: Any) -> Any:
    """Return a student's answers, of which the first one is hostile."""
    answers["question_answers"][0]["raw_text"] = HOSTILE
    return answers


def go(page: Page, exam: Exam, screen: str) -> None:
    page.evaluate(f"location.hash = '#/{exam.assignment}/{screen}'")
    expect(page.get_by_role("heading", name=READY[screen]).first).to_be_visible()


@pytest.mark.parametrize("screen", READY)
def test_a_screen_has_no_barriers_and_takes_words_as_words(
    new_page: NewPage, console: Console, hostile: Exam, screen: str
) -> None:
    page = new_page(console.address)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    if screen == "export":  # a student is final, so that there are gradebooks
        answer = hostile.answer("s-02")
        decision = {"action": "set", "points": 1, "why": HOSTILE, "by": "Bo", "basis": answer["basis"]}
        path = f"/assignments/{hostile.assignment}/reviews/{answer['cell_id']}"
        status, decided = hostile.stack.call("POST", path, decision)
        assert status == 201, decided
    go(page, hostile, screen)
    match screen:
        case "rubrics":
            page.keyboard.press("e")
            expect(page.get_by_role("form", name="Rubric")).to_be_visible()
        case "class":
            page.get_by_label("Names").check()
            expect(page.get_by_role("rowheader").first).to_contain_text("onerror")
        case "export":
            page.get_by_text("Students who are not final").click()
            page.get_by_label("Moodle, a file").check()
    assert page.locator("img[src=x], main svg, main script").count() == 0
    assert page.title().startswith(page.locator("nav.screens [aria-current=page]").inner_text())
    check(page)
    if screen == "class":
        page.get_by_label("Distributions").check()
        assert problems(page) == {}
        page.get_by_role("button", name="8 answers").first.click()
        expect(page.get_by_role("dialog").get_by_role("region", name="Read")).to_be_visible()
        assert problems(page) == {}


def test_the_screen_for_a_new_exam_has_no_barriers(new_page: NewPage, console: Console) -> None:
    page = new_page(console.address)
    page.get_by_role("link", name="New exam").click()
    expect(page.get_by_text("Name the assignment above first")).to_be_visible()  # why the buttons are grey
    page.get_by_label("Name of the assignment").fill("no name")
    expect(page.get_by_label("Name of the assignment")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Choose a folder")).to_be_disabled()
    box, drop = page.get_by_label("A pile").bounding_box(), page.locator(".drop").bounding_box()
    assert box
    assert drop
    assert box["y"] + box["height"] + 8 <= drop["y"]
    check(page)
    page.get_by_label("Name of the assignment").fill("mid-1")
    expect(page.get_by_label("Choose a folder")).to_be_enabled()
    expect(page.get_by_text("above")).to_have_count(0)


@pytest.mark.parametrize("screen", ["", "grade", "upload"])
def test_an_unknown_assignment_is_told_and_leads_back(new_page: NewPage, console: Console, screen: str) -> None:
    page = new_page(console.address)
    page.evaluate(f"location.hash = '#/nosuch/{screen}'")
    expect(page.get_by_role("heading", name="No such assignment")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.get_by_role("link", name="Add files")).to_have_count(0)
    assert problems(page) == {}
    page.get_by_role("main").get_by_role("link", name="Assignments").click()
    expect(page.get_by_role("heading", name="Assignments")).to_be_visible()


def test_questions_that_do_not_come_leave_nothing_to_choose(new_page: NewPage, console: Console, exam: Exam) -> None:
    page = new_page(console.address)
    console.fault = lambda call: unreachable(call) if call.path.endswith("/grades") else None
    page.evaluate(f"location.hash = '#/{exam.assignment}/grade'")
    expect(page.get_by_role("alert")).to_contain_text("The questions did not come")
    expect(page.get_by_text("Choose a question")).to_have_count(0)


@pytest.mark.parametrize("screen", ["equal", "rubrics"])
def test_a_list_shows_formulas_and_no_latex(new_page: NewPage, console: Console, exam: Exam, screen: str) -> None:
    page = new_page(console.address)
    go(page, exam, screen)
    expect(page.locator(".excerpt math").first).to_be_visible()
    assert "$" not in page.locator("main").inner_text()


SCROLL = """async () => {
  const box = document.querySelector(".matrix");
  for (let step = 0; step < 120; step++) {
    box.scrollTop = (step * 397) % box.scrollHeight;
    await new Promise((done) => requestAnimationFrame(done));
  }
}"""


def longest_task(browser: Browser, page: Page, script: str) -> float:
    """Return how long the page's longest task computes while a script runs (ms), whatever else the machine does."""
    browser.start_tracing(page=page, categories=["devtools.timeline", "disabled-by-default-devtools.timeline"])
    page.evaluate(script)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks: list[float] = [
        each["tdur"] / 1000
        for each in events
        if each["name"] == "RunTask" and (each["pid"], each["tid"]) in mains and "tdur" in each
    ]
    assert len(tasks) > 120
    longest: float = max(tasks)
    return longest


def test_ten_thousand_cells_scroll_without_a_long_task(
    browser: Browser, new_page: NewPage, console: Console, exam: Exam
) -> None:
    """500 students by 20 questions, as the API gives them; a task above 50 ms would be one that is felt."""
    questions = [{"question_id": str(number), "points": 5, "bonus": False} for number in range(20)]
    rows = [
        {
            "student_id": (student := f"s-{number:04}"),
            "points": 50.0,
            "out_of": 100.0,
            "letter": None,
            "final": False,
            "not_counted": [],
            "cells": [
                {"cell_id": cell_id(student, str(each["question_id"])), "state": "GRADED", "points": 2.5, "flags": []}
                | {"decided": False}
                for each in questions
            ],
        }
        for number in range(500)
    ]
    grades = {"questions": questions, "total_students": 500, "final": 0, "version": "v", "students": rows}
    page = new_page(console.address)
    page.route("**/grades?*", lambda route: route.fulfill(json=grades | {"next_token": None}))
    go(page, exam, "class")
    expect(page.get_by_role("rowheader").first).to_be_visible()
    assert page.get_by_role("row").count() < 60
    page.evaluate(SCROLL)  # once to warm up
    assert longest_task(browser, page, SCROLL) < 50
    page.get_by_role("rowheader").first.focus()
    for _ in range(5):
        page.keyboard.press("PageDown")
    expect(page.locator(":focus")).to_have_attribute("aria-colindex", "1")
    assert int(page.locator(":focus").locator("xpath=..").get_attribute("aria-rowindex") or 0) > 20
