"""Reports: what each shows and to whom, that all text is text, and when they are made."""

import base64
import hashlib
import json
import re
import statistics
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aita.errors import MissingMaterialError
from aita.models.class_report import QuestionFigures
from aita.models.decision import Decision, DecisionAction
from aita.models.grade import Cell, CellState, question_version
from aita.models.part_decision import PartAction
from aita.models.review_flags import Flag, FlagKind
from aita.models.run import Run, RunSettings, RunStatus, StageCounts, Usage
from aita.models.second_look import ReadLine, SecondLook
from aita.models.student import Students
from aita.reports.charts import means
from aita.reports.text import points
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.corrected_answers import reading_version
from aita.services.reporting.class_statistics import MISSED_SHOWN
from tests.support.fakes import ASSIGNMENT, MODEL, Harness
from tests.support.html_page import Element, HtmlPage, words
from tests.support.ledgers import on_part, part
from tests.support.report_exam import (
    EXAM,
    IDS,
    PIXEL,
    RUBRICS,
    Grades,
    failed,
    graded,
    needs_review,
    put_grades,
    transcribed,
    version,
    with_cell,
)

pytestmark = pytest.mark.slow

MAYA, INES, PRIYA, LEOPOLD = "Maya Lindqvist", "ines munoz tarres", "Priya Castellane", "Leopold Quist"
NASTY = '<script>alert("1")</script>\'"><img src=x onerror=alert(2)>'
TO = NO_NUMBER = "\N{EN DASH}"
SHORT_NASTY = '"><script>alert(1)</script>'  # a question's id has 40 characters at most


def page(harness: Harness, name: str) -> HtmlPage:
    return HtmlPage.of(harness.objects.data[f"{ASSIGNMENT}/reports/{name}"])


def rows_of(found: HtmlPage) -> list[str]:
    return [words(row.text) for row in found.all("tr")]


def student_page(harness: Harness, folder: str) -> HtmlPage:
    return page(harness, f"students/{IDS[folder]}.html")


def transcription_page(harness: Harness, folder: str) -> HtmlPage:
    return page(harness, f"transcriptions/{IDS[folder]}.html")


def class_page(harness: Harness) -> HtmlPage:
    return page(harness, "class.html")


def section(found: HtmlPage, question_id: str) -> Element:
    """Return a question's part of a student's report."""
    number = [question.question_id for question in EXAM.questions].index(question_id) + 1
    return found.one("section", id=f"question-{number}")


def decide(harness: Harness, cell: Cell, points: float | None, **changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "decision_id": f"{len(harness.decisions.data.get(ASSIGNMENT, {})):04d}",
        "cell_id": cell.cell_id,
        "student_id": cell.student_id,
        "question_id": cell.question_id,
        "action": DecisionAction.SET,
        "points": points,
        "why": "The units were given in the margin.",
        "by": "Dr. A. Oyelaran",
        "caller": "arn:aws:sts::123456789012:assumed-role/teach/ao",
        "at": datetime(2026, 3, 4, 10, tzinfo=UTC),
        "basis": cell.basis,
        "old_state": cell.state,
        "old_points": cell.points,
    }
    decision = Decision(**fields | changes)
    harness.decisions.add(ASSIGNMENT, decision)
    return decision


def test_what_the_simulated_model_graded_says_so_and_else_the_model_is_named(harness: Harness) -> None:
    grades = graded(harness)
    with_cell(grades, MAYA, "2", model="simulated")
    with_cell(grades, INES, "2", model="gpt-4.1")
    put_grades(harness, grades)
    harness.run("report")
    told = "No model was asked"
    assert told in student_page(harness, MAYA).text
    assert told in class_page(harness).text
    assert told not in student_page(harness, INES).text
    assert "a language model (gpt-4.1)" in student_page(harness, INES).text
    assert f"a language model ({MODEL})" in transcription_page(harness, MAYA).text


def whole(share: float) -> int:
    """Return a share in percent, rounded half up."""
    return int(share * 100 + 0.5 + 1e-9)


def share_of(grades: Grades, question_id: str, *left_out: str) -> float:
    """Return the mean share of a question's points, without some students."""
    points = [grades[IDS[folder]][question_id].points or 0 for folder in IDS if folder not in left_out]
    return sum(points) / (len(points) * next(iter(grades.values()))[question_id].max_points)


