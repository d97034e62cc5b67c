"""WCAG 2.2 AA: axe finds nothing, all is done by keyboard, and a screen reader hears what changed."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, at_question
from tests.browser.console import Console, unreachable
from tests.browser.graded_exam import Exam
from tests.browser.test_grading import at, press

pytestmark = pytest.mark.xdist_group("chromium")

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (320, 768, 1440)


def problems(page: Page) -> dict[str, list[str]]:
    """Return what violates a rule, by the rule."""
    found: dict[str, Any] = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response
    assert len(found["passes"]) > 15, "axe has looked at the page"
    return {each["id"]: [node["html"][:300] for node in each["nodes"]] for each in found["violations"]}


def check(page: Page) -> None:
    """Check a page at all widths, in both colour schemes; nothing but what slides is wider than the window."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"slides at {width}"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            assert problems(page) == {}, f"{width} {scheme}"


def test_the_assignments(new_page: NewPage, console: Console, exam: Exam) -> None:
    page = new_page(console.address)
    page.get_by_role("region", name=exam.assignment).get_by_role("link", name="Grade 8 answers").wait_for()
    check(page)


def test_an_answer_with_everything_that_can_be_told_of_it(page: Page, console: Console) -> None:
    press(page, "w", "/")
    page.locator("summary").click()
    page.wait_for_load_state("networkidle")  # names and the next answers are there: the next call is the decision
    console.fault = unreachable
    press(page, "Enter", "k")
    if not page.locator(".entries").is_visible():  # it opens by itself once a decision is parked
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Not sent yet: accept")).to_be_visible()
    check(page)
    press(page, "n")
    page.get_by_role("textbox", name="Text").wait_for()
    assert problems(page) == {}
    press(page, "Escape", "?")
    page.get_by_role("dialog").wait_for()
    assert problems(page) == {}


def test_a_conflict(page: Page, exam: Exam, console: Console) -> None:
    answer = exam.answer("s-01")
    identity = {"userArn": "arn:aws:iam::123456789012:user/ben"}
    path = f"/assignments/{exam.assignment}/reviews/{answer['cell_id']}"
    body = {"action": "accept", "basis": answer["basis"]}
    assert console.stack.call("POST", path, body, identity=identity)[0] == 201
    press(page, "3", "Enter", "k")
    page.locator(".conflict").wait_for()
    check(page)


def test_all_is_done_by_tab_and_enter(page: Page, exam: Exam) -> None:
    """Without the single keys, too: each control is reached, says its name, and shows that it has the focus."""
    reached: list[str] = []
    page.locator("body").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            break
        reached.append(focused.evaluate("each => each.getAttribute('aria-label') || each.textContent.trim()"))
        outline = focused.evaluate("each => getComputedStyle(each).outlineStyle")
        assert outline != "none", reached[-1]
        if reached[-1].startswith("Accept"):
            page.keyboard.press("Enter")
            break
    at(page, "2 of 8")
    assert any(each.startswith("Handwritten") for each in reached)
    assert "To the content" in reached[:2] or page.locator(".skip").count()


def test_changes_are_heard(page: Page) -> None:
    heard = page.locator("main [aria-live=polite]")
    expect(heard).to_have_text("Answer 1 of 8. 4 of 5 points.")
    press(page, "3")
    expect(heard).to_have_text("Criterion 3: 1. Together 5.")
    press(page, "j")
    expect(heard).to_have_text("Answer 2 of 8. 4 of 5 points.")


def test_nothing_moves_if_that_is_asked_for(new_page: NewPage, console: Console, exam: Exam) -> None:
    page = at_question(new_page(console.address, reduced_motion="reduce"), exam)
    moving = """[...document.querySelectorAll("*")].map((each) => getComputedStyle(each)).filter(
      (style) => parseFloat(style.transitionDuration) > 0 || style.animationName !== "none").length"""
    assert page.evaluate(moving) == 0


def test_each_colour_scheme_and_width_has_the_buttons_in_sight(page: Page) -> None:
    for width, height in ((320, 640), (390, 844), (1024, 700), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        buttons = page.locator(".actions > button").all()
        assert len(buttons) == 8
        for button in buttons:
            box = button.bounding_box()
            assert box
            assert box["y"] + box["height"] <= height, width
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width, (width, button.inner_text())


def test_no_key_is_spoken_of_where_there_is_no_keyboard(new_page: NewPage, console: Console, exam: Exam) -> None:
    tablet = {"width": 820, "height": 1180}
    page = at_question(new_page(console.address, has_touch=True, is_mobile=True, viewport=tablet), exam)
    expect(page.get_by_role("button", name="Keys")).to_be_hidden()
    expect(page.locator(".actions kbd").first).to_be_hidden()
    page.get_by_role("button", name="Note").tap()
    expect(page.get_by_label("Text")).to_be_visible()
