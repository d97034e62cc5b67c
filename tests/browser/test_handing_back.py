"""Equal answers, unplaced parts, names and exports, by keys."""

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from playwright.sync_api import Page, expect

from tests.browser.console import Call, Console, unreachable
from tests.browser.graded_exam import Exam, open_cell, page_image
from tests.support.ledgers import ledger, part

pytestmark = pytest.mark.xdist_group("chromium")

EVIL = "Nova <img src=x onerror=alert(1)>"


def at(page: Page, console: Console, exam: Exam, screen: str) -> None:
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/{screen}")


def test_equal_answers_are_decided_on_at_once_and_undone_singly(page: Page, console: Console, exam: Exam) -> None:
    exam.change(lambda number, cells: open_cell(cells["1a"], "graders_disagree" if number else "asked"))
    at(page, console, exam, "equal")
    expect(page.get_by_role("heading", name="Question 1a: 8 equal answers")).to_be_visible()
    expect(page.get_by_label("Decide on s-01")).not_to_be_checked()
    expect(page.get_by_text("Together 5", exact=False)).to_have_count(0)
    expect(page.get_by_role("button", name="Decide on 7 answers")).to_be_enabled()
    page.keyboard.press("3")
    expect(page.get_by_text("Criterion 3: 1. Together 5.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Decided on 7 answers.")).to_be_visible()
    page.get_by_role("button", name="Undo for s-03").click()
    expect(page.get_by_text("Undone: s-03.")).to_be_visible()
    _, table = console.stack.call("GET", f"/assignments/{exam.assignment}/grades")
    states = {row["student_id"]: (row["cells"][0]["state"], row["cells"][0]["points"]) for row in table["students"]}
    assert states["s-02"] == ("OVERRIDDEN", 5)
    assert states["s-01"] == states["s-03"] == ("NEEDS_REVIEW", 4)


def test_different_points_of_equal_answers_are_shown_against_each_other(
    page: Page, console: Console, exam: Exam
) -> None:
    exam.change(lambda number, cells: cells["1a"].update(points=4 - number % 2))
    at(page, console, exam, "equal")
    expect(page.get_by_text("Points: 4 (4 answers), 3 (4).")).to_be_visible()
    expect(page.get_by_role("button", name="points differ")).to_be_visible()


def test_the_draft_of_a_decision_on_equal_answers_that_was_not_taken_is_kept(
    page: Page, console: Console, exam: Exam
) -> None:
    at(page, console, exam, "equal")
    page.get_by_label("Feedback for each student").fill("Name the unit.")
    answer = exam.answer("s-01")
    path = f"/assignments/{exam.assignment}/reviews/{answer['cell_id']}"
    identity = {"userArn": "arn:aws:iam::123456789012:user/ben"}
    body = {"action": "accept", "basis": answer["basis"]}
    assert console.stack.call("POST", path, body, identity=identity)[0] == 201
    page.get_by_role("button", name="Decide on 8 answers").click()
    page.get_by_role("button", name="Look at them afresh").click()
    expect(page.get_by_text("Your draft is kept")).to_be_visible()
    expect(page.get_by_label("Feedback for each student")).to_have_value("Name the unit.")
    page.get_by_role("button", name="Decide on 8 answers").click()
    expect(page.get_by_text("Decided on 8 answers.")).to_be_visible()
    assert exam.answer("s-01")["decisions"][-1]["feedback"] == "Name the unit."


def test_a_decision_on_equal_answers_is_sent_once_there_is_a_network(page: Page, console: Console, exam: Exam) -> None:
    at(page, console, exam, "equal")
    expect(page.get_by_role("button", name="Decide on 8 answers")).to_be_enabled()
    console.fault = unreachable
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 not sent")).to_be_visible()
    console.fault = lambda call: None
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("Decided on 8 answers.")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()


def test_a_decision_on_equal_answers_whose_answer_was_lost_goes_on_with_those_that_are_left(
    page: Page, console: Console, exam: Exam
) -> None:
    """The server decides on the first answer, and fails before it comes to the others."""
    lost: list[Call] = []

    def fail_midway(call: Call) -> AWSResponse | None:
        if not call.path.endswith("/equal") or lost:
            return None
        lost.append(call)
        identity = {"userArn": "arn:aws:iam::123456789012:user/ada"}
        path = call.path.removesuffix("/equal")
        assert console.stack.call("POST", path, call.body["decision"], identity=identity)[0] == 201
        return unreachable(call)

    at(page, console, exam, "equal")
    expect(page.get_by_role("button", name="Decide on 8 answers")).to_be_enabled()
    console.fault = fail_midway
    page.keyboard.press("Enter")
    expect(page.get_by_text("Decided on 8 answers.")).to_be_visible(timeout=15_000)
    assert (len(lost), len(exam.decisions())) == (1, 8)