class TestStudentReport:
    def test_a_final_total_is_out_of_the_whole_exam_and_has_its_letter(self, harness: Harness) -> None:
        graded(harness)
        assert harness.run("report").status is RunStatus.SUCCEEDED
        found = student_page(harness, MAYA)
        assert words(found.one("div", class_="total").text) == "30 / 30 FinalA"
        assert "not final" not in found.text
        foot = found.one("tfoot").text
        assert words(foot) == "| Total | 30 | 30"

    def test_an_open_cell_makes_the_total_so_far_and_keeps_the_denominator(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, MAYA, "2", FlagKind.GRADERS_DISAGREE, "5 and 8 points")
        failed(grades, MAYA, "4", "TooLongError: the reply is longer than the model gives")
        put_grades(harness, grades)
        harness.run("report")
        found = student_page(harness, MAYA)
        assert words(found.one("div", class_="total").text) == "16 / 30 So far"
        assert "Still open: question 2, question 4." in found.text
        assert not found.all("strong", class_="letter")

    @pytest.mark.parametrize("state", ["review", "failed"])
    def test_an_open_cell_shows_a_dash_and_neither_zero_nor_proposal(self, harness: Harness, state: str) -> None:
        grades = graded(harness)
        if state == "review":
            needs_review(grades, MAYA, "2", FlagKind.GRADERS_DISAGREE, "5 and 8 points")
        else:
            failed(grades, MAYA, "2", "TooLongError: the reply is longer than the model gives")
        put_grades(harness, grades)
        harness.run("report")
        shown = words(section(student_page(harness, MAYA), "2").text)
        assert f"{NO_NUMBER} / 8" in shown
        assert "0 / 8" not in shown
        assert "How the points were given" not in shown
        assert "well laid out" not in shown, "the feedback goes with the proposal"
        assert {"review": "A person will look", "failed": "Not graded yet"}[state] in shown
        assert "What was read" in shown

    def test_a_student_sees_none_of_the_graders_doubts(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, MAYA, "2", FlagKind.INSTRUCTION, "line 3")
        failed(grades, MAYA, "4", "TooLongError: the reply is longer than the model gives")
        put_grades(harness, grades)
        harness.run("report")
        shown = student_page(harness, MAYA).text
        assert "speak to whoever" not in shown
        assert "line 3" not in shown
        assert "TooLongError" not in shown
        assert "95%" not in shown, "the confidence"

    def test_a_graded_answer_shows_criteria_points_quotes_and_feedback(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        shown = words(section(student_page(harness, INES), "1b").text)
        assert "2.5 / 4" in shown
        assert "Says that the net (total, resultant) force determines the acceleration" in shown
        assert "Force = mass times acceleration" in shown
        assert "0 / 1.5" in shown
        assert "1.5 / 1.5" in shown
        assert "Say which force it is" in shown

    def test_criteria_are_those_that_were_graded_against(self, harness: Harness) -> None:
        graded(harness)
        rubrics = harness.artifact("rubrics.json")
        rubrics["1b"]["criteria"][0]["description"] = "Something else"
        harness.put("rubrics.json", rubrics)
        harness.run("report")
        shown = words(section(student_page(harness, INES), "1b").text)
        assert "Says that the net" in shown
        assert "Something else" not in shown

    def test_criteria_that_are_not_known_are_numbered(self, harness: Harness) -> None:
        graded(harness)
        del harness.objects.data[f"{ASSIGNMENT}/rubric_versions/{version('1b')}.json"]
        harness.run("report")
        shown = words(section(student_page(harness, INES), "1b").text)
        assert "Criterion 1" in shown
        assert "2.5 / 4" in shown

    def test_a_criterion_is_shown_with_what_it_could_earn(self, harness: Harness) -> None:
        """Rubrics may be off by a hundredth, which grading gives to the largest criterion."""
        grades = graded(harness)
        off = RUBRICS["1a"].model_copy(
            update={"criteria": (RUBRICS["1a"].criteria[0].model_copy(update={"points": 1.99}),)}
        )
        harness.put("rubric_versions/off.json", off.model_dump())
        with_cell(grades, MAYA, "1a", rubric="off")
        put_grades(harness, grades)
        harness.run("report")
        shown = words(section(student_page(harness, MAYA), "1a").text)
        assert "2 / 2 Feedback" in shown

    def test_a_blank_answer_says_so(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        shown = words(section(student_page(harness, INES), "3").text)
        assert "No answer 0 / 5" in shown
        assert "Nothing was written here: 0 points." in shown

    def test_an_override_shows_when_why_and_what_counted_before(self, harness: Harness) -> None:
        cell = graded(harness)[IDS[PRIYA]]["5"]
        decide(harness, cell, 5)
        decide(
            harness,
            cell,
            3.5,
            at=datetime(2026, 3, 5, 10, tzinfo=UTC),
            old_state=CellState.OVERRIDDEN,
            old_points=5.0,
        )
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert "Decided by a person 3.5 / 5" in shown
        assert "3.5 of 5 points, decided by a person on 5 March 2026. Before: 5 of 5." in shown
        assert "The units were given in the margin." in shown
        assert "arn:" not in shown
        assert "Oyelaran" not in shown
        assert "How the points were given" not in shown, "the criteria do not explain these points"

    def test_an_accepted_proposal_is_explained_and_says_that_a_person_looked(self, harness: Harness) -> None:
        grades = graded(harness)
        cell = needs_review(grades, PRIYA, "5", FlagKind.LOW_CONFIDENCE)
        put_grades(harness, grades)
        decide(harness, cell, cell.points or 0, action=DecisionAction.ACCEPT, why="")
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert f"Graded {cell.points:g} / 5" in shown
        assert "Looked at and confirmed by a person on 4 March 2026." in shown
        assert "Oyelaran" not in shown
        assert "How the points were given" in shown

    @pytest.mark.parametrize("state", ["review", "failed"])
    def test_an_override_of_what_never_counted_tells_of_nothing_before(self, harness: Harness, state: str) -> None:
        grades = graded(harness)
        if state == "review":
            cell = needs_review(grades, PRIYA, "5", FlagKind.LOW_CONFIDENCE)
        else:
            cell = failed(grades, PRIYA, "5", "TooLongError: the reply is longer than the model gives")
        put_grades(harness, grades)
        decide(harness, cell, 4)
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert "4 of 5 points, decided by a person on 4 March 2026." in shown
        assert "Before" not in shown

    def test_points_that_were_set_to_those_of_the_criteria_are_not_explained_by_them(self, harness: Harness) -> None:
        """The person gave a reason of their own: nobody accepted the criteria, the quotes and the feedback."""
        cell = graded(harness)[IDS[PRIYA]]["5"]
        decide(harness, cell, cell.points or 0)
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert "The units were given in the margin." in shown
        assert "How the points were given" not in shown
        assert "Feedback" not in shown
        assert not any(each.quote and each.quote in shown.partition("decided by")[2] for each in cell.criteria)

    def test_what_was_accepted_without_a_quote_says_so(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, PRIYA, "5", FlagKind.QUOTE_NOT_FOUND, "criterion 1")
        first, *others = grades[IDS[PRIYA]]["5"].criteria
        invented = first.model_copy(update={"quote": "words of nobody", "quote_found": False})
        cell = with_cell(grades, PRIYA, "5", criteria=(invented, *others))
        put_grades(harness, grades)
        decide(harness, cell, cell.points or 0, action=DecisionAction.ACCEPT, why="")
        harness.run("report")
        found = section(student_page(harness, PRIYA), "5")
        assert "words of nobody" not in student_page(harness, PRIYA).text
        assert words(found.text).count("Accepted by a person, without a quote from the answer.") == 1
        assert all(each.quote in found.text for each in others), "the others keep theirs"

    def test_the_decision_that_counts_is_told_and_not_one_about_another_proposal(self, harness: Harness) -> None:
        """Accepting 3.5 was about a proposal that is gone: the points were set, and nothing was accepted."""
        cell = graded(harness)[IDS[PRIYA]]["5"]
        decide(harness, cell, 3.5, at=datetime(2026, 3, 4, 10, tzinfo=UTC))
        decide(harness, cell, 3.5, action=DecisionAction.ACCEPT, why="", at=datetime(2026, 3, 5, 10, tzinfo=UTC))
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert "3.5 of 5 points, decided by a person on 4 March 2026." in shown
        assert "How the points were given" not in shown

    def test_the_last_decision_about_this_grading_is_the_one_that_is_told(self, harness: Harness) -> None:
        cell = graded(harness)[IDS[PRIYA]]["5"]
        for day, (why, basis) in enumerate((("First", cell.basis), ("Then", cell.basis), ("Last", "another")), 4):
            decide(harness, cell, 3.5, why=why, basis=basis, at=datetime(2026, 3, day, 10, tzinfo=UTC))
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert "decided by a person on 5 March 2026." in shown
        assert "Then" in shown
        assert "First" not in shown
        assert "Last" not in shown

    def test_a_decision_about_another_grading_closes_nothing(self, harness: Harness) -> None:
        cell = graded(harness)[IDS[PRIYA]]["5"]
        decide(harness, cell, 5, basis="another")
        harness.run("report")
        shown = words(section(student_page(harness, PRIYA), "5").text)
        assert "A person will look" in shown
        assert "decided by" not in shown

    def test_each_page_is_in_the_file_once_and_shown_by_its_parts(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        found = student_page(harness, MAYA)
        uri = f"data:image/jpeg;base64,{base64.b64encode(PIXEL).decode()}"
        assert [each.attributes["href"] for each in found.all("image")] == [uri] * 3
        assert len(found.all("use")) == len(EXAM.questions)
        assert {each.attributes["href"] for each in found.all("use")} == {"#page-1", "#page-2", "#page-3"}
        first = found.all("svg", role="img")[0]
        assert first.attributes["viewbox"].split()[:3] == ["0", str(int((0.128 - 0.012) * 1100)), "850"]

    def test_an_image_that_is_gone_is_said_to_be(self, harness: Harness) -> None:
        graded(harness)
        del harness.objects.data[f"{ASSIGNMENT}/pages/{IDS[MAYA]}/0001.jpg"]
        assert harness.run("report").status is RunStatus.SUCCEEDED
        assert "The image of page 1 is not there any more." in student_page(harness, MAYA).text
        assert "not there any more" in transcription_page(harness, MAYA).text

    def test_an_answer_without_a_place_says_so(self, harness: Harness) -> None:
        graded(harness)
        answers = harness.artifact("answers.json")
        answers[IDS[MAYA]]["question_answers"][0] |= {"pages": [], "raw_text": ""}
        harness.put("answers.json", answers)
        harness.run("report")
        assert "The place of this answer on the pages is not known yet." in student_page(harness, MAYA).text
        assert "Question 1a" in transcription_page(harness, MAYA).text

    def test_what_was_struck_out_or_illegible_is_shown_as_such(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        assert [each.text for each in student_page(harness, INES).all("del")] == [
            "A",
            "20 \N{MULTIPLICATION SIGN} 5 = 100",
        ]
        assert {each.text for each in student_page(harness, PRIYA).all("mark")} == {"[illegible]"}


class TestClassReport:
    def test_the_charts_have_axes_labels_and_a_description(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, LEOPOLD, "3", FlagKind.PRESENCE_DISAGREES)
        put_grades(harness, grades)
        harness.run("report")
        found = class_page(harness)
        totals, _, means, _ = found.all("svg", class_="chart")
        for chart in (totals, means):
            assert chart.attributes["role"] == "img"
            ids = chart.attributes["aria-labelledby"].split()
            assert [bool(found.one(tag, id=each).text) for tag, each in zip(("title", "desc"), ids, strict=True)]
        assert "Total, in % of 30 points" in totals.text
        assert "Students" in totals.text
        assert f"90{TO}100%: 1" in totals.text
        assert "1 of 5 students has open answers and is not in this chart." in found.text
        assert f"{whole(share_of(grades, '3', LEOPOLD))}%, 1 open" in means.text
        assert "in % of the question's points" in means.text
        for question in EXAM.questions:
            assert question.question_id in means.text
        assert "window.pygal" not in harness.objects.data[f"{ASSIGNMENT}/reports/class.html"].decode()

    @pytest.mark.parametrize("narrow", [False, True])
    def test_no_line_of_a_chart_goes_through_a_figure(self, narrow: bool) -> None:
        shares = (0.02, 0.65, 0.99, 1.0)
        drawn = ElementTree.fromstring(
            means([QuestionFigures(EXAM.questions[0], 1, 0, 12, each) for each in shares], narrow=narrow)
        )
        svg = "{http://www.w3.org/2000/svg}"
        texts = [(each.get("class"), each.text or "", float(each.attrib["x"])) for each in drawn.iter(f"{svg}text")]
        last_line = next(x for _, text, x in texts if text == "100")
        places = [x for kind, _, x in texts if kind == "value"]
        assert len(places) == len(shares)
        assert all(x > last_line for x in places)

    def test_charts_are_drawn_with_the_longest_ids(self) -> None:
        """On a telephone they left no room for the titles, and the drawing did not end."""
        long = "a question with an id of forty letters ."
        figures = QuestionFigures(EXAM.questions[0].model_copy(update={"question_id": long}), 1, 0, 12, 0.725)
        for narrow in (False, True):
            drawn = means([figures], narrow=narrow)
            assert "a question wi\N{HORIZONTAL ELLIPSIS}" in drawn
            assert "73%, 12 open" in drawn

    def test_a_total_with_open_answers_is_in_no_bin_and_no_figure(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, LEOPOLD, "3", FlagKind.PRESENCE_DISAGREES)
        put_grades(harness, grades)
        harness.run("report")
        found = class_page(harness)
        rows = rows_of(found)
        assert f"| 90{TO}100 | 1" in rows
        assert f"| 0{TO}9 | 0" in rows, "Leopold has 2.5 of 30 so far"
        assert any(row.startswith(f"| {LEOPOLD} | 2.5 so far | {NO_NUMBER} | 1 of 6 answers open |") for row in rows)
        assert "1 of 30 answers is open, and in none of these figures." in words(found.text)
        assert "Final totals4 of 5" in words(found.one("dl").text)

    def test_a_total_above_all_points_is_in_a_bin_of_its_own(self, harness: Harness) -> None:
        graded(harness)
        exam = EXAM.model_dump(mode="json")
        exam["questions"][-1]["bonus"] = True
        harness.put("questions.json", exam)
        harness.run("report")
        found = class_page(harness)
        assert "| >100 | 1" in rows_of(found)
        assert f"Bonus: {EXAM.questions[-1].question_id}." in found.text
        out_of = 30 - EXAM.questions[-1].points
        assert f"Out of{out_of:g} points" in words(found.one("dl").text)
        mine = student_page(harness, MAYA)
        bonus = f"{EXAM.questions[-1].points:g} of them bonus"
        assert words(mine.one("div", class_="total").text) == f"30 / {out_of:g} {bonus} FinalA"

    def test_each_answer_counts_once_and_a_blank_one_as_0_points_in_the_mean(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, LEOPOLD, "3", FlagKind.PRESENCE_DISAGREES)
        put_grades(harness, grades)
        harness.run("report")
        share = share_of(grades, "3", LEOPOLD)
        assert f"| 3 | 5 | {whole(share)}% | 3 | 1 | 1" in rows_of(class_page(harness))

    def test_a_question_that_was_left_out_for_others_lowers_no_mean(self, harness: Harness) -> None:
        grades = graded(harness)
        exam = EXAM.model_dump(mode="json")
        for question in exam["questions"]:
            question["points"] = 5 if question["question_id"] == "5" else question["points"]
        exam["choices"] = [{"choose": 1, "of": ["3", "5"]}]
        harness.put("questions.json", exam)
        harness.run("report")
        answered = [each["3"].points or 0 for each in grades.values() if each["3"].criteria]
        assert 0 < len(answered) < len(IDS)
        share = sum(answered) / (5 * len(answered))
        assert f"| 3 of a choice | 5 | {whole(share)}% | {len(answered)} | {len(IDS) - len(answered)} | 0" in rows_of(
            class_page(harness)
        )

    def test_the_ways_of_grading_are_told_and_the_rarer_ones_by_answer(self, harness: Harness) -> None:
        grades = graded(harness)
        for folder in IDS:
            for question in EXAM.questions:
                with_cell(grades, folder, question.question_id, model="gpt-a", aita="0.3.0")
        with_cell(grades, MAYA, "2", model="gpt-b", reasoning_effort="high", aita="0.2.0")
        put_grades(harness, grades)
        harness.run("report")
        found = class_page(harness)
        (table,) = (each for each in found.all("table") if "reasoning effort and version" in each.text)
        many = sum(bool(cell.criteria) for cells in grades.values() for cell in cells.values()) - 1
        told = words(table.text)
        assert f"gpt-a, reasoning effort none, aita 0.3.0 | {many}" in told
        assert f"gpt-b, reasoning effort high, aita 0.2.0 Which ones{MAYA}, question 2 | 1" in told

    def test_the_most_missed_criteria_come_first(self, harness: Harness) -> None:
        grades = graded(harness)
        harness.run("report")
        (table,) = (each for each in class_page(harness).all("table") if "Criterion" in each.text)
        shares = [int(share) for share in re.findall(r"\| (\d+)%", words(table.text))]
        assert len(shares) == MISSED_SHOWN
        assert shares == sorted(shares, reverse=True)
        earned = [cells["5"].criteria[3].points for cells in grades.values() if cells["5"].criteria]
        lost = 1 - sum(earned) / len(earned)
        assert f"| 5 | Fraction lost of 2/3 | 1 | {len(earned)} | {whole(lost)}%" in words(table.text)

    def test_answers_that_are_open_or_were_decided_tell_nothing_of_the_criteria(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, MAYA, "1a", FlagKind.LOW_CONFIDENCE)
        put_grades(harness, grades)
        decide(harness, grades[IDS[INES]]["1a"], 0)
        harness.run("report")
        (table,) = (each for each in class_page(harness).all("table") if "Criterion" in each.text)
        left = len(IDS) - 2
        assert f"| 1a | Chooses B and no other option | 2 | {left} | " in words(table.text)

    def test_what_to_review_is_listed_with_names_reasons_and_ids(self, harness: Harness) -> None:
        grades = graded(harness)
        review = needs_review(grades, INES, "2", FlagKind.GRADERS_DISAGREE, "5 and 8 points")
        lost = failed(grades, PRIYA, "4", "TooLongError: the reply is longer than the model gives")
        put_grades(harness, grades)
        harness.run("report")
        rows = rows_of(class_page(harness))
        why = "the graders' points are far apart: 5 and 8 points"
        assert f"| {INES} | 2 | {why} | {review.points:g} / 8 | {review.cell_id}" in rows
        why = "ungraded: TooLongError: the reply is longer than the model gives"
        assert f"| {PRIYA} | 4 | {why} | {NO_NUMBER} / 6 | {lost.cell_id}" in rows

    def test_the_queue_links_to_the_answer_in_the_students_report(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, INES, "2", FlagKind.GRADERS_DISAGREE, "5 and 8 points")
        put_grades(harness, grades)
        harness.run("report")
        (link,) = (each for each in class_page(harness).all("a") if "data-report" not in each.attributes)
        report, _, place = unquote(link.attributes["href"]).partition("#")
        assert (report, link.attributes["aria-label"]) == (f"students/{INES}.html", f"Question 2 of {INES}")
        assert "Question 2" in student_page(harness, INES).one("section", id=place).text

    def test_the_matrix_has_each_answer_of_each_student(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, INES, "2", FlagKind.GRADERS_DISAGREE)
        put_grades(harness, grades)
        harness.run("report")
        found = class_page(harness)
        rows = rows_of(found)
        for folder in IDS:
            cells = grades[IDS[folder]]
            shown = [
                "blank" if cells[each.question_id].state == "BLANK" else f"{cells[each.question_id].points:g}"
                for each in EXAM.questions
            ]
            points = f"{sum(each.points or 0 for each in cells.values()):g}"
            if folder == INES:
                shown[2] = points = NO_NUMBER
            assert f"| {folder} | {points} | {' | '.join(shown)}" in rows

    def test_statistics_are_those_of_the_final_totals(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, LEOPOLD, "3", FlagKind.PRESENCE_DISAGREES)
        put_grades(harness, grades)
        harness.run("report")
        found = class_page(harness)
        final = [
            sum(each.points or 0 for each in cells.values()) for key, cells in grades.items() if key != IDS[LEOPOLD]
        ]
        lower, _, upper = statistics.quantiles(final, n=4, method="inclusive")
        shown = words(found.one("dl").text)
        assert f"Lower quartile{points(lower)} Upper quartile{points(upper)}" in shown
        assert f"Standard deviation{points(statistics.pstdev(final))}" in shown
        (letters,) = found.all("table", class_="letters")
        assert sum(map(int, re.findall(r"\d+", letters.text))) == len(final)

    def test_each_question_has_a_histogram_that_is_told_in_words(self, harness: Harness) -> None:
        grades = graded(harness)
        harness.run("report")
        drawn = class_page(harness).all("svg", class_="histogram")
        assert len(drawn) == len(EXAM.questions)
        of_3 = Counter(cells["3"].points for cells in grades.values())
        told = ", ".join(f"{value:g} points: {count}" for value, count in sorted(of_3.items()))
        assert drawn[3].attributes["aria-label"] == f"Answers to question 3 by points. {told}"
        assert drawn[3].attributes["role"] == "img"

    def test_criteria_tell_how_many_answers_earned_their_points(self, harness: Harness) -> None:
        grades = graded(harness)
        harness.run("report")
        earned = [cells["5"].criteria[3].points for cells in grades.values() if cells["5"].criteria]
        counts = (sum(each == 1 for each in earned), sum(0 < each < 1 for each in earned), earned.count(0))
        assert f"| 5 | Fraction lost of 2/3 | 1 | {' | '.join(map(str, counts))}" in rows_of(class_page(harness))

    def test_both_readings_of_a_line_are_for_staff_alone(self, harness: Harness) -> None:
        grades = graded(harness)
        needs_review(grades, INES, "2", FlagKind.READING_DIFFERS, "1 of its lines")
        again = (ReadLine(transcribed="so", read="F = 49 N"),)
        look = SecondLook(
            reading=(ReadLine(transcribed="F = 4<b>3</b> N", read="F = 48 N"),), read_twice=True, second_reading=again
        )
        with_cell(grades, INES, "2", second_look=look)
        put_grades(harness, grades)
        harness.run("report")
        (row,) = (each for each in rows_of(class_page(harness)) if f"| {INES} | 2 |" in each)
        assert "the answer was read on the page otherwise than it was transcribed: 1 of its lines" in row
        assert "transcribed: F = 4<b>3</b> N; read on the page: F = 48 N" in row
        assert "transcribed: so; read on the page: F = 49 N" in row
        shown = student_page(harness, INES).text
        assert "48 N" not in shown
        assert "49 N" not in shown
        assert "otherwise" not in shown

    def test_students_are_linked_to_their_reports(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        found = {
            each.attributes["data-report"]: unquote(each.attributes["href"]) for each in class_page(harness).all("a")
        }
        assert found == {
            f"{kind}/{student_id}.html": f"{kind}/{name}.html"
            for kind in ("students", "transcriptions")
            for name, student_id in IDS.items()
        }
        assert all(f"{ASSIGNMENT}/reports/{name}" in harness.objects.data for name in found)

    def test_links_are_names_of_files_and_each_student_has_another(self, harness: Harness) -> None:
        graded(harness)
        students = harness.artifact("students.json")
        for place, folder in enumerate(('Zoë <zo/e> & "#?%41', "MAYA", "maya")):
            students["students"][place]["folder"] = folder
        harness.put("students.json", students)
        harness.run("report")
        links = [each.attributes["href"] for each in class_page(harness).all("a")]
        assert "students/Zo%C3%AB%20zo%20e%20%26%20%23%20%2541.html" in links
        assert len({unquote(link).casefold() for link in links}) == len(links) == 2 * len(IDS)

    def test_who_is_missing_or_not_surely_known_is_named(self, harness: Harness) -> None:
        graded(harness)
        students = harness.artifact("students.json")
        students["missing"] = ["Wei-Lin Tsai"]
        students["students"][0] |= {"match": "close", "roster_name": "Maya Lindquist"}
        students["students"][1] |= {"match": "ambiguous"}
        students["students"][2] |= {"match": "none"}
        harness.put("students.json", students)
        harness.run("report")
        shown = class_page(harness).text
        assert "Wei-Lin Tsai" in shown
        assert f"{MAYA}: close to Maya Lindquist, and nobody's until a person confirms it" in shown
        assert f"{INES}: matches several names on the roster" in shown
        assert "Tobias Wrenfield: not on the roster" in shown

    def test_two_students_of_one_name_are_told_apart(self, harness: Harness) -> None:
        graded(harness)
        students = harness.artifact("students.json")
        for student in students["students"][:2]:
            student |= {"match": "exact", "roster_name": "Maya Lindqvist"}
        harness.put("students.json", students)
        harness.run("report")
        shown = class_page(harness).text
        assert f"Maya Lindqvist ({MAYA})" in shown
        assert f"Maya Lindqvist ({INES})" in shown

    def test_the_runs_tell_their_cost_and_time(self, harness: Harness) -> None:
        graded(harness)
        harness.runs.create(past_run(harness, "grade", Usage(calls=30, input_tokens=41_000, cost_usd="0.0213")), None)
        harness.runs.create(past_run(harness, "transcribe", Usage(calls=15, unpriced_calls=15)), None)
        harness.run("report")
        rows = rows_of(class_page(harness))
        assert "| grade | 2 March 2026, 09:00 UTC | succeeded | 1 min 15 s | 30 | 41,000 | $0.0213" in rows
        assert "| transcribe | 2 March 2026, 09:00 UTC | succeeded | 1 min 15 s | 15 | 0 | not known" in rows
        assert not any(row.startswith("| report") for row in rows), "it asks no model"

    def test_the_run_that_makes_it_is_running(self, harness: Harness) -> None:
        graded(harness)
        run = past_run(harness, "exam", Usage(calls=30), status=RunStatus.RUNNING)
        harness.runs.create(run, None)
        harness.run("report")
        found = class_page(harness)
        assert "| exam | 2 March 2026, 09:00 UTC | running when this was made | 1 min 15 s | 30 | 0 | $0.00" in rows_of(
            found
        )
        assert "As it was when this report was made, 2 March 2026, 09:00 UTC" in found.text

    def test_a_student_without_any_page_is_in_the_list_and_open(self, harness: Harness) -> None:
        graded(harness)
        students = harness.artifact("students.json")
        students["students"].append({"student_id": "s-late", "folder": "Zoe Late", "match": "no_roster"})
        harness.put("students.json", students)
        harness.put("scans.json", {"s-late": {"ink": [], "unreadable": 2}})
        assert harness.run("report").status is RunStatus.SUCCEEDED
        rows = rows_of(class_page(harness))
        nothing = f"| Zoe Late | {NO_NUMBER} | {NO_NUMBER} | 6 of 6 answers open | 0 | Grades · Transcription"
        assert nothing in rows
        assert "2 uploaded files of this student could not be read" in page(harness, "transcriptions/s-late.html").text


def past_run(harness: Harness, pipeline: str, usage: Usage, status: RunStatus = RunStatus.SUCCEEDED) -> Run:
    start = harness.clock()
    counts = StageCounts(total=1, succeeded=1, started_at=start, ended_at=start + timedelta(seconds=75))
    return Run(
        run_id=f"past-{pipeline}",
        assignment=ASSIGNMENT,
        pipeline=pipeline,
        status=status,
        attempt=1,
        stage=pipeline,
        settings=RunSettings(model=MODEL, max_workers=1),
        stages={pipeline: counts},
        usage=usage,
        created_at=start,
        updated_at=start,
    )


class TestTranscriptionReport:
    def test_the_lines_stand_beside_the_scan(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        found = transcription_page(harness, MAYA)
        assert len(found.all("image")) == 3
        lines = [each.text for each in found.all("li")]
        assert lines[:3] == ["1a.", "B", "1b."]
        assert "Confidence 98%" in found.text
        assert [each.text for each in found.all("text")] == [question.question_id for question in EXAM.questions]

    def test_a_corrected_text_stands_beside_what_was_read(self, harness: Harness) -> None:
        cell = graded(harness)[IDS[MAYA]]["1b"]
        answers = AssignmentFiles(harness.objects, ASSIGNMENT).answers()[IDS[MAYA]].by_question()
        pages = AssignmentFiles(harness.objects, ASSIGNMENT).pages()[IDS[MAYA]]
        corrected = {"transcription": "Force is mass times <b>", "reading": reading_version(answers["1b"], pages)}
        decide(harness, cell, None, action=DecisionAction.CORRECT, **corrected)
        harness.run("report")
        found = transcription_page(harness, MAYA)
        assert [words(each.text) for each in found.all("blockquote")] == ["Force is mass times <b>"]
        assert "Question 1b, as a person corrected it" in found.text
        assert not transcription_page(harness, INES).all("blockquote")

    def test_reasons_of_one_kind_are_told_once_with_their_places(self, harness: Harness) -> None:
        grades = graded(harness)
        notes = ("page 1", "page 2", "page 2")
        flags = tuple(Flag(kind=FlagKind.INSTRUCTION, note=note) for note in notes)
        with_cell(grades, MAYA, "2", state=CellState.NEEDS_REVIEW, flags=flags)
        put_grades(harness, grades)
        harness.run("report")
        assert class_page(harness).text.count("text seems to speak to whoever reads or grades it: page 1; page 2") == 1

    def test_what_is_doubtful_is_said(self, harness: Harness) -> None:
        graded(harness)
        read = harness.artifact("transcriptions.json")
        del read[IDS[MAYA]][1]
        read[IDS[MAYA]][0] |= {"flagged": True}
        read[IDS[MAYA]][1] |= {
            "lines": [{"text": " "}],
            "warnings": [
                {"kind": "other", "note": "A page of squares."},
                {"kind": "cut_off", "note": "the right edge"},
                {"kind": "turned"},
            ],
        }
        harness.put("transcriptions.json", read)
        answers = harness.artifact("answers.json")
        answers[IDS[MAYA]]["question_answers"][0]["flags"] = [{"kind": "low_confidence", "note": "0.4"}]
        harness.put("answers.json", answers)
        harness.run("report")
        shown = transcription_page(harness, MAYA).text
        assert "This page could not be transcribed." in shown
        assert "could not be read as it should be" in shown
        assert "Nothing was read on this page." in shown
        assert "Note A page of squares." in shown
        assert "Note a part of it is outside the picture or covered: the right edge" in shown
        assert "Note it is turned" in shown
        assert "Question 1a low confidence in the transcription or in where the answer is: 0.4" in shown

    def test_the_flags_of_an_answer_in_several_places_are_told_once_at_the_first(self, harness: Harness) -> None:
        graded(harness)
        answers = harness.artifact("answers.json")
        answer = answers[IDS[MAYA]]["question_answers"][0]
        answer["flags"] = [{"kind": "low_confidence", "note": "told once"}]
        answer["pages"] = [
            {"page": page, "top": top, "bottom": top + 0.1} for page, top in ((9, 0), (2, 0.5), (1, 0.1))
        ]
        answer["pages"] += [{"page": 1, "top": 0.6, "bottom": 0.7}]
        harness.put("answers.json", answers)
        harness.run("report")
        found = transcription_page(harness, MAYA)
        assert [each.text for each in found.all("text")].count("1a") == 3, "each place on a page that is there is shown"
        assert found.text.count("told once") == 1
        first, *_ = found.all("section", class_="page")
        assert "Question 1a low confidence" in words(first.text)

    def test_what_belongs_to_no_answer_is_framed_and_listed_with_its_kind(self, harness: Harness) -> None:
        graded(harness)
        first, second = IDS[MAYA], IDS[PRIYA]
        read = harness.artifact("transcriptions.json")
        read[first][0] = {"page": 1, "confidence": 1, "lines": [{"text": "3 + 4", "kind": "scratch"}, {"text": "7"}]}
        harness.put("transcriptions.json", read)
        parts = [
            part("p-1", "1b", "2", lines=[1, 2]),
            part("p-2", top=0.5, bottom=0.75),
            part("p-3", "1b", page=2),
            part("p-4", "1b", page=3),
            part("p-5", "1b", owner="page_head"),
        ]
        harness.put("ledger.json", {first: {"parts": parts}, second: {"parts": [part("p-6")]}})
        harness.decisions.add_on_part(ASSIGNMENT, on_part("p-3", first))
        wording = question_version(EXAM.questions[0])
        belongs = {"action": PartAction.BELONGS, "question_id": EXAM.questions[0].question_id, "question": wording}
        harness.decisions.add_on_part(ASSIGNMENT, on_part("p-4", first, **belongs))
        harness.run("report")
        found = transcription_page(harness, MAYA)
        frames = found.all("g", class_="unplaced")
        assert [words(each.text) for each in frames] == ["p-1", "p-2", "p-3"]
        assert frames[1].attributes["transform"] == f"translate(0 {round(0.5 * 1100)})"
        assert [each.attributes["height"] for each in found.all("rect")] == ["44", "275", "44"]
        listed = [words(each.text) for each in found.all("p", class_="flags") if "no answer" in each.text]
        assert listed == [
            "p-1 belongs to no answer scratch work, text; open until a person says whose it is: 1b, 2",
            "p-2 belongs to no answer ink in which nothing was read",
            "p-3 belongs to no answer scratch work, said a person",
        ]

    def test_without_grades_there_are_transcriptions_and_a_list_of_them(self, harness: Harness) -> None:
        transcribed(harness)
        assert harness.run("report").status is RunStatus.SUCCEEDED
        names = {each["name"] for each in harness.artifact("reports.json")}
        assert names == {"class.html"} | {f"transcriptions/{each}.html" for each in IDS.values()}
        found = class_page(harness)
        assert not found.all("svg")
        assert "Students5" in found.text
        assert {each.attributes["data-report"] for each in found.all("a")} == names - {"class.html"}
        assert words(transcription_page(harness, MAYA).one("p", class_="over").text) == ASSIGNMENT


class TestTextIsText:
    @pytest.fixture
    def nasty(self, harness: Harness) -> Harness:
        """Every text that people, models or file names bring in is an attempt."""
        grades = graded(harness)
        students = harness.artifact("students.json")
        students["students"][0] |= {"folder": NASTY, "match": "none", "files": {"a": NASTY}}
        students["students"][1] |= {"roster_name": f"{NASTY} too", "match": "close"}
        students["missing"] = [NASTY]
        exam = harness.artifact("questions.json")
        exam["exam_name"] = NASTY
        for question in exam["questions"]:
            question["question_text"] = NASTY
        exam["questions"][0]["question_id"] = SHORT_NASTY
        for question_id, rubric in RUBRICS.items():
            criteria = tuple(each.model_copy(update={"description": NASTY}) for each in rubric.criteria)
            nasty = rubric.model_copy(update={"criteria": criteria})
            harness.put(f"rubric_versions/{version(question_id)}.json", nasty.model_dump())
        read, answers = harness.artifact("transcriptions.json"), harness.artifact("answers.json")
        for pages in read.values():
            for each in pages:
                each |= {
                    "lines": [{"text": f"~~{line}~~ {line}"} for line in NASTY.splitlines()],
                    "warnings": [{"kind": "other", "note": NASTY}],
                }
        for each in answers.values():
            each["question_answers"][0]["question_id"] = SHORT_NASTY
            for answer in each["question_answers"]:
                answer |= {"raw_text": NASTY, "flags": [{"kind": "place_doubtful", "note": NASTY}]}
        given = tuple(
            each.model_copy(update={"quote": NASTY, "reason": NASTY}) for each in grades[IDS[MAYA]]["1b"].criteria
        )
        with_cell(grades, MAYA, "1b", criteria=given, feedback=NASTY)
        needs_review(grades, MAYA, "2", FlagKind.PLACE_DOUBTFUL, NASTY)
        failed(grades, MAYA, "3", NASTY)
        decide(harness, with_cell(grades, MAYA, "4"), 1, why=NASTY, by=NASTY)
        for cells in grades.values():
            cells[SHORT_NASTY] = Cell.model_validate(dict(cells.pop("1a")) | {"question_id": SHORT_NASTY})
        put_grades(harness, grades)
        for name, data in (
            ("students.json", students),
            ("questions.json", exam),
            ("transcriptions.json", read),
            ("answers.json", answers),
        ):
            harness.put(name, data)
        assert harness.run("report").status is RunStatus.SUCCEEDED
        return harness

    def test_nothing_that_was_written_becomes_an_element_or_an_attribute(self, nasty: Harness) -> None:
        for each in nasty.artifact("reports.json"):
            found = HtmlPage.of(nasty.objects.data[each["key"]])
            assert not found.all("script"), each["name"]
            assert not found.all("img"), each["name"]
            assert not any(name.startswith("on") for element in found.elements for name in element.attributes)

    def test_it_is_shown_as_it_was_written(self, nasty: Harness) -> None:
        expected = words(NASTY)
        student = student_page(nasty, MAYA)
        for tag, class_ in (
            *(("p", name) for name in ("asked", "quote", "reason", "criterion", "feedback", "why", "over")),
            ("blockquote", "read"),
        ):
            assert expected in {words(each.text) for each in student.all(tag, class_=class_)}, class_
        assert words(student.one("h1").text) == expected
        assert words(student.one("title").text).startswith(expected)
        assert SHORT_NASTY in student.all("svg", role="img")[0].attributes["aria-label"]
        found = class_page(nasty)
        assert found.text.count(expected) > 10
        assert SHORT_NASTY[:10] in found.all("svg")[2].text
        read = transcription_page(nasty, MAYA)
        assert words(read.all("del")[0].text) == expected
        assert expected in words(read.all("p", class_="notes")[0].text)
        assert expected in words(read.all("p", class_="flags")[0].text)

    TEXTS = st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="~["), min_size=1, max_size=30
    ).filter(str.strip)

    @settings(max_examples=25, deadline=None)
    @given(TEXTS, TEXTS, TEXTS)
    def test_no_text_changes_a_pages_structure(self, name: str, answer: str, feedback: str) -> None:
        shapes = []
        for texts in (("name", "answer", "feedback"), (name, answer, feedback)):
            harness = Harness()
            grades = graded(harness)
            with_cell(grades, MAYA, "1a", feedback=texts[2])
            put_grades(harness, grades)
            students = harness.artifact("students.json")
            students["students"][0]["folder"] = texts[0]
            harness.put("students.json", students)
            answers = harness.artifact("answers.json")
            answers[IDS[MAYA]]["question_answers"][0]["raw_text"] = texts[1]
            harness.put("answers.json", answers)
            run = harness.begin("report")
            event = next(e for e in harness.events(run) if e.item.refs.get("student_id") == IDS[MAYA])
            harness.invoke(event, "arn:report")
            shapes.append([(each.tag, sorted(each.attributes)) for each in student_page(harness, MAYA).elements])
        assert shapes[0] == shapes[1]


class TestOffline:
    def test_nothing_is_fetched_and_no_script_may_run(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        for name in ("class.html", f"students/{IDS[MAYA]}.html", f"transcriptions/{IDS[MAYA]}.html"):
            found = page(harness, name)
            policy = next(each.attributes["content"] for each in found.all("meta") if "http-equiv" in each.attributes)
            digest = base64.b64encode(hashlib.sha256(found.one("style").text.encode()).digest()).decode()
            assert policy == (
                f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
            )
            assert not any("style" in each.attributes for each in found.elements), "the policy lets none apply"
            for element in found.elements:
                for attribute in ("src", "href", "action", "data"):
                    target = element.attributes.get(attribute, "data:")
                    assert target.startswith(("data:", "#", "students/", "transcriptions/")), (name, target[:40])
            assert "url(" not in found.one("style").text
            assert "@import" not in found.one("style").text

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_has_contrast_enough(self, scheme: str) -> None:
        """WCAG 2.2 asks for 4.5 to 1 (1.4.3)."""
        style = (Path(__file__).parents[3] / "layers/aita/aita/reports/templates/style.css").read_text()
        light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
        colours = dict(re.findall(r"--(\w+): (#\w+)", light if scheme == "light" else dark))
        for ink in ("ink", "muted", "accent", "good", "warn"):
            for paper in ("paper", "tint"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
        assert contrast(colours["paper"], colours["accent"]) >= 4.5, "figures in a chart's bars"
        assert contrast(colours["ink"], colours["soft"]) >= 4.5, "the same"


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return a colour's relative luminance, as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class TestStage:
    def test_there_must_be_something_to_report(self, harness: Harness) -> None:
        harness.exam()
        with pytest.raises(MissingMaterialError, match="nothing to report yet"):
            harness.begin("report")

    def test_the_items_say_no_names(self, harness: Harness) -> None:
        graded(harness)
        run = harness.begin("report")
        refs = [event.item.refs for event in harness.events(run)]
        assert refs == [{"student_id": each} for each in IDS.values()] + [{"report": "class"}]

    def test_the_files_are_listed_by_id_with_their_keys(self, harness: Harness) -> None:
        graded(harness)
        harness.run("report")
        listed = harness.artifact("reports.json")
        assert len(listed) == 2 * len(IDS) + 1
        assert all(each["key"] == f"{ASSIGNMENT}/reports/{each['name']}" for each in listed)
        assert MAYA not in json.dumps(listed)

    def test_a_resume_renders_what_was_decided_since(self, harness: Harness) -> None:
        cell = graded(harness)[IDS[PRIYA]]["5"]
        harness.objects.crashes = [f"students/{IDS[MAYA]}"] * 3
        run = harness.run("report")
        assert run.status is RunStatus.PARTIAL
        assert words(student_page(harness, PRIYA).one("div", class_="total").text) == "19 / 30 FinalD"
        decide(harness, cell, 5)
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert words(student_page(harness, PRIYA).one("div", class_="total").text) == "19.5 / 30 FinalD"
        assert words(student_page(harness, MAYA).one("div", class_="total").text) == "30 / 30 FinalA"

    def test_a_new_run_sees_new_grades_in_a_warm_function(self, harness: Harness) -> None:
        grades = graded(harness)
        harness.run("report")
        needs_review(grades, MAYA, "2", FlagKind.LOW_CONFIDENCE)
        put_grades(harness, grades)
        harness.run("report")
        assert "So far" in student_page(harness, MAYA).text

    def test_what_it_is_made_of_is_read_once_for_a_run(self, harness: Harness) -> None:
        graded(harness)
        reads: list[str] = []
        get = harness.objects.get

        def noted(key: str) -> bytes:
            reads.append(key)
            return get(key)

        harness.objects.get = noted  # type: ignore[method-assign]
        harness.run("report")
        assert reads.count(f"{ASSIGNMENT}/grades.json") == 1

    def test_a_student_who_is_gone_fails_alone(self, harness: Harness) -> None:
        transcribed(harness)
        run = harness.begin("report")
        events = harness.events(run)
        students = Students.model_validate(harness.artifact("students.json"))
        harness.put("students.json", students.model_copy(update={"students": students.students[1:]}).model_dump())
        answers = [harness.invoke(event, "arn:report").answer.outcome for event in events]
        assert answers == ["FAILED"] + ["SUCCEEDED"] * 5
        assert harness.row(run, "report", student_id=IDS[MAYA]).error_type == "MissingInputError"

    def test_a_wrong_file_fails_the_reports_with_its_reason(self, harness: Harness) -> None:
        graded(harness)
        run = harness.begin("report")
        events = harness.events(run)
        harness.put("grade_scale.json", {"steps": []})
        harness.invoke(events[0], "arn:report")
        (row,) = harness.rows(run, "report")
        assert row.error_type == "MissingInputError"
        assert "grade_scale.json" in row.error_message

    def test_a_cancelled_run_renders_nothing_more(self, harness: Harness) -> None:
        graded(harness)
        run = harness.begin("report")
        events = harness.events(run)
        harness.submissions.cancel(run.run_id)
        assert harness.invoke(events[0], "arn:report").answer.outcome == "SKIPPED"

    def test_failures_are_no_zeros_in_any_report(self, harness: Harness) -> None:
        """A class whose grading failed altogether still has its whole denominators, and nobody has a final total."""
        grades = graded(harness)
        for folder in IDS:
            for question in EXAM.questions:
                failed(grades, folder, question.question_id, "ProviderBusy: gone")
        put_grades(harness, grades)
        assert harness.run("report").status is RunStatus.SUCCEEDED
        for folder in IDS:
            assert words(student_page(harness, folder).one("div", class_="total").text) == f"{NO_NUMBER} / 30 So far"
        found = class_page(harness)
        assert "No total is final yet: all 5 students have open answers." in found.text
        assert "Final totals0 of 5" in words(found.one("dl").text)
        assert f"Mean of final totals{NO_NUMBER} Median{NO_NUMBER} Lowest{NO_NUMBER}" in words(found.one("dl").text)
        for question in EXAM.questions:
            row = f"| {question.question_id} | {question.points:g} | {NO_NUMBER} | 0 | 0 | 5"
            assert row in rows_of(found)
