"""A decision is on the server, or visibly unsent: whatever goes away in between."""

from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSResponse
from playwright.sync_api import Page, expect

from aita.models.grade import cell_id
from tests.browser.conftest import NewPage
from tests.browser.console import Call, Console, response, unreachable
from tests.browser.graded_exam import Exam
from tests.browser.test_grading import at, press, saved

pytestmark = pytest.mark.xdist_group("chromium")


def state(page: Page, text: str) -> None:
    expect(page.get_by_role("banner").get_by_role("status")).to_have_text(text)


def expired(call: Call) -> AWSResponse | None:
    return response(403, {"message": "The security token included in the request is expired"})


def test_the_server_is_killed_and_started_again(page: Page, console: Console, exam: Exam) -> None:
    console.stop()
    press(page, "Enter", "3", "Enter")
    at(page, "3 of 8")
    state(page, "1 not sent, 1 being saved")
    console.start()
    refused = page.get_by_role("alert").filter(has_text="The server takes no calls of this page")
    expect(refused).to_contain_text(f"aita console --port {console.port}")
    assert exam.decisions() == []
    refused.get_by_label("Address").fill(console.address)
    refused.get_by_role("button", name="Go on").click()
    saved(page)
    assert [each["points"] for each in sorted(exam.decisions(), key=lambda each: each["student_id"])] == [4, 5]
    at(page, "3 of 8")


@pytest.mark.parametrize(("fault", "told"), [(expired, "credentials have not expired"), (unreachable, "network")])
def test_what_is_not_sent_is_told_with_the_reason_and_sent_later(
    page: Page, console: Console, exam: Exam, fault: Callable[[Call], AWSResponse | None], told: str
) -> None:
    console.fault = fault
    press(page, "Enter")
    state(page, "1 not sent")
    if not page.locator(".entries").is_visible():  # it opens by itself once a decision is parked
        page.get_by_role("button", name="Show").click()
    expect(page.locator(".entries")).to_contain_text(told)
    press(page, "k")
    expect(page.get_by_text("Not sent yet: accept")).to_be_visible()
    console.fault = lambda call: None
    page.get_by_role("button", name="Send now").click()
    saved(page)
    assert [each["action"] for each in exam.decisions()] == ["accept"]


def test_a_decision_whose_answer_was_lost_is_not_made_twice(page: Page, console: Console, exam: Exam) -> None:
    """The server decides, and the connection ends before its answer comes."""
    lost: list[Call] = []

    def lose_answer(call: Call) -> AWSResponse | None:
        if call.method != "POST" or "/reviews/" not in call.path or call.path.endswith(("claim", "release")) or lost:
            return None
        lost.append(call)
        identity = {"userArn": "arn:aws:iam::123456789012:user/ada"}
        assert console.stack.call("POST", call.path, call.body, identity=identity)[0] == 201
        return unreachable(call)

    console.fault = lose_answer
    press(page, "3", "Enter")
    expect(page.get_by_role("banner").get_by_role("status")).to_have_text("All saved")
    assert len(lost) == 1
    assert [each["points"] for each in exam.decisions()] == [5]
    expect(page.locator(".conflict")).to_have_count(0)


def test_a_page_with_unsent_decisions_asks_before_it_is_left(page: Page, console: Console) -> None:
    page.on("dialog", lambda dialog: dialog.dismiss())
    console.fault = unreachable
    press(page, "Enter")
    state(page, "1 not sent")
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    assert not page.is_closed()
    state(page, "1 not sent")


def test_what_is_written_outlives_a_look_at_another_answer(page: Page) -> None:
    press(page, "n")
    page.keyboard.type("the sign?")
    press(page, "Escape", "j", "k", "n")
    expect(page.get_by_label("Text")).to_have_value("the sign?")


