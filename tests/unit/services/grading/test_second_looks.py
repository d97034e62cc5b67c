"""Second looks: which answers graders see on the page, by which strips, and that no head is on any."""

import hashlib
import json
import logging
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from aita.imaging.strips import strip
from aita.models.decision import DecisionAction
from aita.models.exam import Question
from aita.models.grade import Cell, CellState, cell_id, question_version
from aita.models.part_decision import PartAction
from aita.models.review import DecisionRequest
from aita.models.review_flags import FlagKind
from aita.models.run import Run, RunStatus
from aita.models.second_look import ReadingDoubt, See
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.review_queue import Reviews
from aita.services.reporting.report_builder import ReportSources
from aita.tasks.request import LLMRequest
from tests.support.drawn_pages import SIZE, WHITE, text
from tests.support.fakes import (
    ASSIGNMENT,
    QUESTIONS,
    RENDERER,
    Harness,
    grading,
    question_of,
    right,
)
from tests.support.grades import INK, NO_INK, cells, put_answers
from tests.support.html_page import HtmlPage, words
from tests.support.ledgers import ledger, on_part, part

NAME, PEN = (200, 20, 20), (20, 20, 200)
DOUBTFUL = "x = -4 m\nIndeed."
PLAIN = "It is 4, as we had it in class.\nIndeed."
"""Words enough, and nothing in them that is often misread."""


def head(**changes: Any) -> dict[str, Any]:
    return part("p-h", **{"owner": "page_head", "top": 0.03, "bottom": 0.08, "lines": [1]} | changes)


def own(question_id: str, **changes: Any) -> dict[str, Any]:
    return part(f"p-{question_id}", owner="answer", question_id=question_id, **{"top": 0.25, "bottom": 0.7} | changes)


def put(harness: Harness, *parts: dict[str, Any], students: tuple[str, ...] = ("s-1",), **changes: Any) -> None:
    """Give answers with these parts of the page, which are a head and the answers unless given."""
    ink = changes.pop("ink", INK)
    plain = {f"q{each['question_id']}": {"raw_text": PLAIN} for each in QUESTIONS}
    put_answers(harness, *students, ink=ink, **{each: text | changes.get(each, {}) for each, text in plain.items()})
    found = list(parts) or [head(), *(own(question["question_id"]) for question in QUESTIONS)]
    harness.put("ledger.json", ledger(**{student.replace("-", "_"): found for student in students}))


def shown(harness: Harness) -> dict[str, list[str]]:
    """Return the keys of the images of each question's last request."""
    return {
        question_of(request): [image.key for image in request.messages[1].images] for request in harness.model.requests
    }


def rows(key: str, harness: Harness) -> tuple[int, int]:
    """Return the rows of a strip that the fake cutter made."""
    words = harness.objects.data[key].split()
    return int(words[1]), int(words[3])


def look(harness: Harness, question_id: str = "1a", student: str = "s-1") -> Any:
    return cells(harness)[student, question_id].second_look


def reading(*lines: tuple[str, str]) -> Any:
    """Return a model that reads these lines otherwise wherever it sees strips."""

    def reply(request: LLMRequest) -> str:
        if request.schema_name != "StripGrading":
            return right(request)
        return grading(request, reading=[{"transcribed": was, "read": now} for was, now in lines])

    return reply


