"""The console in Chromium before a large class on the emulator: the first answer, the next ones, and decisions."""

import gzip
import json
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from aita.client.console.application import PAGES
from benchmarks.cases import grading, grading_desk
from benchmarks.harness.console_process import console
from benchmarks.harness.emulator_stack import emulated
from benchmarks.harness.results_table import Case, say

DECISIONS = 40
WARMING = 3
"""Questions that are opened before the function runs in as many processes as the page makes calls at once."""
SETTLED_MS = 1500
"""Time that a person looks at an answer, in which the page claims it."""
FIRST_MS, NEXT_MS, DECISION_MS, LARGEST = 1000, 100, 300, 150_000

SHOWN = """async (key) => {
  const answer = () => [...document.querySelectorAll(".asked summary, .whose")].map((each) => each.textContent).join();
  const isDrawn = () => [...document.querySelectorAll(".paper img")].some((each) => each.complete && each.naturalWidth);
  const before = answer(), begun = performance.now();
  if (key.startsWith("#")) location.hash = key;
  else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true }));
  do {
    await new Promise(requestAnimationFrame);
    if (performance.now() - begun > 30_000) throw new Error(`no answer came after ${key}`);
  } while (!answer() || answer() === before || !isDrawn());
  return performance.now() - begun;
}"""
"""Milliseconds from a key, or an address, to the picture of the answer that it brings."""

SAVED = """async () => {
  const saved = () => document.querySelector(".saving p").textContent === "All saved";
  const step = () => new Promise((done) => setTimeout(done, 1));
  const begun = performance.now();
  const enter = new KeyboardEvent("keydown", { key: "Enter", code: "Enter", bubbles: true });
  document.activeElement.dispatchEvent(enter);
  while (saved() && performance.now() - begun < 1000) await step();
  while (!saved() && performance.now() - begun < 30_000) await step();
  return performance.now() - begun;
}"""
"""Milliseconds from Enter to a decision that is on the server."""


def measure() -> list[Case]:
    """Go through a generated class's answers, and accept some."""
    with emulated(grading.CONCURRENCY) as stack:
        students, questions = grading_desk.STUDENTS, grading_desk.QUESTIONS
        say(f"the console in Chromium: {students} students, {questions} questions")
        grading.upload_class(stack, grading_desk.CLASS, students, questions)
        cells = grading_desk.graded(stack)
        for each in cells.values():
            for cell in each.values():
                cell |= {"state": "NEEDS_REVIEW", "flags": [{"kind": "low_confidence", "note": ""}]}
        stack.put(f"{grading_desk.CLASS}/grades.json", json.dumps(cells).encode())
        ids = [each["question_id"] for each in stack.read(f"{grading_desk.CLASS}/questions.json")["questions"]]
        with console(stack) as address, _page() as page:
            page.goto(address)
            page.get_by_role("link", name="Grade", exact=False).first.wait_for()  # the function has started
            return _look_and_decide(page, ids)


def _look_and_decide(page: Page, ids: list[str]) -> list[Case]:
    firsts = []
    for each in ids:
        firsts.append(page.evaluate(SHOWN, f"#/{grading_desk.CLASS}/grade/{each}"))
        page.wait_for_timeout(SETTLED_MS)
    firsts = firsts[WARMING:]
    page.wait_for_load_state("networkidle")
    nexts = [page.evaluate(SHOWN, "j") for _ in range(DECISIONS)]
    page.wait_for_load_state("networkidle")
    decisions = [page.evaluate(SAVED) for _ in range(DECISIONS)]
    size = sum(
        len(gzip.compress(file.read_bytes())) for file in PAGES.rglob("*") if file.suffix in (".mjs", ".css", ".html")
    )
    where = f"{grading_desk.STUDENTS} students, {grading_desk.QUESTIONS} questions"
    return [
        _case(
            f"console in Chromium, {where}: first answer of a question, median of {len(firsts)}",
            statistics.median(firsts),
            FIRST_MS,
        ),
        _case(f"the same: next answer with its picture, 95th percentile of {len(nexts)}", _slow(nexts), NEXT_MS),
        _case(
            f"the same: from Enter to a decision on the server, 95th percentile of {len(decisions)}",
            _slow(decisions),
            DECISION_MS,
        ),
        Case(
            "the same: its pages, compressed",
            f"{size / 1000:.0f} kB",
            f"{LARGEST / 1000:g} kB",
            size / LARGEST,
            1.0,
            at_least=False,
        ),
    ]


def _slow(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _case(name: str, milliseconds: float, bound: float) -> Case:
    return Case(name, f"{milliseconds:.0f} ms", f"{bound:g} ms", milliseconds / bound, 1.0, at_least=False)


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1440, "height": 900})
        browser.close()
