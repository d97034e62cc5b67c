"""Grading by keys: what a person presses, what they see, and what is on the server then."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.graded_exam import Exam

pytestmark = pytest.mark.xdist_group("chromium")


def test_from_the_assignments_to_a_decision(page: Page, console: Console, exam: Exam) -> None:
    page.get_by_role("link", name="Grade 8 answers").click()
    expect(page.get_by_role("heading", name="Answer 1 of 8")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Answer 2 of 8")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()
