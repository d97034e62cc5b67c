"""Other sites, other names, and hostile text: nobody gets in, and nothing of a student is left behind."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, at_question
from tests.browser.console import Console
from tests.browser.graded_exam import Exam
from tests.browser.test_grading import press, saved

pytestmark = pytest.mark.xdist_group("chromium")

ATTACK = """<!doctype html><title>attack</title><pre id="seen"></pre>
<form id="form" method="post" enctype="text/plain" target="sink" action="TARGET/api/assignments/EXAM/reviews/c-1">
<input name='{"action": "accept", "x": "' value='"}'></form><iframe name="sink"></iframe>
<script>
const token = "guessed", seen = [];
const tries = [
  () => fetch("TARGET/api/assignments"),
  () => fetch("TARGET/api/assignments", {headers: {"Aita-Console-Token": token}}),
  () => fetch("TARGET/api/assignments", {mode: "no-cors"}).then(() => ({status: "opaque"})),
  () => fetch("TARGET/formulas", {method: "POST", body: "{}", mode: "no-cors"}).then(() => ({status: "opaque"})),
  () => import("TARGET/pages/calls.mjs").then(() => ({status: "imported"})),
];
(async () => {
  for (const one of tries) seen.push(await one().then((got) => String(got.status), () => "refused"));
  document.getElementById("form").submit();
  document.getElementById("seen").textContent = seen.join(" ");
})();
</script>
"""

FRAME = """address => new Promise((loaded) => {
  const frame = document.createElement("iframe");
  frame.addEventListener("load", () => loaded());
  frame.src = address;
  document.body.append(frame);
})"""
"""Shows an address in a frame, and waits until the browser has shown it or refused to."""


@pytest.fixture
def other_site(console: Console, exam: Exam) -> Iterator[str]:
    """A site on another port of this computer, whose page attacks the console."""
    target = f"http://127.0.0.1:{console.port}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = ATTACK.replace("TARGET", target).replace("EXAM", exam.assignment).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_another_sites_page_reaches_nothing(new_page: NewPage, console: Console, exam: Exam, other_site: str) -> None:
    own = at_question(new_page(console.address), exam)  # the browser has the console open, too
    own.wait_for_load_state("networkidle")
    console.calls.clear()
    attacker = new_page(errors_are_expected=True)
    with attacker.expect_response(lambda response: response.url.endswith("/reviews/c-1")) as form:
        attacker.goto(other_site)
    assert not form.value.ok
    expect(attacker.locator("#seen")).to_have_text(" ".join(["refused"] * 5))
    assert [call for call in console.calls if "claim" not in call.path] == []
    assert exam.decisions() == []


def test_a_name_that_leads_to_this_computer_is_none_of_the_consoles(new_page: NewPage, console: Console) -> None:
    page = new_page(errors_are_expected=True)
    got = page.goto(f"http://evil.example:{console.port}/#{console.address.partition('#')[2]}")
    assert got
    assert got.status == 403
    assert console.calls == []


def test_no_page_holds_the_console_in_a_frame(new_page: NewPage, console: Console, other_site: str) -> None:
    page = new_page(errors_are_expected=True)
    page.goto(other_site)
    page.evaluate(FRAME, console.address)
    assert page.frames[-1].evaluate("document.querySelector('#page')") is None


FORMULA = r"$\text{<svg/onload=document.title=`ran`>}$"
HOSTILE = (
    "<img src=x onerror=\"document.title='ran'\">",
    "<script>document.title='ran'</script>",
    FORMULA,
    r"\(\href{javascript:document.title='ran'}{x}\)",
    "\"'><a href=\"javascript:document.title='ran'\">x</a>${document.title='ran'}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(new_page: NewPage, console: Console, exam: Exam, text: str) -> None:
    """The student's, the model's, the rubric's, the question's and the folder's name."""
    grades, answers, questions = exam.get("grades"), exam.get("answers"), exam.get("questions")
    rubrics, students = exam.get("user_rubrics"), exam.get("students")
    answers["s-01"]["question_answers"][0]["raw_text"] = text
    grades["s-01"]["1a"] |= {"feedback": text, "reason": text}
    for criterion in grades["s-01"]["1a"]["criteria"]:
        criterion |= {"reason": text, "quote": text, "quote_found": False}
    questions["questions"][0]["question_text"] = text
    rubrics["1a"]["criteria"][0]["description"] = text
    students["students"][0]["folder"] = text
    for name, content in (
        ("grades", grades),
        ("answers", answers),
        ("questions", questions),
        ("user_rubrics", rubrics),
        ("students", students),
    ):
        exam.put(name, content)
    page = at_question(new_page(console.address), exam)
    press(page, "w", "n")
    page.keyboard.type(text)
    press(page, "Control+Enter")
    saved(page)
    press(page, "k")
    expect(page.locator(".decisions")).to_contain_text("(<svg/onload=document.title=" if text == FORMULA else text)
    assert exam.answer("s-01")["decisions"][-1]["why"] == text
    expect(page.locator(".whose")).to_contain_text(text)
    page.locator("summary").click()
    assert page.title() != "ran"
    assert (
        page.evaluate(
            "document.querySelectorAll('main a[href^=javascript], main script, main svg, main img[src=x]').length"
        )
        == 0
    )


def test_nothing_of_a_student_is_stored_or_in_an_address(page: Page, console: Console, exam: Exam) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("framenavigated", lambda frame: asked.append(frame.url))
    press(page, "w", "Enter", "/")
    page.get_by_role("textbox", name="Student").fill("s-05")
    press(page, "Enter")
    expect(page.get_by_text("Nova 05")).to_be_visible()
    token = console.address.rpartition("=")[2]
    stored = page.evaluate(
        "async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, await caches.keys(),"
        " (await indexedDB.databases()).length])"
    )
    assert stored == f'[{{}},{{"aita-console-address":"#token={token}"}},"",[],0]'
    assert not any(token in each or "Nova" in each for each in asked)
    assert token not in page.evaluate("location.href")
    assert page.evaluate("history.length") <= 4


def test_no_script_but_the_consoles_runs_in_its_pages(new_page: NewPage, console: Console) -> None:
    page = new_page(errors_are_expected=True)
    page.goto(console.address)
    page.get_by_role("heading", name="Assignments").wait_for()
    refused = page.evaluate(
        """async () => {
          const found = [];
          addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
          const script = document.createElement("script");
          for (const attempt of [
            () => { script.textContent = "document.title = 'ran'"; document.head.append(script); },
            () => { document.body.innerHTML += "<b>x</b>"; },
          ]) try { attempt(); } catch (error) { found.push(error.name); }
          await new Promise((done) => setTimeout(done, 100));
          return [document.title, found.length > 0, document.querySelector("b") === null];
        }"""
    )
    assert refused == ["aita", True, True]
