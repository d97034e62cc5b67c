"""What a person does with runs on the overview."""

import uuid
from collections.abc import Iterator

import pytest
from botocore.awsrequest import AWSResponse
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.console import Call, Console, response
from tests.browser.graded_exam import Exam
from tests.browser.test_accessibility import check, problems
from tests.integration.in_process import BUCKET
from tests.integration.stack import Stack

pytestmark = pytest.mark.xdist_group("chromium")


@pytest.fixture
def overview(new_page: NewPage, console: Console, exam: Exam) -> Iterator[Page]:
    """The overview of an exam with a run that has succeeded."""
    run = exam.stack.wait(exam.stack.start(exam.assignment, "report"))
    assert run["status"] == "SUCCEEDED"
    page = new_page(console.address)
    yield page
    page.unroute_all(behavior="wait")


def say(page: Page, exam: Exam, **changes: str) -> None:
    """Go to the overview, where the run has other fields than it has to the API."""

    def fulfil(route: Route) -> None:
        state = route.fetch().json()
        state["runs"][0].update(changes)
        route.fulfill(json=state)

    page.route(f"**/{exam.assignment}/state", fulfil)
    page.evaluate(f"location.hash = '#/{exam.assignment}'")


def test_a_run_that_waits_for_the_rubrics_goes_on(overview: Page, console: Console, exam: Exam) -> None:
    say(overview, exam, status="WAITING_FOR_REVIEW")
    with overview.expect_response("**/resume") as resumed:
        overview.get_by_role("button", name="The rubrics are checked: go on").click()
    assert resumed.value.json()["assignment"] == exam.assignment
    assert len(console.made("POST", "/resume")) == 1


def test_a_run_is_ended_once_that_was_said_twice(overview: Page, console: Console, exam: Exam) -> None:
    say(overview, exam, status="RUNNING")
    overview.get_by_role("button", name="End the run").click()
    overview.get_by_role("button", name="Let it run").click()
    assert console.made("POST", "/cancel") == []
    overview.get_by_role("button", name="End the run").click()
    overview.get_by_role("button", name="End it: finished work is kept").click()
    expect(overview.get_by_role("button", name="End it")).to_be_hidden()
    assert len(console.made("POST", "/cancel")) == 1


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ({"model": "simulated"}, "simulated: no model was asked"),
        ({"model": "m-1", "grader_model": "m-2"}, "model m-1, m-2"),
        ({"model": "m-1", "reader_model": "simulated", "grader_model": "m-1"}, "model m-1, simulated"),
    ],
)
def test_a_run_tells_its_model_and_that_it_was_simulated(
    overview: Page, exam: Exam, models: dict[str, str], told: str
) -> None:
    say(overview, exam, **models)
    expect(overview.get_by_role("listitem").filter(has_text="report").first).to_contain_text(told)


@pytest.fixture
def ungraded(stack: Stack) -> Exam:
    """An exam of two students whose answers are transcribed, and not graded."""
    made = Exam(stack, f"exam-{uuid.uuid4().hex[:8]}", ("s-01", "s-02"))
    made.upload()
    return made


def test_a_run_is_started_from_the_overview_by_keyboard_and_followed_to_its_end(
    new_page: NewPage, console: Console, ungraded: Exam
) -> None:
    page = new_page(console.address)
    expect(page.get_by_role("region", name=ungraded.assignment)).to_contain_text(
        "A run is needed (start it): 4 answers to grade"
    )
    page.evaluate(f"location.hash = '#/{ungraded.assignment}'")
    expect(page.get_by_text("A run is needed: 4 answers to grade")).to_be_visible()
    work = page.get_by_role("combobox", name="Work")
    expect(work).to_have_value("grade")
    expect(page.get_by_text("It takes")).to_be_visible()
    check(page)
    page.get_by_label("Stop at a cost of").focus()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("a cap on the run's cost can't be kept")
    page.get_by_label("Stop at a cost of").fill("")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The run has started")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="grade succeeded")).to_be_visible()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    expect(work).to_be_hidden()
    started = [call.body for call in console.made("POST", "/runs")]
    assert [body["pipeline"] for body in started] == ["grade", "grade"]
    assert [body["options"] for body in started] == [{"max_cost_usd": "5"}, {}]
    assert len(ungraded.get("grades")) == 2


def test_a_run_of_a_graded_exam_is_started_once_that_is_opened(overview: Page, exam: Exam) -> None:
    overview.evaluate(f"location.hash = '#/{exam.assignment}'")
    expect(overview.get_by_role("link", name="Grade 8 answers")).to_be_visible()
    expect(overview.get_by_role("combobox", name="Work")).to_have_count(0)
    overview.get_by_text("Start a run").focus()
    overview.keyboard.press("Enter")
    expect(overview.get_by_role("combobox", name="Work")).to_have_value("exam")


def test_no_other_run_is_offered_while_one_is_at_work(overview: Page, exam: Exam) -> None:
    say(overview, exam, status="RUNNING")
    expect(overview.get_by_text("No other run can be started now: the run report is at work.")).to_be_visible()
    expect(overview.get_by_text("Start a run")).to_have_count(0)
    check(overview)


def test_a_run_that_somebody_else_started_meanwhile_is_told_in_place_of_the_form(
    overview: Page, console: Console, exam: Exam
) -> None:
    overview.evaluate(f"location.hash = '#/{exam.assignment}'")
    overview.get_by_text("Start a run").click()
    overview.get_by_role("combobox", name="Work").select_option("grade")
    expect(overview.get_by_text("It takes")).to_be_visible()

    def refused(call: Call) -> AWSResponse | None:
        if (call.method, call.path) != ("POST", "/runs"):
            return None
        return response(409, {"error": "ConflictError", "message": "another run is active"})

    console.fault = refused
    say(overview, exam, status="RUNNING")  # from the next look on
    overview.get_by_role("button", name="Start", exact=True).click()
    expect(overview.get_by_text("No other run can be started now: the run report is at work.")).to_be_visible()
    assert len(console.made("POST", "/runs")) == 1


GRADES, QUESTIONS = "There are no grades yet.", "There are no questions yet."


@pytest.mark.parametrize(
    ("screen", "title", "missing"),
    [
        ("grade", "Grade", GRADES),
        ("class", "Class", GRADES),
        ("export", "Hand back", GRADES),
        ("equal", "Equal answers", GRADES),
        ("parts", "Unplaced parts", QUESTIONS),
        ("rubrics", "Questions and rubrics", QUESTIONS),
    ],
)
def test_a_screen_leads_to_the_overview_until_a_run_has_made_its_content(
    new_page: NewPage, console: Console, ungraded: Exam, screen: str, title: str, missing: str
) -> None:
    page = new_page(console.address)
    needed = "grade"
    if missing == QUESTIONS:
        ungraded.stack.s3.delete_object(Bucket=BUCKET, Key=f"{ungraded.assignment}/questions.json")
        needed = "extract-questions"
    page.evaluate(f"location.hash = '#/{ungraded.assignment}/{screen}'")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text(f"{missing} Start a run, or follow it, on the overview")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    assert problems(page) == {}
    page.get_by_role("link", name="Start a run, or follow it, on the overview").press("Enter")
    expect(page.get_by_role("combobox", name="Work")).to_have_value(needed)
