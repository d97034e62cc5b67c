"""Grading by keys: what a person presses, what they see, and what is on the server then."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect

from aita.models.grade import cell_id
from tests.browser.conftest import NewPage, at_question
from tests.browser.console import Console
from tests.browser.graded_exam import Exam, open_cell
from tests.integration.stack import Stack

pytestmark = pytest.mark.xdist_group("chromium")

Consoles = Callable[[str], Console]


def at(page: Page, place: str) -> None:
    expect(page.get_by_role("heading", name=f"Answer {place}")).to_be_visible()


def saved(page: Page) -> None:
    expect(page.get_by_role("banner").get_by_role("status")).to_have_text("All saved")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("place", ["#main", ".actions .main"])
def test_a_key_that_is_held_down_decides_once(page: Page, exam: Exam, place: str) -> None:
    page.locator(place).focus()
    for _ in range(5):
        page.keyboard.down("Enter")  # all but the first one as a keyboard repeats it
    page.keyboard.up("Enter")
    at(page, "2 of 8")
    saved(page)
    assert [each["student_id"] for each in exam.decisions()] == ["s-01"]


def test_from_the_assignments_to_the_last_answer_by_keys(new_page: NewPage, console: Console, exam: Exam) -> None:
    """Answers are accepted, get another criterion, or a part of one: at most two keys each."""
    page = new_page(console.address)
    page.get_by_role("region", name=exam.assignment).get_by_role("link", name="Grade 8 answers").click()
    for number in range(1, 9):
        at(page, f"{number} of 8")
        press(page, *(("Enter",), ("3", "Enter"), ("Shift+1", "Enter"))[number % 3])
    expect(page.locator(".notice")).to_have_text("That was the last answer.")
    saved(page)
    made = exam.decisions()
    points = {each["student_id"]: (each["action"], each["points"], each["criteria"]) for each in made}
    assert [len(made), len(points)] == [8, 8]
    assert points["s-03"] == ("accept", 4, [])
    assert points["s-01"] == ("set", 5, [2, 2, 1])
    assert points["s-02"] == ("set", 3, [1, 2, 0])
    assert {each["feedback"] for each in made if each["action"] == "set"} == {"Which unit?"}
    assert {each["by"] for each in made} == {"ada"}
    expect(page.get_by_text("All answers are decided.")).to_be_visible()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Hand back")).to_be_visible()


def test_after_a_questions_last_answer_it_goes_on_with_the_next_question(
    new_page: NewPage, console: Console, exam: Exam
) -> None:

    def leave_open(number: int, cells: dict[str, Any]) -> None:
        if number < 3:
            open_cell(cells["2"], "low_confidence")
        if number > 1:
            cells["1a"] |= {"state": "GRADED", "flags": []}

    exam.change(leave_open)
    page = at_question(new_page(console.address), exam)
    press(page, "j", "j")  # past the last one, with both still open
    expect(page.get_by_role("button", name="2 answers of question 1a still wait: show them")).to_be_visible()
    press(page, "k", "Enter")
    at(page, "2 of 2")
    press(page, "Enter")
    expect(page.get_by_role("link", name="Next question: 2 (3 answers)")).to_be_visible()
    press(page, "Shift+3")  # whoever changes the answer once more decides on it once more
    expect(page.locator(".go-on")).to_have_count(0)
    press(page, "Enter", "Enter")
    at(page, "1 of 3")
    expect(page).to_have_title(f"Grade 2 · {exam.assignment} · aita")
    saved(page)
    assert [exam.answer(student)["points"] for student in ("s-01", "s-02")] == [4, 4.5]


@pytest.mark.parametrize("insists", [True, False])
def test_two_browsers_on_one_answer(
    page: Page, new_page: NewPage, consoles: Consoles, exam: Exam, insists: bool
) -> None:
    bens = at_question(new_page(consoles("ben").address), exam)
    press(page, "1", "Enter")
    saved(page)
    press(bens, "3", "Enter")
    expect(bens.get_by_role("banner").get_by_role("status")).to_have_text("1 to settle")
    press(bens, "k")
    conflict = bens.locator(".conflict")
    expect(conflict).to_contain_text("ada" + "set the points: 2")
    expect(conflict).to_contain_text("You" + "set the points: 5")
    conflict.get_by_role("button", name="Decide as I did" if insists else "Keep theirs").click()
    saved(bens)
    expect(conflict).to_have_count(0)
    expect(bens.locator(".sum strong")).to_have_text("5" if insists else "2")
    assert [(each["by"], each["points"]) for each in exam.decisions()] == [("ada", 2), ("ben", 5)][: 1 + insists]


def test_undo_of_what_is_shown_and_of_the_last_decision(page: Page, exam: Exam) -> None:
    press(page, "Enter")
    at(page, "2 of")
    saved(page)
    press(page, "u")
    at(page, "1 of")
    expect(page.locator(".sum .state")).to_have_text("waits for a decision")
    saved(page)
    assert [each["action"] for each in exam.decisions()] == ["accept", "undo"]
    assert exam.answer("s-01")["state"] == "NEEDS_REVIEW"
    press(page, "u")
    expect(page.locator(".notice")).to_have_text("There is nothing to undo.")


def test_a_note_leaves_the_answer_to_the_instructor(page: Page, exam: Exam) -> None:
    press(page, "n")
    page.keyboard.type("is 1.41 m enough?")
    press(page, "Control+Enter")
    at(page, "2 of")
    saved(page)
    press(page, "k")
    expect(page.locator(".decisions")).to_contain_text("ada left a note (is 1.41 m enough?)")
    assert exam.answer("s-01")["flags"][-1]["kind"] == "asked"


def test_feedback_is_edited_beside_the_points_as_proposed(page: Page, exam: Exam) -> None:
    press(page, "e")
    expect(page.get_by_label("Text")).to_have_value("Which unit?")
    press(page, "Control+a")
    page.keyboard.type("Give the unit, m.")
    press(page, "Control+Enter")
    at(page, "2 of")
    saved(page)
    answer = exam.answer("s-01")
    assert (answer["points"], answer["decisions"][0]["feedback"]) == (4, "Give the unit, m.")
    assert answer["decisions"][0]["criteria"] == [2, 2, 0]


def test_a_corrected_reading_is_graded_again_alone(page: Page, console: Console, exam: Exam, stack: Stack) -> None:
    stack.provider.requests.clear()
    press(page, "t")
    expect(page.get_by_label("What is written there")).to_have_value(re.compile("so 1.41 m"))
    press(page, "Control+End")
    page.keyboard.type(", corrected")
    press(page, "Control+Enter")
    at(page, "2 of")
    press(page, "k")
    expect(page.locator(".sum strong")).to_have_text("5")
    expect(page.get_by_role("heading", name="Read by a person")).to_be_visible()
    assert len(stack.provider.requests) == 1
    (started,) = console.made("POST", "/runs")
    assert started.body["options"] == {"cells": [cell_id("s-01", "1a")]}
    press(page, "Enter")
    saved(page)
    assert exam.answer("s-01")["points"] == 5


def test_points_as_one_number_need_a_reason(page: Page, exam: Exam) -> None:
    press(page, "s")
    page.keyboard.type("3.5")
    expect(page.get_by_role("button", name="Set the points")).to_be_disabled()
    press(page, "Tab")
    page.keyboard.type("by the old scale")
    press(page, "Control+Enter")
    saved(page)
    assert exam.answer("s-01")["points"] == 3.5


def test_the_answer_is_shown_with_what_was_read_and_quoted(page: Page) -> None:
    expect(page.locator(".reading .text").first).to_have_text(re.compile("so 1.41 m"))
    expect(page.locator(".reading mark").first).to_contain_text("x =")
    expect(page.locator(".reading mark math")).to_be_visible()
    expect(page.locator(".reading")).to_contain_text("The graders saw this text and not the page: nobody knows")
    picture = page.get_by_role("img", name="Page 1, as the student wrote it")
    expect(picture).to_be_visible()
    press(page, "p")
    crop = page.locator(".crop").bounding_box()
    assert crop
    assert crop["height"] > crop["width"]  # the whole page is upright
    press(page, "p", "z")
    expect(page.locator(".paper")).to_have_class(re.compile("zoomed"))


def test_a_second_reading_stands_where_it_differs(new_page: NewPage, console: Console, exam: Exam) -> None:
    look = {
        "strips": [],
        "reading": [{"transcribed": "so 1.41 m", "read": "so 1.44 m"}],
        "second_reading": [{"transcribed": "x = $\\sqrt{2}$", "read": "x = $\\sqrt{3}$"}],
        "missing": "",
    }
    exam.change(lambda number, cells: cells["1a"].update(second_look=look))
    page = at_question(new_page(console.address), exam)
    graders, again = page.locator(".differs").all()
    expect(graders).to_contain_text("so 1.44 m where this was read: so 1.41 m")
    expect(again.get_by_role("listitem").locator("math")).to_have_count(2)


def test_the_page_is_named_by_what_it_shows(page: Page, console: Console, exam: Exam) -> None:
    expect(page).to_have_title(f"Grade 1a · {exam.assignment} · aita")
    assert "s-01" not in page.title()


def test_the_next_answers_are_there_before_they_are_asked_for(page: Page, console: Console) -> None:
    expect(page.locator(".paper img")).to_be_visible()
    page.wait_for_load_state("networkidle")
    console.stop()
    press(page, "j", "j")
    at(page, "3 of")
    expect(page.locator(".paper img")).to_have_js_property("complete", value=True)
    expect(page.locator(".reading mark math")).to_be_visible()
    console.start()


def test_a_blind_grader_gets_no_proposal_over_the_wire(page: Page, console: Console, exam: Exam) -> None:
    received: list[Response] = []
    page.on("response", lambda got: received.append(got) if "/answers" in got.url else None)
    press(page, "/")
    with page.expect_response(re.compile("/answers")):
        page.get_by_label("Blind").check()
    expect(page.locator(".sum .state")).to_have_text("the proposal is hidden until you have decided")
    assert received
    for text in [each.text() for each in received]:
        assert "the first line says so" not in text
        assert "low_confidence" not in text
    page.locator("#main").focus()
    press(page, "Enter")
    expect(page.locator(".notice")).to_contain_text("give points for criterion 1, 2, 3 first")
    press(page, "1", "Shift+2", "3", "3", "Enter")
    at(page, "2 of")
    saved(page)
    press(page, "k")
    expect(page.locator(".criteria")).to_contain_text("the first line says so")  # now it may be seen
    assert exam.answer("s-01")["decisions"][0]["criteria"] == [2, 1, 0]


def test_a_link_to_an_answer_is_followed_blind_too(page: Page, console: Console, exam: Exam) -> None:
    press(page, "/")
    page.get_by_label("Blind: hide proposals until I have decided").check()
    expect(page.get_by_text("the proposal is hidden until you have decided")).to_be_visible()
    with page.expect_response(lambda got: cell_id("s-05", "1a") in got.url and got.request.method == "GET") as got:
        page.evaluate("hash => { location.hash = hash; }", f"#/{exam.assignment}/grade/1a/{cell_id('s-05', '1a')}")
    assert [each["proposal"] for each in got.value.json()["answers"]] == [None]
    expect(page.get_by_role("heading", level=1)).to_contain_text("s-05")
    expect(page.get_by_text("the proposal is hidden until you have decided")).to_be_visible()
    page.get_by_label("Blind: hide proposals until I have decided").uncheck()
    expect(page.get_by_role("heading", level=1)).to_contain_text("s-01")


def test_filters_and_a_spot_check_of_what_nobody_flagged(page: Page, exam: Exam) -> None:
    press(page, "/")
    page.get_by_role("combobox", name="Flag", exact=True).select_option("graders_disagree")
    at(page, "1 of 2")
    page.get_by_role("combobox", name="Flag", exact=True).select_option("")
    page.get_by_role("textbox", name="Student").fill("s-05")
    press(page, "Enter")
    at(page, "1 of 1")
    page.get_by_role("textbox", name="Student").fill("")
    press(page, "Enter")
    at(page, "1 of 8")
    page.get_by_role("navigation", name="Questions").get_by_role("link", name="2").click()
    expect(page.get_by_text("Nothing waits here")).to_be_visible()
    page.get_by_label("Spot check").select_option("50")
    expect(page.get_by_role("heading", name=re.compile(r"Answer 1 of [1-7]\b"))).to_be_visible()


def test_another_person_at_the_answer_is_seen(new_page: NewPage, consoles: Consoles, exam: Exam) -> None:
    page = new_page(consoles("ada").address)
    with page.expect_response(lambda response: response.url.endswith("/claim")):
        at_question(page, exam)
    bens = at_question(new_page(consoles("ben").address), exam)
    expect(bens.get_by_text("ada is at this answer.")).to_be_visible()
    press(page, "j")
    press(bens, "j")
    expect(bens.get_by_text("ada is at this answer.")).to_have_count(0)


def test_names_are_hidden_unless_asked_for(page: Page) -> None:
    expect(page.get_by_text("Nova 01")).to_have_count(0)
    press(page, "w")
    expect(page.get_by_text("Nova 01")).to_be_visible()
    press(page, "j")
    expect(page.get_by_text("Nova 02")).to_be_visible()
    press(page, "w")
    expect(page.get_by_text("Nova 02")).to_have_count(0)


def test_keys_are_told_and_can_be_turned_off(page: Page, exam: Exam) -> None:
    press(page, "?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("accept what is shown")
    dialog.get_by_label("Single keys act").uncheck()
    press(page, "Escape")
    expect(dialog).to_have_count(0)
    press(page, "j", "1")
    at(page, "1 of")
    page.get_by_role("button", name="Accept").click()
    at(page, "2 of")
    saved(page)
    assert len(exam.decisions()) == 1


def test_a_draft_outlives_a_decision_that_was_on_its_way(page: Page, console: Console, exam: Exam) -> None:
    """Decide, go back, and change one's mind before the first decision is on the server."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/reviews/*", hold)
    press(page, "Enter", "k", "3")
    expect(page.locator(".sum strong")).to_have_text("5")
    held[0].continue_()
    page.unroute("**/reviews/*")
    saved(page)
    expect(page.locator(".sum strong")).to_have_text("5")
    press(page, "Enter")
    saved(page)
    assert [each["points"] for each in exam.decisions()] == [4, 5]


def test_an_answer_graded_anew_keeps_the_feedback_of_a_decision_on_the_older_proposal(page: Page, exam: Exam) -> None:
    def grade_anew(number: int, cells: dict[str, Any]) -> None:
        cells["1a"]["criteria"][0]["points"] = 1
        cells["1a"]["points"] = 3

    exam.change(grade_anew)
    press(page, "3", "e")
    page.get_by_label("Text").fill("Give the unit, m.")
    press(page, "Control+Enter")
    expect(page.get_by_role("banner").get_by_role("status")).to_have_text("1 to settle")
    press(page, "k")
    page.get_by_role("button", name="Look at the new proposal").click()
    saved(page)
    expect(page.locator(".notice")).to_contain_text("You had given 2 + 2 + 1")
    expect(page.locator(".sum strong")).to_have_text("3")
    expect(page.locator("section[aria-labelledby=feedback]")).to_contain_text("Give the unit, m.")
    assert exam.decisions() == []