def test_the_same_decision_of_somebody_else_on_the_first_answer_does_not_pass_for_one_on_all(
    page: Page, console: Console, exam: Exam
) -> None:
    at(page, console, exam, "equal")
    expect(page.get_by_role("button", name="Decide on 8 answers")).to_be_enabled()
    answer = exam.answer("s-01")
    path = f"/assignments/{exam.assignment}/reviews/{answer['cell_id']}"
    identity = {"userArn": "arn:aws:iam::123456789012:user/ben"}
    assert console.stack.call("POST", path, {"action": "accept", "basis": answer["basis"]}, identity=identity)[0] == 201
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your decision was not taken")).to_be_visible()
    page.get_by_role("button", name="Look at them afresh").click()
    page.get_by_role("button", name="Decide on 8 answers").click()
    expect(page.get_by_text("Decided on 8 answers.")).to_be_visible()


@pytest.fixture
def parted(exam: Exam) -> Exam:
    """The exam with a part beside the first answer of two students."""
    exam.put(
        "ledger",
        ledger(s_01=[part("p-1", "1a", top=0.28, bottom=0.36)], s_02=[part("p-2", "1a", top=0.28, bottom=0.36)]),
    )
    return exam


def test_a_part_belongs_to_an_answer_or_is_scratch_for_the_class(page: Page, console: Console, parted: Exam) -> None:
    at(page, console, parted, "parts")
    expect(page.get_by_role("heading", name="Part 1 of 2")).to_be_visible()
    expect(page.get_by_role("img")).to_be_visible()
    page.keyboard.press("p")
    page.keyboard.press("1")
    expect(page.get_by_text("Saved: belongs to 1a.")).to_be_visible()
    expect(page.get_by_role("heading", name="Part 2 of 2")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="belongs to 1a 1")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.get_by_label("The same for the whole class")).to_be_checked()
    page.keyboard.press("s")
    expect(page.get_by_text("Saved: scratch work.")).to_be_visible()  # not "Being saved: scratch work"
    _, listed = console.stack.call("GET", f"/assignments/{parted.assignment}/parts")
    assert {each["part_id"]: each["counts"]["action"] for each in listed["parts"]} == {
        "p-1": "belongs",
        "p-2": "scratch",
    }


