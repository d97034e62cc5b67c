"""What a person does with runs on the overview."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.console import Console
from tests.browser.graded_exam import Exam

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
