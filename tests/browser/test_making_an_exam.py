"""A new exam that is dropped, and its rubrics that are changed, in the browser."""

import json
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aita.errors import StackError
from tests.browser.conftest import NewPage
from tests.browser.console import Call, Console
from tests.browser.graded_exam import KEYS, QUESTIONS, RUBRICS, Exam, page_image

pytestmark = pytest.mark.xdist_group("chromium")

STUDENTS = ("Zoë Łęcka", "Nova & <b>Co", *(f"Nova {number:02}" for number in range(1, 29)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exam's folder, as an instructor has it."""
    made = tmp_path / "midterm"
    exam = {"exam_name": "Roots", "total_pages": 1, "questions": QUESTIONS}
    for name, content in (("questions", exam), ("user_rubrics", RUBRICS), ("user_answer_keys", KEYS)):
        made.mkdir(exist_ok=True)
        (made / f"{name}.json").write_text(json.dumps(content))
    for student in STUDENTS:
        scans = made / "scans" / student
        scans.mkdir(parents=True)
        (scans / "page 1.jpg").write_bytes(page_image(student))
    (made / ".DS_Store").write_bytes(b"x")
    return made


@pytest.fixture
def start(new_page: NewPage, console: Console) -> Page:
    """The console's first page."""
    return new_page(console.address)


def new_exam(page: Page, name: str) -> None:
    page.get_by_role("link", name="New exam").click()
    page.get_by_label("Name of the assignment").fill(name)


def test_a_folder_is_checked_and_uploaded_and_goes_on_after_a_fault(
    start: Page, console: Console, folder: Path
) -> None:
    name = f"exam-{uuid.uuid4().hex[:8]}"
    new_exam(start, name)
    start.get_by_label("Choose a folder").set_input_files(folder)
    expect(start.get_by_text("30 scans of 30 students")).to_be_visible()
    expect(start.get_by_text("user_rubrics.json: your rubrics")).to_be_visible()
    asked: list[Call] = []

    def second_fails(call: Call) -> None:
        if call.path.endswith("/uploads") and call.method == "POST":
            asked.append(call)
            if len(asked) == 2:
                raise StackError("AWS can't be reached")

    console.fault = second_fails
    start.get_by_role("button", name="Upload", exact=True).click()
    expect(start.get_by_text("AWS can't be reached What was uploaded stays")).to_be_visible()
    start.get_by_role("button", name="Go on").click()
    expect(start.get_by_text("All files are uploaded.")).to_be_visible()
    sent = [each["name"] for call in asked for each in call.body["files"]]
    assert len(sent) == 33 + len(asked[1].body["files"]), "the part that failed is sent again, and no other"
    assert not any("DS_Store" in each for each in sent)
    expect(start.get_by_text("Being estimated")).to_be_hidden()
    expect(start.get_by_text("calls.").first).to_be_visible()
    expect(start.get_by_text("It takes")).to_contain_text("minutes")
    expect(start.get_by_text("s a call are assumed, as no run of the model test-model is known").first).to_be_visible()
    expect(start.get_by_text("the time in which the run waits for people is not in it")).to_be_visible()
    expect(start.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    assert "Nova" not in start.url


def test_what_cannot_be_taken_is_told_with_its_path_as_it_was_dropped(
    start: Page, console: Console, folder: Path
) -> None:
    (folder / "scans" / "Nova 01" / "notes.jpg").write_bytes(b"")
    new_exam(start, "refused")
    start.get_by_label("Choose a folder").set_input_files(folder)
    expect(start.get_by_role("alert")).to_contain_text("midterm/scans/Nova 01/notes.jpg: it is empty")
    expect(start.get_by_role("alert")).not_to_contain_text("/tmp")
    start.get_by_label("Name of the assignment").fill("no name")
    expect(start.get_by_label("Choose a folder")).to_be_disabled()


def test_what_is_missing_and_what_could_not_be_placed_is_told_before_anything_is_sent(
    start: Page, console: Console, folder: Path
) -> None:
    (folder / "scans" / "Nova 01" / "notes.exe").write_bytes(b"x")
    (folder / "class.pdf").write_bytes(b"%PDF")
    new_exam(start, "odd")
    start.get_by_label("Choose a folder").set_input_files(folder)
    expect(start.get_by_role("heading", name="Not placed, and not uploaded")).to_be_visible()
    expect(start.get_by_text("midterm/scans/Nova 01/notes.exe: files of this kind are not taken")).to_be_visible()
    expect(start.get_by_text("aita upload midterm/class.pdf --pile --assignment odd")).to_be_visible()
    expect(start.get_by_text("the roster (roster.csv or roster.xlsx): without it")).to_be_visible()
    expect(start.get_by_role("button", name="Upload", exact=True)).to_be_enabled()


def test_what_is_there_already_is_not_sent_again(start: Page, console: Console, folder: Path, tmp_path: Path) -> None:
    name = f"exam-{uuid.uuid4().hex[:8]}"
    for student in STUDENTS[:2]:
        console.stack.put(
            f"{name}/scans/{student}/page 1.jpg", (folder / "scans" / student / "page 1.jpg").read_bytes()
        )
    packed = tmp_path / "midterm.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.rglob("*.jp*g"):
            archive.write(file, file.relative_to(folder / "scans"))
    new_exam(start, name)
    start.get_by_label("Choose files or a zip").set_input_files(packed)
    expect(start.get_by_text("2 of 30 files are there already")).to_be_visible()
    start.get_by_role("button", name="Upload", exact=True).click()
    expect(start.get_by_text("All files are uploaded.")).to_be_visible()
    expect(start.get_by_text("The cost is not known: ", exact=False)).to_be_visible()


def test_a_pile_is_taken_as_one(start: Page, console: Console, tmp_path: Path) -> None:
    name = f"exam-{uuid.uuid4().hex[:8]}"
    scanned = tmp_path / "Zoë's class.pdf"
    scanned.write_bytes(b"%PDF-1.7 of thirty students")
    new_exam(start, name)
    start.get_by_label("Choose files or a zip").set_input_files(scanned)
    expect(start.get_by_role("alert")).to_contain_text("Zoë's class.pdf")
    start.get_by_label("A pile").check()
    start.get_by_label("Pages of each booklet").fill("4")
    start.get_by_label("Choose files or a zip").set_input_files(scanned)
    expect(start.get_by_text("Zoë's class.pdf, 27 bytes: of a pile")).to_be_visible()
    start.get_by_role("button", name="Upload", exact=True).click()
    expect(start.get_by_text("All files are uploaded.")).to_be_visible()
    expect(start.get_by_text("The cost is not known: ", exact=False)).to_be_visible()
    assert console.stack.get(f"{name}/piles.json")["pages"] == 4
    [file] = console.stack.call("GET", f"/assignments/{name}/uploads")[1]["files"]
    assert (file["name"], file["size"]) == ("piles/Zoë's class.pdf", 27)


def test_a_rubric_is_changed_previewed_applied_and_taken_back(page: Page, console: Console, exam: Exam) -> None:
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/rubrics")
    expect(page.get_by_role("heading", name="Question 1a")).to_be_visible()
    expect(page.locator("section[aria-labelledby=rubric] math")).to_have_count(2)
    page.keyboard.press("e")
    form = page.get_by_role("form", name="Rubric")
    form.get_by_label("Points").nth(2).fill("2")
    expect(form.get_by_role("status")).to_contain_text("The criteria sum to 6 points, and the question is worth 5.")
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    form.get_by_label("Points").nth(1).fill("1")
    form.get_by_label("Criterion 3").fill("has the unit <script>alert(1)</script>")
    form.get_by_label("Criterion 3").press("Control+Enter")
    expect(page.get_by_role("heading", name="Changed since grading")).to_be_visible()
    expect(page.get_by_text("8 answers are graded again")).to_be_visible()
    assert exam.get("user_rubrics")["1a"]["criteria"][2]["points"] == 2
    assert exam.get("user_rubrics")["2"] == RUBRICS["2"]
    page.get_by_role("button", name="Grade a sample").click()
    expect(page.get_by_role("table", name="How a sample changes").get_by_role("row")).to_have_count(6)
    page.get_by_role("button", name="Take back the last change").click()
    expect(page.get_by_role("heading", name="Changed since grading")).to_be_hidden()
    criteria = [(each["points"], each["description"]) for each in exam.get("user_rubrics")["1a"]["criteria"]]
    assert criteria == [(2, r"isolates $x$"), (2, r"gives $\sqrt{2}$"), (1, "has the unit")]


def test_a_question_and_its_answer_key_are_changed(page: Page, console: Console, exam: Exam) -> None:
    exam.put("questions", exam.get("questions") | {"points_step": 0.25, "own_field": "kept"})
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/rubrics/2")
    page.get_by_role("button", name="Edit answer key").click()
    form = page.get_by_role("form", name="Answer key")
    form.get_by_label("Right answer;").fill("")
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    form.get_by_label("Right answer;").fill(r"a cell of $1\,\mu m$")
    form.get_by_label("Other right answers").fill("a bacterium\n\n a yeast ")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("section[aria-labelledby=answer_key] math")).to_be_visible()
    key = exam.get("user_answer_keys")["2"]
    assert (key["correct_answer"], key["alternative_answers"]) == (r"a cell of $1\,\mu m$", ["a bacterium", "a yeast"])
    page.get_by_role("button", name="Edit question 2").click()
    form = page.get_by_role("form", name="Question")
    form.get_by_label("Points").fill("5")
    form.get_by_label("Question").fill("Draw two cells.")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("a file of before does not fit these questions", exact=False)).to_be_visible()
    expect(page.locator("section[aria-labelledby=rubric]")).to_contain_text(
        "written when the question was worded otherwise"
    )
    stored = exam.get("questions")
    assert (stored["own_field"], stored["points_step"]) == ("kept", 0.25)
    assert stored["questions"][1] == QUESTIONS[1] | {"question_text": "Draw two cells.", "points": 5}
    assert stored["questions"][0] == QUESTIONS[0]


def test_a_file_that_changed_meanwhile_is_not_replaced(page: Page, console: Console, exam: Exam) -> None:
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/rubrics/2")
    expect(page.get_by_role("heading", name="Question 2")).to_be_visible()
    exam.put("user_rubrics", RUBRICS | {"2": {"total_points": 4, "criteria": [{"points": 4, "description": "a cell"}]}})
    page.keyboard.press("e")
    page.get_by_role("form", name="Rubric").get_by_label("Criterion 1").fill("walls")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("was changed since it was fetched")
    assert exam.get("user_rubrics")["2"]["criteria"][0]["description"] == "a cell"
    page.get_by_role("button", name="Load again").click()
    now = page.get_by_label("As it is now")
    expect(now).to_contain_text("4 a cell")
    expect(page.get_by_role("form", name="Rubric").get_by_label("Criterion 1")).to_have_value("walls")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("form", name="Rubric")).to_have_count(0)
    assert exam.get("user_rubrics")["2"]["criteria"][0]["description"] == "walls"