def test_a_part_that_another_person_decided_on_is_told(page: Page, console: Console, parted: Exam) -> None:
    at(page, console, parted, "parts")
    expect(page.get_by_role("heading", name="Part 1 of 2")).to_be_visible()
    path = f"/assignments/{parted.assignment}/parts/p-1"
    basis = console.stack.call("GET", path)[1]["basis"]
    body = {"action": "nothing", "by": "Bo", "basis": basis}
    assert console.stack.call("POST", f"{path}/decisions", body)[0] == 201
    page.keyboard.press("s")
    expect(page.get_by_text("1 to settle")).to_be_visible()
    page.keyboard.press("k")
    page.get_by_role("button", name="Look at it afresh").click()
    expect(page.get_by_text("Bo: nothing that counts")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()


@pytest.fixture
def unnamed(exam: Exam) -> Exam:
    """The exam with a roster on which two students are not found."""
    lines = [f"Nova {number:02},{number}" for number in range(3, 9)]
    exam.stack.put(
        f"{exam.assignment}/roster.csv", "\n".join(["name,student number", f"{EVIL},1", "Zoë Łęcka,2", *lines]).encode()
    )
    return exam


def test_names_are_matched_by_keys(page: Page, console: Console, unnamed: Exam) -> None:
    at(page, console, unnamed, "names")
    expect(page.get_by_text("2 folders wait for a name.")).to_be_visible()
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("lecka")
    expect(page.get_by_role("option")).to_have_text(["Zoë Łęcka 2"])
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 folder waits for a name.")).to_be_visible()
    expect(page.get_by_role("combobox")).to_be_focused()
    expect(page.get_by_role("option").first).to_contain_text(EVIL)
    page.keyboard.press("Alt+n")
    expect(page.get_by_text("No folder waits for a name.")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()
    _, listed = console.stack.call("GET", f"/assignments/{unnamed.assignment}/students")
    decided = {each["student_id"]: each["match"] for each in listed["students"]}
    assert sorted(decided.values()) == ["decided", *["exact"] * 6, "nobody"]
    assert "Nova" not in page.url
    assert page.evaluate("localStorage.length") == 0


def test_a_decision_on_a_name_is_taken_back_beside_the_head_of_the_page(
    page: Page, console: Console, unnamed: Exam
) -> None:
    image = page_image("s-01")
    key = f"{unnamed.assignment}/heads/s-01/a-0001.jpg"
    unnamed.stack.put(key, image)
    digest = hashlib.sha256(image).hexdigest()
    unnamed.put("heads", {"s-01": [{"page": 1, "key": key, "sha256": digest, "width": 850, "height": 1100}]})
    at(page, console, unnamed, "names")
    head = page.get_by_role("img", name="Head of page 1")
    expect(head).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    seen, roster = head.bounding_box(), page.get_by_role("listbox").bounding_box()
    others = page.get_by_role("list", name="Folders").bounding_box()
    assert seen
    assert roster
    assert others
    assert seen["width"] > 500
    assert seen["x"] + seen["width"] < roster["x"] < roster["x"] + roster["width"] < others["x"]
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name="Whose is “Nova 02”?")).to_be_visible()
    page.keyboard.press("PageUp")
    page.keyboard.type("lecka")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 folder waits for a name.")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()
    page.get_by_label("Also folders that are matched").check()
    page.get_by_role("button", name="Nova 01").click()
    expect(page.get_by_role("heading", name="Whose is “Nova 01”?")).to_be_visible()
    expect(page.get_by_role("button", name="Take the decision back")).to_be_visible()
    page.keyboard.press("Alt+u")
    expect(page.get_by_text("2 folders wait for a name.")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()
    _, listed = console.stack.call("GET", f"/assignments/{unnamed.assignment}/students")
    [decisions] = [each["decisions"] for each in listed["students"] if each["student_id"] == "s-01"]
    assert [each["action"] for each in decisions] == ["match", "undo"]


def test_loose_pages_of_a_pile_are_given_by_keys_and_taken_back(page: Page, console: Console, exam: Exam) -> None:
    exam.scan_pile()
    at(page, console, exam, "")
    page.get_by_role("link", name="3 pages of a pile are in no booklet").click()
    expect(page.get_by_role("heading", name="Whose is page 3 of class.pdf?")).to_be_visible()
    expect(page.get_by_text("It is in no booklet: it is like none of the exam's pages")).to_be_visible()
    scan = page.get_by_role("img", name="Scan of page 3 of class.pdf")
    expect(scan).to_be_visible()
    assert scan.evaluate("image => image.naturalWidth") == 850
    expect(page.get_by_role("combobox")).to_be_focused()
    expect(page.get_by_role("option").first).to_have_text("Nova 01 beside it in the pile")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved: page 3 of class.pdf is in Nova 01 from the next run on.")).to_be_visible()
    expect(page.get_by_role("heading", name="Whose is page 4 of class.pdf?")).to_be_visible()
    page.keyboard.type("Zoë Łęcka")
    expect(page.get_by_role("option")).to_have_text(["New folder “Zoë Łęcka”"])
    page.keyboard.press("Enter")
    expect(page.get_by_text("is in Zoë Łęcka, a new folder, from the next run on.")).to_be_visible()
    expect(page.get_by_text("There is no picture of it")).to_be_visible()
    page.keyboard.press("Alt+n")
    expect(page.get_by_text("No page of a pile is loose.")).to_be_visible()
    given = exam.get("piles")["given"]
    assert [(each["first"], each["last"], each["folder"]) for each in given] == [
        (3, 3, "Nova 01"),
        (4, 4, "Zoë Łęcka"),
        (5, 5, None),
    ]
    assert state(exam)["unplaced_pages"] == 0
    page.get_by_role("button", name="Take back page 5").click()
    expect(page.get_by_role("heading", name="Whose is page 5 of class.pdf?")).to_be_visible()
    assert len(exam.get("piles")["given"]) == 2
    assert state(exam)["unplaced_pages"] == 1


def test_grades_are_downloaded_and_who_is_left_out_is_told(page: Page, console: Console, unnamed: Exam) -> None:
    unnamed.change(lambda number, cells: cells["1a"].update(state="GRADED", flags=[]) if number else None)
    at(page, console, unnamed, "export")
    expect(page.get_by_role("heading", name="7 of 8 students are final")).to_be_visible()
    expect(page.get_by_role("link", name="Question 1a: 1 open")).to_be_visible()
    page.get_by_label("Moodle, a file").check()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download", exact=True).click()
    assert downloading.value.suggested_filename == f"{unnamed.assignment}-moodle.csv"
    text = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
    graded = [row[:2] for row in csv.reader(io.StringIO(text))][1:]
    assert graded == [[str(number), "7.00"] for number in range(3, 9)]
    expect(page.get_by_text("Left out, ", exact=False)).to_be_visible()
    expect(page.get_by_text(EVIL, exact=False)).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download all").click()
    assert Path(downloading.value.path()).read_bytes().startswith(b"PK")


def test_no_file_is_offered_that_would_be_empty_as_nobody_is_final(page: Page, console: Console, exam: Exam) -> None:
    at(page, console, exam, "export")
    expect(page.get_by_role("heading", name="0 of 8 students are final")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_label("A table of everyone")).to_be_checked()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download", exact=True).click()
    assert downloading.value.suggested_filename == f"{exam.assignment}-matrix.csv"
    assert len(Path(downloading.value.path()).read_text(encoding="utf-8-sig").splitlines()) > 8


def state(exam: Exam) -> dict[str, Any]:
    """Return the exam's state, as the server has it."""
    status, found = exam.stack.call("GET", f"/assignments/{exam.assignment}/state")
    assert status == 200, found
    return dict(found)
