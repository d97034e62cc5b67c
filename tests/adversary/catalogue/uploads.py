"""Mishaps of files that are uploaded, replaced or deleted after the grading, and of runs side by side."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from aita.errors import AitaError
from aita.models.run import StageEvent
from tests.adversary.catalogue.scene import Course, Scene, Spot, Step, mishap
from tests.adversary.classes import NotApplicableError
from tests.adversary.pages import UNREADABLE


def _badly_scanned(scene: Scene) -> Spot:
    """Return an answer nothing of which is read in its scan."""
    spot = scene.pick(scene.earning())
    scene.touch_near(spot.sitter, spot.page)
    spot.sitter.change(spot.page, spot.unread())
    return spot


def _scan_again(scene: Scene, spot: Spot) -> None:
    """Upload a scan of the page on which the answer can be read."""
    scene.touch_all(spot.sitter)
    page = next((page for _, _, page in spot.sitter.pages() if spot.question_id in page.owners), None)
    if page is None:
        raise NotApplicableError
    unread = {misreading for misreading in spot.unread().misreadings if misreading.name == "dropped"}
    left = tuple(each for each in page.misreadings if each not in unread)
    spot.sitter.change(page, replace(page, misreadings=left, noise=page.noise + 1))
    scene.session.upload(spot.sitter)


@mishap(Step.UPLOADS)
def better_scan(scene: Scene) -> Course:
    """A better scan of a page is uploaded after the grading, then read, then graded."""
    spot = _badly_scanned(scene)
    yield
    _scan_again(scene, spot)
    yield from scene.runs("transcribe", "grade")


@mishap(Step.UPLOADS)
def worse_scan(scene: Scene) -> Course:
    """A worse scan, of which an answer is not read, takes the place of a page after the grading."""
    spot = scene.pick(scene.earning())
    scene.touch_all(spot.sitter)
    yield
    spot.sitter.change(spot.page, replace(spot.unread(), noise=spot.page.noise + 1))
    scene.session.upload(spot.sitter)
    yield from scene.runs("exam")


@mishap(Step.UPLOADS)
def missing_page_comes_later(scene: Scene) -> Course:
    """A page that was missing is uploaded after the grading, in a file of its own."""
    sitter, page = scene.pick_page(lambda sitter, page: len([*sitter.pages()]) > 1)
    scene.touch_all(sitter)
    sitter.change(page)
    yield
    sitter.files["zz page.jpg"] = (page,)
    scene.session.upload(sitter)
    yield from scene.runs("exam")


@mishap(Step.UPLOADS)
def file_deleted(scene: Scene) -> Course:
    """A file with a page of the exam is deleted after the grading, which the blank exam shows."""
    scene.exam_class.need_blank_exam()
    sitter, page = scene.pick_page(lambda sitter, page: len(sitter.files) > 1 and page.exam_page is not None)
    scene.touch_all(sitter)
    yield
    name, _ = sitter.find(page)
    del sitter.files[name]
    scene.session.upload(sitter)
    yield from scene.runs("exam")


@mishap(Step.UPLOADS)
def file_broken_later(scene: Scene) -> Course:
    """A file that can't be read takes the place of a good one after the grading."""
    sitter, page = scene.pick_page()
    scene.touch_all(sitter)
    yield
    name, _ = sitter.find(page)
    sitter.files[name] = UNREADABLE
    scene.session.upload(sitter)
    yield from scene.runs("exam")


@mishap(Step.UPLOADS)
def blank_exam_replaced(scene: Scene) -> Course:
    """A blank exam without the last page, which everybody handed in, is uploaded after the grading."""
    scene.require(so=scene.exam_class.has_blank_exam and len(scene.exam_class.blank_exam) > 1)
    scene.touch_all()
    yield
    last = scene.exam_class.blank_exam[-1].exam_page
    scene.require(so=all(last in {page.exam_page for _, _, page in each.pages()} for each in scene.exam_class.students))
    scene.exam_class.blank_exam = scene.exam_class.blank_exam[:-1]
    scene.session.upload_blank_exam()
    yield from scene.runs("exam")


@mishap(Step.UPLOADS)
def roster_corrected(scene: Scene) -> Course:
    """A student's number on the roster is corrected after the grading."""
    scene.require(so=scene.exam_class.has_roster)
    sitter = scene.sitter(lambda each: each.on_roster and each.number not in each.folder)
    yield
    sitter.number = str(int(sitter.number) + 3)
    sitter.email = f"s{sitter.number}@school.test"
    scene.session.upload_exam()
    yield


@mishap(Step.UPLOADS)
def left_the_roster(scene: Scene) -> Course:
    """A student is taken off the roster after the grading."""
    scene.require(so=scene.exam_class.has_roster)
    sitter = scene.sitter(lambda each: each.on_roster)
    yield
    sitter.on_roster = False
    scene.session.upload_exam()
    yield


@mishap(Step.RUNS)
def late_grading(scene: Scene) -> Course:
    """A grading that was planned before a better scan ends after the class was graded from that scan."""
    stages = scene.session.stages
    yield from _ends_late(scene, "grade", stages.collector.collect)


@mishap(Step.RUNS)
def late_transcription(scene: Scene) -> Course:
    """A transcription that was planned before a better scan ends after the class was graded from that scan."""
    stages = scene.session.stages
    yield from _ends_late(scene, "transcribe", lambda event: stages.drive(stages.runs.get(event.run_id)))


def _ends_late(scene: Scene, pipeline: str, end: Callable[[StageEvent], object]) -> Course:
    spot = _badly_scanned(scene)
    yield
    event = scene.session.begin(pipeline, enable_checkpointing=False)
    scene.session.work_off(event)
    _scan_again(scene, spot)
    scene.session.run("exam")
    yield
    with suppress(AitaError):
        end(event)
    scene.session.stages.executions.running.clear()
    scene.session.reports_are_new = False
    yield


@mishap(Step.RUNS)
def scan_during_the_run(scene: Scene) -> Course:
    """A better scan is uploaded while a run that has split the pages goes on."""
    spot = _badly_scanned(scene)
    scene.touch_all(spot.sitter)
    yield
    stages = scene.session.stages
    event = scene.session.begin("transcribe")
    scene.session.work_off(event)
    stages.collector.collect(event)
    _scan_again(scene, spot)
    stages.drive(stages.runs.get(event.run_id).model_copy(update={"stage": "transcribe"}))
    scene.session.run("grade")
    yield from scene.runs("exam")


@mishap(Step.RUNS)
def halted_after_splitting(scene: Scene) -> Course:
    """A run over a better scan stops once the pages are split, and the class is graded as it is."""
    spot = _badly_scanned(scene)
    yield
    _scan_again(scene, spot)
    stages = scene.session.stages
    event = scene.session.begin("transcribe")
    scene.session.work_off(event)
    stages.collector.collect(event)
    stages.submissions.cancel(event.run_id)
    stages.executions.running.clear()
    scene.session.run("grade")
    yield