def test_a_version_of_a_colleagues_is_compared_and_restored_by_keyboard(
    page: Page, console: Console, consoles: Callable[[str], Console], new_page: NewPage, exam: Exam
) -> None:
    page.goto(f"{console.address.split('#')[0]}#/{exam.assignment}/rubrics/1a")
    change_rubric(page, "finds x")
    theirs = new_page(consoles("bea").address)
    theirs.evaluate(f"location.hash = '#/{exam.assignment}/rubrics/1a'")
    change_rubric(theirs, "solves it")
    page.reload()
    expect(page.get_by_role("heading", name="Question 1a")).to_be_visible()
    page.keyboard.press("v")
    panel = page.get_by_role("form", name="Versions of your rubrics")
    expect(panel.get_by_role("radio")).to_have_count(3)
    expect(panel.get_by_text("by bea")).to_contain_text("the present one")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_role("radio", name="by ada")).to_be_checked()
    expect(panel.get_by_role("listitem").filter(has_text="solves it")).to_have_attribute("data-mark", "-")
    expect(panel.get_by_role("listitem").filter(has_text="finds x")).to_have_attribute("data-mark", "+")
    change_rubric(theirs, "names it")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("was changed since it was fetched")
    assert exam.get("user_rubrics")["1a"]["criteria"][0]["description"] == "names it"
    panel.get_by_role("button", name="Load again").click()
    expect(panel.get_by_role("radio")).to_have_count(4)
    expect(panel.get_by_role("listitem").filter(has_text="names it")).to_have_attribute("data-mark", "-")
    panel.get_by_role("radio", name="by ada").press("Enter")
    expect(page.get_by_text("Restored.")).to_be_visible()
    expect(page.get_by_role("heading", name="Changed since grading")).to_be_visible()
    assert exam.get("user_rubrics")["1a"]["criteria"][0]["description"] == "finds x"


def change_rubric(page: Page, words: str) -> None:
    """Say the first criterion of question 1a otherwise."""
    expect(page.get_by_role("heading", name="Question 1a")).to_be_visible()
    page.get_by_role("button", name="Edit rubric").click()
    page.get_by_role("form", name="Rubric").get_by_label("Criterion 1").fill(words)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("section[aria-labelledby=rubric] li").first).to_contain_text(words)
