"""The console on the emulator, as a person starts it: the whole sample exam is decided on by keys in Chromium."""

import csv
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from aita_local.state_dir import PROJECT
from tests.local.stack import AITA, PATIENCE, SAMPLES, TRUTH, Json, LocalStack
from tests.support import chromium

ASSIGNMENT, WHOLE = "decided", "whole"
ANSWERS = 30
COMMAND = chromium.find()

pytestmark = [
    pytest.mark.skipif(COMMAND is None, reason="Chromium is not installed"),
    pytest.mark.xdist_group("chromium"),
]


@dataclass
class Served:
    """``aita console`` in a process of its own."""

    stack: LocalStack
    port: int = 0
    address: str = ""
    process: "subprocess.Popen[str] | None" = None
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [AITA, "--local", "--json", "console", "--no-browser", "--port", str(self.port)],
            cwd=PROJECT,
            env={**os.environ, "AITA_HOME": str(self.stack.home.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        document = ""
        for line in self.process.stdout:
            document += line
            if line.startswith("}"):
                break
        self.address = json.loads(document)["url"]
        self.port = int(re.findall(r":(\d+)/", self.address)[0])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.said.append(self.process.stdout.read())
        self.process.stdout.close()


@pytest.fixture(scope="module")
def exam_run(fresh_stack: LocalStack) -> Json:
    fresh_stack.run("upload", str(SAMPLES / "exam"), "--assignment", ASSIGNMENT)
    return fresh_stack.run("exam", "--assignment", ASSIGNMENT)


@pytest.fixture
def served(stack: LocalStack, exam_run: Json) -> Iterator[Served]:
    assert exam_run["status"] == "SUCCEEDED"
    console = Served(stack)
    console.start()
    yield console
    console.kill()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=COMMAND, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        expect.set_options(timeout=5_000)
        browser.close()


def decide_on_all(page: Page, served: Served) -> int:
    """Accept each answer of the question that is shown, and give points where nothing is proposed; return how many."""
    heading = page.get_by_role("heading", name="Answer 1 of")
    expect(heading).to_be_visible()
    count = int(re.findall(r"Answer 1 of (\d+)", heading.inner_text())[0])
    for number in range(1, count + 1):
        expect(page.get_by_role("heading", name=f"Answer {number} of {count}")).to_be_visible()
        expect(page.locator(".paper img").first).to_have_js_property("complete", value=True)
        if page.locator(".criteria .undecided").count():
            for key in range(page.locator(".criteria li").count()):
                page.keyboard.press(str(key + 1))
        page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_have_text("That was the last answer.")
    return count


def test_thirty_decisions_by_keys_though_the_console_is_killed(page: Page, served: Served, stack: LocalStack) -> None:
    page.goto(served.address)
    card = page.get_by_role("region", name=ASSIGNMENT)
    card.get_by_role("link", name="Grade 3 answers").click()
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("combobox", name="Answers").select_option("all")
    questions = page.get_by_role("navigation", name="Questions").get_by_role("link")
    expect(questions).to_have_count(len(TRUTH["questions"]))
    decided = 0
    for index in range(len(TRUTH["questions"])):
        questions.nth(index).click()
        if index == 1:  # the second question is decided on while nothing serves
            expect(page.get_by_role("heading", name="Answer 1 of")).to_be_visible()
            for key in "jjkk":  # so that all pictures are there
                page.keyboard.press(key)
            page.wait_for_load_state("networkidle")
            served.kill()
            decided += decide_on_all(page, served)
            expect(page.get_by_role("banner").get_by_role("status")).to_contain_text("1 not sent")
            served.start()
            page.get_by_label("Address").fill(served.address)
            page.get_by_role("button", name="Go on").click()
        else:
            decided += decide_on_all(page, served)
        expect(page.get_by_role("banner").get_by_role("status")).to_have_text("All saved")
    assert decided == ANSWERS
    made = stack.api.request("GET", "assignments", ASSIGNMENT, "decisions")["decisions"]
    assert len({each["cell_id"] for each in made}) == len(made) == ANSWERS
    assert stack.run("review", "list", "--assignment", ASSIGNMENT)["cells"] == []
    assert "".join(served.said) == ""


def test_an_exam_from_its_folder_to_its_gradebook(page: Page, served: Served, stack: LocalStack) -> None:
    """Upload, a rubric that is changed before anything is graded, a name, a conflict, and the export."""
    page.goto(served.address)
    page.get_by_role("link", name="New exam").click()
    page.get_by_label("Name of the assignment").fill(WHOLE)
    page.get_by_label("Choose a folder").set_input_files(SAMPLES / "exam")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("All files are uploaded.")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("The run has started")).to_be_visible()

    go_to(page)
    go_on = page.get_by_role("button", name="The rubrics are checked: go on")
    expect(go_on).to_be_visible(timeout=180_000)
    go_to(page, "rubrics/1a")
    page.get_by_role("button", name="Edit rubric").click()
    page.get_by_role("form", name="Rubric").get_by_label("Criterion 1").fill("Chooses B alone")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("section[aria-labelledby=rubric] li").first).to_contain_text("Chooses B alone")
    go_to(page)
    go_on.click()
    expect(page.get_by_role("link", name=re.compile(r"Grade \d+ answers"))).to_be_visible(timeout=180_000)
    assert stack.artifact(WHOLE, "user_rubrics.json")["1a"]["criteria"][0]["description"] == "Chooses B alone"

    go_to(page, "names")
    expect(page.get_by_text("1 folder waits for a name.")).to_be_visible()
    page.keyboard.press("Alt+n")
    expect(page.get_by_text("No folder waits")).to_be_visible()

    go_to(page, "grade/4")
    expect(page.get_by_role("heading", name="Answer 1 of 1")).to_be_visible()
    (cell,) = stack.api.request("GET", "assignments", WHOLE, "reviews", query={"question": "4"})["cells"]
    decide = {"action": "set", "points": 3, "why": "read on paper", "basis": cell["basis"]}
    stack.api.request("POST", "assignments", WHOLE, "reviews", cell["cell_id"], body=decide)
    page.keyboard.press("Enter")
    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("set the points: 3 (read on paper)")
    conflict.get_by_role("button", name="Keep theirs").click()
    expect(page.get_by_role("banner").get_by_role("status")).to_have_text("All saved")
    go_to(page, "grade/5")
    expect(page.get_by_role("heading", name="Answer 1 of")).to_be_visible()
    decide_on_all(page, served)
    expect(page.get_by_role("banner").get_by_role("status")).to_have_text("All saved")

    go_to(page, "export")
    expect(page.get_by_role("heading", name="5 of 5 students are final")).to_be_visible()
    page.get_by_label("Canvas, a column").check()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download", exact=True).click()
    with Path(downloading.value.path()).open(encoding="utf-8", newline="") as file:
        rows = [*csv.reader(file)][2:]
    assert {name: float(points) for name, *_, points in rows} == expected(stack)


def expected(stack: LocalStack) -> dict[str, float]:
    """Return the points of the students on the roster: the sample's, but where a person decided."""
    made = stack.api.request("GET", "assignments", WHOLE, "decisions")["decisions"]
    assert sorted((each["action"], each["question_id"]) for each in made) == [
        ("accept", "5"),
        ("accept", "5"),
        ("set", "4"),
    ]
    students = stack.artifact(WHOLE, "students.json")["students"]
    folders = {each["student_id"]: each["folder"] for each in students}
    names = {each["folder"]: each["roster_name"] for each in students if each["match"] == "exact"}
    decided = {(folders[each["student_id"]], each["question_id"]): each["points"] for each in made}
    totals: dict[str, float] = {}
    for grade in TRUTH["grades"]:
        proposed = sum(criterion["points"] for criterion in grade["criteria"])
        points = decided.get((grade["student"], grade["question_id"]), proposed)
        if name := names.get(grade["student"]):
            totals[name] = totals.get(name, 0) + points
    return totals


def go_to(page: Page, screen: str = "") -> None:
    page.evaluate("(to) => { location.hash = to }", f"#/{WHOLE}/{screen}")