def test_a_refused_decision_is_told_and_hinders_no_other(page: Page, console: Console, exam: Exam) -> None:
    def refuse_first(call: Call) -> AWSResponse | None:
        if call.method == "POST" and call.body.get("action") == "note":
            return response(400, {"error": "RequestError", "message": "the note is refused"})
        return None

    console.fault = refuse_first
    press(page, "n")
    page.keyboard.type("hm")
    press(page, "Control+Enter", "Enter")
    state(page, "1 to settle")
    assert [each["student_id"] for each in exam.decisions()] == ["s-02"]
    press(page, "k", "k")
    expect(page.get_by_role("alert")).to_contain_text("Your decision was not taken: the note is refused")
    page.get_by_role("button", name="Decide anew").click()
    saved(page)
    press(page, "n")
    expect(page.get_by_label("Text")).to_have_value("hm")


def test_a_decision_that_the_server_fails_at_is_parked_and_the_others_go_on(
    page: Page, console: Console, exam: Exam
) -> None:
    first = cell_id("s-01", "1a")
    failing = {first}

    def fail(call: Call) -> AWSResponse | None:
        return response(500, {"message": "Internal Server Error"}) if call.path.split("/")[-1] in failing else None

    console.fault = lambda call: fail(call) if call.method == "POST" else None
    press(page, "3", "Enter", "Enter", "Enter")
    state(page, "1 not sent")
    assert [each["student_id"] for each in exam.decisions()] == ["s-02", "s-03"]
    parked = page.locator(".entries")
    expect(parked).to_contain_text("Internal Server Error")
    press(page, "k", "k", "k")
    expect(page.get_by_role("alert")).to_contain_text("The server fails at your decision")
    parked.get_by_role("button", name="Discard").click()
    saved(page)
    expect(page.locator(".sum .state")).to_have_text("waits for a decision")
    expect(page.locator(".sum strong")).to_have_text("5")  # the draft stays
    press(page, "Enter")
    expect(page.locator(".entries")).to_be_visible()
    failing.clear()
    parked.get_by_role("button", name="Try again").click()
    saved(page)
    assert exam.answer("s-01")["points"] == 5


def test_points_and_a_note_that_wait_are_both_sent_and_led_to_from_another_question(
    page: Page, console: Console, exam: Exam
) -> None:
    second = cell_id("s-02", "1a")

    def fail(call: Call) -> AWSResponse | None:
        is_its = call.method == "POST" and call.path.split("/")[-1] == second
        return response(500, {"message": "Internal Server Error"}) if is_its else None

    console.fault = fail
    press(page, "j", "Enter", "k", "n")
    page.keyboard.type("the sign?")
    press(page, "Control+Enter")
    state(page, "1 not sent, 1 being saved")
    page.evaluate("hash => { location.hash = hash; }", f"#/{exam.assignment}/grade/2")
    expect(page).to_have_title(f"Grade 2 · {exam.assignment} · aita")
    page.locator(".entries").get_by_role("link", name=f"Question 1a, answer {second}").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("s-02")
    console.fault = lambda call: None
    page.get_by_role("button", name="Send now").click()
    saved(page)
    assert [(each["student_id"], each["action"]) for each in exam.decisions()] == [("s-02", "accept"), ("s-02", "note")]


def test_a_link_to_an_answer_of_another_question_shows_this_questions(
    new_page: NewPage, console: Console, exam: Exam
) -> None:
    page = new_page(console.address)
    page.evaluate("hash => { location.hash = hash; }", f"#/{exam.assignment}/grade/1a/{cell_id('s-02', '2')}")
    at(page, "1 of 8")
    expect(page.locator(".notice")).to_contain_text("is one to question 2: here are those to question 1a")
    page.evaluate("hash => { location.hash = hash; }", f"#/{exam.assignment}/grade/1a/c-000000000000")
    expect(page.locator(".notice")).to_contain_text("The answer that the link names is not shown")
    at(page, "1 of 8")
    page.evaluate("hash => { location.hash = hash; }", f"#/{exam.assignment}/grade/%E0%A4%A")
    expect(page.get_by_text("The answers did not come")).to_be_visible()


def test_the_page_can_be_loaded_again(page: Page, console: Console, exam: Exam, new_page: NewPage) -> None:
    page.reload()
    at(page, "1 of 8")
    stranger = new_page(f"http://127.0.0.1:{console.port}/")
    expect(stranger.get_by_role("alert")).to_contain_text("open the address that 'aita console' shows")
