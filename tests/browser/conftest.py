"""Chromium, an exam that waits for people, and consoles in front of it."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.console import Console
from tests.browser.graded_exam import Exam, grader
from tests.integration.stack import Stack, deployed
from tests.support import chromium

COMMAND = chromium.find()
STUDENTS = tuple(f"s-{number:02}" for number in range(1, 9))

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP evil.example 127.0.0.1"]
"""The last one is what a name server does that rebinds a site's name."""

PATIENCE = 60_000
"""Milliseconds after which something does not come any more, on the busiest machine."""

NewPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; for these tests alone, as its driver's loop must not run while others start theirs."""
    if COMMAND is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        started = playwright.chromium.launch(executable_path=COMMAND, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with deployed() as made:
        made.provider.answer = grader
        made.s3.put_bucket_versioning(Bucket="aita-test", VersioningConfiguration={"Status": "Enabled"})
        yield made


@pytest.fixture(scope="package")
def graded(stack: Stack) -> Exam:
    """An exam of eight students, of whom each one's first answer waits for a person: what each test has a copy of."""
    made = Exam(stack, "graded", STUDENTS)
    made.upload()
    made.grade()
    return made


@pytest.fixture
def exam(graded: Exam) -> Exam:
    """The test's own exam."""
    return graded.copy(f"exam-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def consoles(stack: Stack) -> Iterator[Callable[[str], Console]]:
    """Start a person's console."""
    started: list[Console] = []

    def start(person: str) -> Console:
        console = Console(stack, person)
        console.start()
        started.append(console)
        return console

    yield start
    for console in started:
        console.stop()


@pytest.fixture
def console(consoles: Callable[[str], Console]) -> Console:
    """Ada's console."""
    return consoles("ada")


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Open a page of a browser of one's own; it fails the test if the page reports an error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(address: str = "", *, errors_are_expected: bool = False, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # as a test names them
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        if not errors_are_expected:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if is_error(message) else None)
        if address:
            page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def is_error(message: ConsoleMessage) -> bool:
    """Return whether the browser's console tells an error, other than of a call that a test makes fail."""
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def page(new_page: NewPage, console: Console, exam: Exam) -> Page:
    """Ada's browser, at the exam's first question."""
    return at_question(new_page(console.address), exam)


def at_question(page: Page, exam: Exam, question: str = "1a") -> Page:
    """Go to a question's answers, and wait for the first one."""
    page.evaluate(f"location.hash = '#/{exam.assignment}/grade/{question}'")
    expect(page.get_by_role("heading", name="Answer 1 of")).to_be_visible()
    return page