class TestModes:
    def test_never_is_what_it_was(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL, "confidence": 0.2})
        run = harness.run("grade", see="never")
        assert [len(images) for images in shown(harness).values()] == [0, 0, 1]
        assert shown(harness)["2"] == ["midterm/pages/s-1/1.jpg"], "a drawing is seen on its page"
        assert harness.items(run, "cut") == []
        assert "midterm/strips.json" not in harness.objects.data
        assert look(harness) is None

    @pytest.mark.parametrize(
        ("changes", "doubt"),
        [
            ({"confidence": 0.89}, ReadingDoubt.CONFIDENCE),
            ({"flags": [{"kind": "low_confidence", "note": "page 1 is faint"}]}, ReadingDoubt.CONFIDENCE),
            ({"raw_text": "It is [illegible] and so on, I think"}, ReadingDoubt.ILLEGIBLE),
            ({"raw_text": "It is ~~five~~ four, as we had it in class"}, ReadingDoubt.STRUCK_OUT),
            ({"raw_text": r"It is \frac{a}{b}, as we had it in class"}, ReadingDoubt.FORMULA),
            ({"raw_text": "F = ma, as we had it in class"}, ReadingDoubt.FORMULA),
            ({"raw_text": "the angle ω, as we had it in class"}, ReadingDoubt.FORMULA),
            ({"raw_text": "minus: -4, as we had it in class"}, ReadingDoubt.QUANTITY),
            ({"raw_text": "It is 4 kg, as we had it in class"}, ReadingDoubt.QUANTITY),
            ({"raw_text": "It is 4.5, as we had it in class"}, ReadingDoubt.QUANTITY),
            ({"raw_text": "It is 4 %, as we had it in class"}, ReadingDoubt.QUANTITY),
            ({"raw_text": "The period does not depend on the mass"}, ReadingDoubt.NEGATION),
            ({"raw_text": "It isn't the mass that counts here"}, ReadingDoubt.NEGATION),
            ({"raw_text": "Die Masse hat keinen Einfluss auf die Dauer"}, ReadingDoubt.NEGATION),
            ({"raw_text": "1789"}, ReadingDoubt.BRIEF),
            ({"raw_text": "helium\nneon\nargon"}, ReadingDoubt.BRIEF),
            ({"flags": [{"kind": "unexplained_ink", "note": "2 times"}]}, ReadingDoubt.INK),
            ({"raw_text": "It is this, as it was drawn: [drawing: a cell]"}, ReadingDoubt.DRAWING),
        ],
    )
    def test_a_doubtful_transcription_is_seen(
        self, harness: Harness, changes: dict[str, Any], doubt: ReadingDoubt
    ) -> None:
        put(harness, q1a=changes)
        harness.run("grade", see="doubtful")
        assert [len(images) for images in shown(harness).values()] == [1, 0, 1]
        assert look(harness).doubts == (doubt,)
        assert look(harness, "1b") is None

    @pytest.mark.parametrize("text", [PLAIN, "The notes are known and noted by all", "these six words are enough here"])
    def test_plain_words_are_not_seen(self, harness: Harness, text: str) -> None:
        put(harness, q1a={"raw_text": text})
        harness.run("grade", see="doubtful")
        assert look(harness) is None

    def test_every_drawing_is_seen_on_a_strip_in_place_of_its_page(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="doubtful")
        (key,) = shown(harness)["2"]
        assert key.startswith("midterm/strips/s-1/")
        assert look(harness, "2").doubts == (ReadingDoubt.DRAWING,)

    def test_a_corrected_drawing_is_seen_on_a_strip_as_its_page_has_a_head(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="doubtful")
        reviews = Reviews(harness.objects, harness.decisions, harness.clock)
        for question_id in ("1a", "2"):
            cell = cell_id("s-1", question_id)
            basis = reviews.show(ASSIGNMENT, cell).basis
            asked = DecisionRequest(action=DecisionAction.CORRECT, transcription="F = ma", by="Ada", basis=basis)
            reviews.decide(ASSIGNMENT, cell, asked)
        harness.model.requests.clear()
        harness.run("grade")
        assert shown(harness)["1a"] == [], "a person has read it"
        (key,) = shown(harness)["2"]
        assert key.startswith("midterm/strips/s-1/")

    def test_always_sees_what_is_certain_too(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        assert [len(images) for images in shown(harness).values()] == [1, 1, 1]
        assert look(harness).doubts == ()

    @pytest.mark.parametrize("changes", [{"raw_text": ""}, {"raw_text": "[illegible]"}])
    def test_what_no_grader_is_asked_about_is_not_cut(self, harness: Harness, changes: dict[str, Any]) -> None:
        put(harness, ink=NO_INK, q1a=changes)
        harness.run("grade", see="always")
        assert "1a" not in shown(harness)
        assert len(harness.artifact("strips.json")["s-1"]) == 1, "the other two answers have one place"

    def test_a_run_without_the_option_goes_on_as_before(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        assert harness.begin("grade").settings.see is See.ALWAYS

    def test_grades_of_before_were_not_seen(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        grades = harness.artifact("grades.json")
        for cell in grades["s-1"].values():
            del cell["see"], cell["second_look"]
        harness.put("grades.json", grades)
        assert harness.begin("grade").settings.see is See.NEVER

    def test_another_mode_opens_and_asks_nothing_by_itself(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.run("grade", see="never")
        before, calls = cells(harness), harness.model.calls
        run = harness.run("grade", see="always")
        assert (harness.items(run, "cut"), harness.items(run, "grade"), harness.model.calls) == ([], [], calls)
        assert [cell.points for cell in cells(harness).values()] == [cell.points for cell in before.values()]
        assert {cell.state for cell in cells(harness).values()} == {CellState.GRADED}

    def test_what_was_seen_otherwise_is_graded_again_if_asked(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.run("grade", see="never")
        run = harness.run("grade", see="doubtful", regrade_older=True)
        assert [item["refs"]["question_id"] for item in harness.items(run, "grade")] == ["1a", "2"]
        again = harness.run("grade", regrade_older=True)
        assert harness.items(again, "grade") == []

    def test_a_sample_of_a_changed_rubric_is_seen_as_the_grades_are(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        changed = {"total_points": 5, "criteria": [{"points": 5, "description": "other", "examples": []}]}
        harness.put("user_rubrics.json", {**harness.objects.json("midterm/user_rubrics.json"), "1a": changed})
        harness.model.requests.clear()
        run = harness.run("regrade-sample")
        assert run.status is RunStatus.SUCCEEDED
        assert [len(images) for images in shown(harness).values()] == [1]


class TestStrips:
    def test_a_strip_has_the_answers_place_and_a_margin(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        (key,) = shown(harness)["1a"]
        assert rows(key, harness) == (209, 891)  # of 1100 rows, from 0.2 to 0.8

    def test_strips_are_in_the_order_of_reading(self, harness: Harness) -> None:
        places = [{"page": 1, "top": 0.6, "bottom": 0.9}, {"page": 1, "top": 0.2, "bottom": 0.3}]
        put(harness, head(), q1a={"pages": places})
        harness.run("grade", see="always")
        assert [rows(key, harness)[0] for key in shown(harness)["1a"]] == [649, 209]

    def test_the_key_follows_from_the_page_and_the_place(self, harness: Harness) -> None:
        put(harness, students=("s-1", "s-2"))
        harness.run("grade", see="always")
        strips = harness.artifact("strips.json")
        (one,), (other,) = strips["s-1"], strips["s-2"]
        assert one["key"] != other["key"]
        assert one["sha256"] == hashlib.sha256(harness.objects.data[one["key"]]).hexdigest()

    def test_another_picture_of_the_page_is_cut_anew(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        (before,) = harness.artifact("strips.json")["s-1"]
        harness.put("pages/s-1/1.jpg", b"another scan")
        page = harness.objects.json("midterm/pages.json")["s-1"][0]
        harness.put("pages.json", {"s-1": [page | {"sha256": hashlib.sha256(b"another scan").hexdigest()}]})
        harness.run("grade", see="always")
        assert [key != before["key"] for key in shown(harness)["1a"]] == [True]
        assert harness.objects.data[shown(harness)["1a"][0]].endswith(b"another scan")

    def test_nothing_is_cut_twice(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        run = harness.run("grade", see="always", enable_checkpointing=False)
        assert harness.items(run, "cut") == []
        assert len(harness.artifact("strips.json")["s-1"]) == 1

    def test_another_place_is_another_strip(self, harness: Harness) -> None:
        put(harness)
        harness.run("grade", see="always")
        put(harness, q1a={"pages": [{"page": 1, "top": 0.22, "bottom": 0.8}]})
        harness.run("grade", see="always")
        assert rows(shown(harness)["1a"][0], harness) == (231, 891)

    def test_a_part_that_a_person_gave_is_seen(self, harness: Harness) -> None:
        given_part = part("p-1", "1a", top=0.85, bottom=0.9, lines=[1])
        put(harness, head(), given_part)
        harness.put("transcriptions.json", {"s-1": [{"page": 1, "lines": [{"text": "so 4"}], "confidence": 1}]})
        harness.decisions.add_on_part(ASSIGNMENT, decision_for("1a"))
        harness.run("grade", see="always")
        assert [rows(key, harness) for key in shown(harness)["1a"]] == [(209, 891), (924, 1001)]

    @pytest.mark.parametrize(
        ("parts", "ink", "top"),
        [
            ([head()], INK, 0.0),
            ([head(ink=0)], None, 0.0),
            ([head(), part("p-u", top=0.05, bottom=0.06, lines=[2], ink=0)], INK, 0.02),
        ],
        ids=["ink", "lines alone", "a line of nobody"],
    )
    def test_a_head_is_cut_off(self, harness: Harness, parts: list[Any], ink: Any, top: float) -> None:
        put(harness, *parts, ink=ink, q1a={"pages": [{"page": 1, "top": top, "bottom": 0.8}]})
        harness.run("grade", see="always")
        first, end = rows(shown(harness)["1a"][-1], harness)
        assert first >= 1100 * 0.09
        assert end == 891

    @pytest.mark.parametrize(
        ("parts", "changes"),
        [
            ([head(), own("1a", top=0.05)], {"top": 0.0}),
            ([head(), part("p-u", top=0.4, bottom=0.45), own("1a")], {}),
            ([own("1a", top=0.05)], {"top": 0.0}),
            ([head(), own("1a", bottom=0.95)], {}),
            ([head(ink=0, top=0.0, bottom=0.01), own("1a", top=0.1)], {"top": 0.1}),
        ],
        ids=["across a head", "around a part of nobody", "no head was found", "outside of its place", "unknown height"],
    )
    def test_what_can_not_be_parted_from_others_is_not_seen(
        self, harness: Harness, parts: list[Any], changes: dict[str, Any]
    ) -> None:
        put(harness, *parts, q1a={"pages": [{"page": 1, "top": 0.2, "bottom": 0.8} | changes]})
        harness.run("grade", see="always")
        assert shown(harness)["1a"] == []
        assert look(harness).strips == ()
        assert "page 1" in look(harness).missing

    def test_what_was_transcribed_before_ledgers_is_not_seen(self, harness: Harness) -> None:
        put_answers(harness, "s-1")
        harness.run("grade", see="always")
        assert [len(images) for images in shown(harness).values()] == [0, 0, 1]
        assert "transcribe" in look(harness).missing

    def test_an_answer_is_graded_unseen_if_its_strip_was_not_cut(self, harness: Harness) -> None:
        put(harness, students=("s-1", "s-2"))
        harness.put("pages/s-1/1.jpg", "another picture")
        run = harness.run("grade", see="always")
        assert (run.status, run.stages["cut"].failed) == (RunStatus.PARTIAL, 1)
        assert (look(harness).strips, look(harness).missing) == ((), "its strips were not cut")
        assert cells(harness)["s-1", "1a"].state is CellState.GRADED
        assert look(harness, student="s-2").strips

    def test_items_say_who_by_ids_alone(self, harness: Harness) -> None:
        put(harness, students=("s-1", "s-2"))
        run = harness.run("grade", see="always")
        assert [item["refs"] for item in harness.items(run, "cut")] == [{"student_id": "s-1"}, {"student_id": "s-2"}]


def decision_for(question_id: str) -> Any:
    question = next(Question.model_validate(each) for each in QUESTIONS if each["question_id"] == question_id)
    return on_part(action=PartAction.BELONGS, question_id=question_id, question=question_version(question))


@pytest.mark.slow
class TestPixels:
    @given(
        head_top=st.integers(0, 10),
        height=st.integers(2, 6),
        answer_top=st.one_of(st.just(0), st.integers(8, 30)),
        bottom=st.integers(40, 99),
        is_measured=st.booleans(),
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_head_is_on_a_strip(
        self, head_top: int, height: int, answer_top: int, bottom: int, is_measured: bool
    ) -> None:
        """The head is drawn in a colour of its own; a line's height is known by its top, ink by its bands."""
        harness = Harness()
        harness.cutter.strip = strip
        first, end = head_top, head_top + (height if is_measured else 3)
        page = WHITE.copy()
        page.paste(NAME, (0, first * SIZE[1] // 100, SIZE[0], end * SIZE[1] // 100))
        page.paste(PEN, (100, SIZE[1] * 35 // 100, 800, SIZE[1] * 37 // 100))
        extent = {"bottom": end / 100, "ink": 90} if is_measured else {"bottom": (first + 1) / 100, "ink": 0}
        found = part("p-h", owner="page_head", top=first / 100, lines=[1], **extent)
        put(harness, found, own("1a", top=0.35, bottom=0.37))
        put_page(harness, page)
        change_places(harness, {"page": 1, "top": answer_top / 100, "bottom": bottom / 100})
        harness.run("grade", see="always")
        images = [image for each in harness.model.images for key, image in each.items()]
        assert images or look(harness).missing
        for image in images:
            colours = Image.open(BytesIO(image)).convert("RGB").getcolors(SIZE[0] * SIZE[1])
            assert colours
            assert not any(is_name(colour) for _, colour in colours)
        if first > 0:
            assert any(is_pen(image) for image in images), "the answer is there"

    def test_the_answer_is_on_its_strip(self, harness: Harness) -> None:
        harness.cutter.strip = strip
        page = WHITE.copy()
        text(page, 130, 60, "Ada Lovelace", 34, NAME)
        text(page, 130, 500, "x = -4 m", 34, PEN)
        put(harness, head(), own("1a", top=0.35, bottom=0.4))
        put_page(harness, page)
        harness.run("grade", see="always")
        (image,) = {key: data for each in harness.model.images for key, data in each.items()}.values()
        assert is_pen(image)
        size = Image.open(BytesIO(image)).size
        assert size == (SIZE[0], 876)


def put_page(harness: Harness, page: Image.Image) -> None:
    out = BytesIO()
    page.save(out, "JPEG", quality=85)
    jpeg = out.getvalue()
    harness.put("pages/s-1/1.jpg", jpeg)
    values = {"page": 1, "key": "midterm/pages/s-1/1.jpg", "width": SIZE[0], "height": SIZE[1]}
    harness.put("pages.json", {"s-1": [values | {"sha256": hashlib.sha256(jpeg).hexdigest()}]})


def change_places(harness: Harness, place: dict[str, Any]) -> None:
    answers = harness.objects.json("midterm/answers.json")
    for each in answers["s-1"]["question_answers"]:
        each["pages"] = [place]
    harness.put("answers.json", answers)


def is_name(colour: Any) -> bool:
    red, green, blue = colour
    return bool(red > green + 60 and red > blue + 60)


def is_pen(jpeg: bytes) -> bool:
    colours = Image.open(BytesIO(jpeg)).convert("RGB").getcolors(SIZE[0] * SIZE[1]) or []
    return any(blue > red + 60 and blue > green + 60 for _, (red, green, blue) in colours)  # type: ignore[misc]  # RGB


class TestReadings:
    def test_another_reading_goes_to_a_person_with_both(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.model.otherwise = reading(("x = -4 m", "x = -9 m"))
        harness.run("grade", see="doubtful")
        cell = cells(harness)["s-1", "1a"]
        assert cell.state is CellState.NEEDS_REVIEW
        assert [flag.kind for flag in cell.flags] == [FlagKind.READING_DIFFERS]
        assert [(line.transcribed, line.read) for line in look(harness).reading] == [("x = -4 m", "x = -9 m")]

    @pytest.mark.parametrize(
        ("action", "is_shown"), [(None, False), (DecisionAction.ACCEPT, True), (DecisionAction.SET, False)]
    )
    def test_a_student_sees_a_reading_that_a_person_accepted_and_no_other(
        self, harness: Harness, action: DecisionAction | None, is_shown: bool
    ) -> None:
        """Its quotes are in no transcription."""
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.put("students.json", {"students": [{"student_id": "s-1", "folder": "4001"}]})
        harness.model.otherwise = reading(("x = -4 m", "x = -9 m"))
        harness.run("grade", see="doubtful")
        cell = cell_id("s-1", "1a")
        reviews = Reviews(harness.objects, harness.decisions, harness.clock)
        basis = reviews.show(ASSIGNMENT, cell).basis
        if action is not None:
            points = 1 if action is DecisionAction.SET else None
            asked = DecisionRequest(action=action, points=points, why="so it is", by="Ada", basis=basis)
            reviews.decide(ASSIGNMENT, cell, asked)
        material = AssignmentFiles(harness.objects, ASSIGNMENT, harness.decisions)
        sources = ReportSources.read(material, harness.decisions.all, ())
        report = sources.student_report("s-1", {}, harness.clock())
        assert report is not None
        told = words(HtmlPage.of(RENDERER.student(report)).text)
        assert ("x = -4 m on the page: x = -9 m" in told) == is_shown
        assert ("x = -9 m" in told) == is_shown

    def test_who_accepted_the_points_has_not_accepted_a_reading_that_came_later(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.run("grade", see="never")
        cell = cell_id("s-1", "1a")
        reviews = Reviews(harness.objects, harness.decisions, harness.clock)
        asked = DecisionRequest(action=DecisionAction.ACCEPT, by="Ada", basis=reviews.show(ASSIGNMENT, cell).basis)
        reviews.decide(ASSIGNMENT, cell, asked)
        harness.model.otherwise = reading(("x = -4 m", "x = -9 m"))
        harness.run("grade", see="doubtful", regrade_older=True)
        shown_now = reviews.show(ASSIGNMENT, cell)
        assert (shown_now.state, shown_now.counts) == (CellState.NEEDS_REVIEW, "")
        kinds = {flag.kind for flag in shown_now.flags}
        assert kinds == {FlagKind.READING_DIFFERS, FlagKind.CHANGED}

    def test_graders_who_read_apart_go_to_a_person(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL})
        said = reading(("x = -4 m", "x = -9 m"))
        harness.model.otherwise = lambda request: said(request) if request.sample == 1 else right(request)
        harness.run("grade", see="doubtful", graders=3)
        cell = cells(harness)["s-1", "1a"]
        assert "the graders read it differently" in {flag.note for flag in cell.flags}
        assert [line.read for line in look(harness).reading] == ["x = -9 m"]

    def test_equal_answers_share_a_reply_only_unseen(self, harness: Harness) -> None:
        put(harness, students=("s-1", "s-2"), q1a={"raw_text": DOUBTFUL})
        harness.run("grade", see="doubtful")
        assert [question_of(request) for request in harness.model.requests].count("1a") == 2
        assert [question_of(request) for request in harness.model.requests].count("1b") == 1

    def test_a_change_of_points_keeps_the_reading(self, harness: Harness) -> None:
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.model.otherwise = reading(("x = -4 m", "x = -9 m"))
        harness.run("grade", see="doubtful")
        rubrics = harness.objects.json("midterm/user_rubrics.json")
        for criterion, points in zip(rubrics["1a"]["criteria"], (1, 4), strict=True):
            criterion["points"] = points
        harness.put("user_rubrics.json", rubrics)
        calls = harness.model.calls
        harness.run("grade")
        assert harness.model.calls == calls
        assert look(harness).reading
        assert cells(harness)["s-1", "1a"].state is CellState.NEEDS_REVIEW

    def test_what_was_read_is_in_no_log_state_or_error(
        self, harness: Harness, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = "x = -9 marmalade"
        put(harness, q1a={"raw_text": DOUBTFUL})
        harness.model.otherwise = reading(("x = -4 m", secret), ("not there", secret))
        with caplog.at_level(logging.DEBUG):
            run = harness.run("grade", see="doubtful")
        assert "marmalade" in json.dumps(harness.artifact("grades.json"))
        state = json.dumps([harness.items(run, stage) for stage in ("cut", "grade")])
        rows = " ".join(row.model_dump_json() for row in harness.rows(run))
        run_row = harness.runs.get(run.run_id).model_dump_json()
        for place in (caplog.text, state, rows, run_row):
            assert "marmalade" not in place
            assert answer_line() not in place


def answer_line() -> str:
    return DOUBTFUL.splitlines()[0]


def test_cells_of_before_are_read() -> None:
    cell = Cell.model_validate(
        {"cell_id": "c", "student_id": "s", "question_id": "1", "state": "BLANK", "points": 0, "max_points": 1}
    )
    assert (cell.see, cell.second_look) == (None, None)


def test_runs_of_before_show_no_strips(harness: Harness) -> None:
    put(harness)
    run = harness.begin("grade")
    stored = run.model_dump(mode="json")
    del stored["settings"]["see"]
    assert Run.model_validate(stored).settings.see is See.NEVER
