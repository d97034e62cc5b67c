"""The class's matrix, and the answers behind its cells and bars."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.graded_exam import Exam

pytestmark = pytest.mark.xdist_group("chromium")


def test_the_matrix_is_searched_sorted_and_opened_by_keys(page: Page, console: Console, exam: Exam) -> None:
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/class")
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("row")).to_have_count(9)
    grid.get_by_role("rowheader", name="s-01").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(page.locator(":focus")).to_have_attribute("aria-colindex", "4")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Answers of s-02")
    expect(dialog.get_by_role("status")).to_have_text("Question 2: 2 of 2")
    page.keyboard.press("k")
    expect(dialog.get_by_role("heading", name="Question 1a")).to_be_visible()
    expect(dialog.locator(".reading math").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_label("Names").check()
    expect(grid.get_by_role("rowheader", name="Nova 07")).to_be_visible()
    page.get_by_label("Search").fill("nova 07")
    expect(grid.get_by_role("row")).to_have_count(2)
    assert "s-0" not in page.url


def test_the_answers_behind_a_bar(page: Page, console: Console, exam: Exam) -> None:
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/class")
    page.get_by_label("Distributions").check()
    page.get_by_role("button", name="Question 1a, 4 to below 4.5 points: 8 answers").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("s-01: 1 of 8")
    page.keyboard.press("j")
    page.get_by_role("dialog").get_by_role("link", name="Grade this answer").click()
    expect(page.get_by_role("heading", name="Answer 1 of 8 s-02")).to_be_visible()
    assert "s-02" not in page.url
    page.reload()
    expect(page.get_by_role("heading", name="Answer 1 of 8 s-02")).to_be_visible()
