"""Splitting: the ink beside the pages, a blank exam that changes or can't be read, and the exam's own pages."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from aita.models.match import MatchAction, MatchRequest
from aita.models.run import RunStatus
from aita.models.scan import BANDS, PageInk
from aita.services.assignments.match_decisions import RosterMatches
from tests.support.fakes import ASSIGNMENT, FakeBlankExam, FakePage, Harness


@pytest.fixture
def harness() -> Harness:
    return Harness()


def student(harness: Harness, folder: str) -> str:
    """Return a student's id."""
    (found,) = [s for s in harness.artifact("students.json")["students"] if s["folder"] == folder]
    return str(found["student_id"])


def scans(harness: Harness, folder: str) -> dict[str, Any]:
    """Return what is known of a student's scans, but for the ids of what they were compared with."""
    found: dict[str, Any] = harness.artifact("scans.json")[student(harness, folder)]
    return {name: value for name, value in found.items() if name != "blank_exam"}


def written(pages: list[dict[str, Any] | None]) -> list[tuple[int | None, str] | None]:
    """Return of each page which of the exam's it is, and the ink on its first band."""
    return [(page["exam_page"], page["bands"][:2]) if page else None for page in pages]


class TestInk:
    def test_it_is_in_the_order_of_the_students_pages(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("scans/Ann/10.jpg", b"c34")
        harness.put("scans/Ann/9.pdf", b"a1|b")
        harness.put("scans/Bob/1.jpg", b"x")
        harness.run("transcribe")
        assert written(scans(harness, "Ann")["ink"]) == [(1, "01"), (2, "00"), (3, "02")]
        assert written(scans(harness, "Bob")["ink"]) == [(None, "")]
        assert [page["key"][-8:] for page in harness.artifact("pages.json")[student(harness, "Ann")]] == [
            "0001.jpg",
            "0002.jpg",
            "0001.jpg",
        ]

    def test_pages_hold_none_of_it(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a")
        harness.put("scans/Ann/1.jpg", b"a1")
        harness.run("transcribe")
        (page,) = harness.artifact("pages.json")[student(harness, "Ann")]
        assert sorted(page) == ["height", "key", "page", "sha256", "width"]
        (ink,) = scans(harness, "Ann")["ink"]
        assert PageInk.model_validate(ink) == PageInk(exam_page=1, likeness=1, bands="01" * BANDS)

    @pytest.mark.parametrize(("blank", "exam_page"), [(b"a", 1), (b"x", None), (None, None)])
    def test_of_a_page_that_is_not_drawn_as_a_whole_that_is_known(
        self, harness: Harness, blank: bytes | None, exam_page: int | None
    ) -> None:
        drawn = replace(harness.splitter.blank_exams, pages=lambda data: [FakePage(data, undrawn=data != blank)])
        harness.splitter.blank_exams = drawn
        if blank:
            harness.put("blank_exam.pdf", blank)
        harness.put("scans/Ann/1.jpg", b"a1")
        harness.run("transcribe")
        (ink,) = scans(harness, "Ann")["ink"]
        assert (ink["undrawn"], ink["exam_page"]) == (True, exam_page)

    def test_files_that_no_page_came_out_of_are_counted(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"BAD")
        harness.put("scans/Ann/2.jpg", b"a")
        harness.put("scans/Ann/3.jpg", b"BAD too")
        harness.put("scans/Bob/1.jpg", b"BAD")
        assert harness.run("transcribe").status is RunStatus.PARTIAL
        assert scans(harness, "Ann") == {"ink": [None], "masked": [0], "unreadable": 2}
        assert scans(harness, "Bob") == {"ink": [], "masked": [], "unreadable": 1}
        assert student(harness, "Bob") not in harness.artifact("pages.json")

    def test_pages_that_are_alike_are_told_apart_by_their_place_in_file_and_folder(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"r1|r2|r3|r4")
        for number in (1, 2, 3):
            harness.put(f"scans/Ann/{number}.jpg", b"r%d" % number)
        harness.put("scans/Bob/all.pdf", b"r|r|r|r")
        harness.run("transcribe")
        assert [page["exam_page"] for page in scans(harness, "Ann")["ink"]] == [1, 2, 3]
        assert [page["exam_page"] for page in scans(harness, "Bob")["ink"]] == [1, 2, 3, 4]


class TestBlankExam:
    @pytest.mark.parametrize("blank", [b"BAD", None])
    def test_one_that_is_not_there_or_not_readable_costs_no_page(
        self, harness: Harness, caplog: pytest.LogCaptureFixture, blank: bytes | None
    ) -> None:
        if blank:
            harness.put("blank_exam.pdf", blank)
        harness.put("scans/Ann/1.jpg", b"a")
        with caplog.at_level(logging.WARNING):
            run = harness.run("transcribe")
        assert run.status is RunStatus.SUCCEEDED
        assert scans(harness, "Ann") == {"ink": [None], "masked": [0], "unreadable": 0}
        said = "the blank exam can't be compared with: UnreadableScanError"
        assert [record.getMessage() for record in caplog.records] == ([said] if blank else [])

    def test_one_that_went_away_costs_no_page(self, harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
        harness.put("blank_exam.pdf", b"a")
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.begin("transcribe")
        events = harness.events(run)
        del harness.objects.data["midterm/blank_exam.pdf"]
        for event in events:
            assert harness.invoke(event, "arn:split").answer.outcome == "SUCCEEDED"
        assert "can't be compared with: MissingInputError" in caplog.text

    def test_it_is_prepared_once_by_a_warm_function(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        prepared = []

        class Counted(FakeBlankExam):
            def __init__(self, pages: Any) -> None:
                prepared.append(1)
                super().__init__(pages)

        harness.splitter.blank_exams = replace(harness.splitter.blank_exams, prepare=Counted)
        harness.put("blank_exam.pdf", b"a")
        for number in range(5):
            harness.put(f"scans/Ann/{number}.jpg", b"a")
        run = harness.begin("transcribe")
        for event in harness.events(run):
            harness.invoke(event, "arn:split")
        assert len(prepared) == 1

    def test_its_files_are_taken_in_natural_order_and_nothing_else(self, harness: Harness) -> None:
        harness.put("blank_exam.docx", b"x|x")
        harness.put("blank_exam.PNG", b"b")
        harness.put("blank_exam.jpg", b"a")
        harness.put("blank_exam_old.jpg", b"y")
        harness.put("scans/Ann/all.pdf", b"a|b|y")
        harness.run("transcribe")
        assert written(scans(harness, "Ann")["ink"]) == [(1, "00"), (2, "00"), (None, "")]

    def test_another_one_is_new_work(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a1")
        harness.put("scans/Bob/1.jpg", b"BAD")
        run = harness.run("transcribe")
        assert scans(harness, "Ann")["ink"] == [None]
        harness.put("blank_exam.pdf", b"a")
        harness.put("scans/Bob/1.jpg", b"a")
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert written(scans(harness, "Ann")["ink"]) == [(1, "01")]
        assert harness.model.calls == 2, "the page itself did not change, so that it is not transcribed again"

    def test_neither_names_nor_keys_are_in_what_the_state_machine_carries(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a")
        harness.put("scans/Ann Onymous/1.jpg", b"a")
        run = harness.begin("transcribe")
        plan = harness.plan(run)
        carried = plan.model_dump_json() + "".join(item.model_dump_json() for item in harness.manifest(plan))
        assert "Onymous" not in carried
        assert "blank_exam" not in carried


class TestExamPages:
    @pytest.fixture(autouse=True)
    def pipeline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("aita.services.runs.pipelines.PIPELINES", {"pages": ("split_exam",)})

    def test_the_blank_exams(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("scans/Ann/1.jpg", b"x")
        run = harness.run("pages")
        found = harness.artifact("exam_pages.json")
        assert found["blank"] is True
        assert [page["page"] for page in found["pages"]] == [1, 2]
        assert [harness.objects.data[page["key"]] for page in found["pages"]] == [b"a", b"b"]
        assert {page["key"].rpartition("/")[0] for page in found["pages"]} == {"midterm/pages/exam"}
        assert [row.refs["student_id"] for row in harness.rows(run)] == ["exam"]

    def test_without_one_those_of_the_student_with_most_files(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a long page")
        harness.put("scans/Bob/10.jpg", b"b10")
        harness.put("scans/Bob/9.jpg", b"b9")
        harness.put("scans/Cy/1.jpg", b"c")
        harness.put("scans/Cy/2.jpg", b"c")
        harness.run("pages")
        found = harness.artifact("exam_pages.json")
        assert found["blank"] is False
        assert [harness.objects.data[page["key"]] for page in found["pages"]] == [b"b9", b"b10"]
        assert "Bob" not in json.dumps(found)

    def test_none_if_the_instructor_gave_the_questions(self, harness: Harness) -> None:
        harness.exam()
        harness.put("blank_exam.pdf", b"a")
        harness.put("scans/Ann/1.jpg", b"x")
        run = harness.run("pages")
        assert (run.status, run.stages["split_exam"].total) == (RunStatus.SUCCEEDED, 0)
        assert harness.artifact("exam_pages.json")["pages"] == []

    def test_no_student_is_registered_for_it(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        harness.run("pages")
        assert "midterm/students.json" not in harness.objects.data


class TestHeads:
    """Of whom nobody knows whose the pages are, the heads are kept as they were before the mask."""

    @pytest.fixture
    def heads(self, harness: Harness) -> dict[str, list[bytes]]:
        """Split the scans of three students, and return the kept heads by folder."""
        harness.put("roster.csv", "Name,Student ID\nAnn Lee,1\nBob Fox,2\nCyd Poe,3\n")
        harness.put("scans/Ann Lee/1.jpg", b"a1|a2")
        harness.put("scans/scan 7/1.jpg", b"b1|b2|b3|b4|b5")
        harness.put("scans/scan 7/2.jpg", b"c1|c2|c3|c4")
        harness.put("scans/Cyd Po/1.jpg", b"c1")
        harness.splitter.mask, harness.splitter.mask_header = lambda *_: FakePage(b"masked"), 0.1
        harness.run("transcribe")
        kept = harness.artifact("heads.json")
        listed = {head["key"] for of_student in kept.values() for head in of_student}
        assert {key for key in harness.objects.data if "/heads/" in key} == listed
        return {
            each["folder"]: [harness.objects.data[head["key"]] for head in kept.get(each["student_id"], [])]
            for each in harness.artifact("students.json")["students"]
        }

    def test_they_are_unmasked_and_no_more_than_the_head(self, heads: dict[str, list[bytes]]) -> None:
        assert heads["Cyd Po"] == [b"rows 0 to 165 of c1"]

    def test_a_known_students_are_not_kept(self, heads: dict[str, list[bytes]]) -> None:
        assert heads["Ann Lee"] == []

    def test_those_of_the_first_pages_are_kept(self, harness: Harness, heads: dict[str, list[bytes]]) -> None:
        assert [head[-2:] for head in heads["scan 7"]] == [b"b1", b"b2", b"b3", b"b4", b"c1", b"c2", b"c3"]
        kept = harness.artifact("heads.json")[student(harness, "scan 7")]
        assert [head["page"] for head in kept] == [1, 2, 3, 4, 6, 7, 8]

    def test_no_other_file_of_a_run_has_them_nor_do_models_see_them(
        self, harness: Harness, heads: dict[str, list[bytes]]
    ) -> None:
        shown = [data for request in harness.model.images for data in request.values()]
        assert shown
        assert set(shown) == {b"masked"}

    def test_once_a_person_has_decided_no_more_are_kept(self, harness: Harness, heads: dict[str, list[bytes]]) -> None:
        matches = RosterMatches(harness.objects, harness.decisions, harness.clock)
        for folder in ("scan 7", "Cyd Po"):
            matches.decide(ASSIGNMENT, student(harness, folder), MatchRequest(action=MatchAction.NOBODY, by="Ada"))
        for key in [key for key in harness.objects.data if "/heads" in key]:
            del harness.objects.data[key]
        harness.run("transcribe")
        assert not [key for key in harness.objects.data if "/heads" in key]

    @pytest.mark.parametrize("roster", [None, "Name\nSomebody Else\n"])
    def test_without_a_roster_nobody_is_looked_for(self, harness: Harness, roster: str | None) -> None:
        if roster is not None:
            harness.put("roster.csv", roster)
        harness.put("scans/scan 7/1.jpg", b"b1")
        harness.run("transcribe")
        assert bool([key for key in harness.objects.data if "/heads/" in key]) == (roster is not None)
