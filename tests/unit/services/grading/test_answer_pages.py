"""Pages of a question's answers: what is on them, which answers they have, and what they withhold."""

import json
from typing import Any

import pytest

from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.answer_view import AnswerFilter, AnswerPage, Show
from aita.models.decision import DecisionAction
from aita.models.grade import CellState, cell_id
from aita.models.review import DecisionRequest, basis_after
from aita.models.review_flags import FlagKind
from aita.services.grading.answer_pages import AnswerPages
from aita.services.grading.claims import Claims
from aita.services.grading.quote_places import MarkedAnswer
from aita.services.grading.review_queue import Reviews
from aita.services.grading.spot_checks import is_drawn
from tests.support.fakes import ASSIGNMENT, Harness
from tests.support.grades import put_answers
from tests.support.memory_claims import MemoryClaims

ADA, BEN = (f"arn:aws:iam::123456789012:user/{name}" for name in ("ada", "ben"))
FIRST, SECOND = cell_id("s-1", "1a"), cell_id("s-2", "1a")


class Desk:
    """A graded exam of two students, of whose first answers one is flagged, and the pages of its answers."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        put_answers(harness)
        harness.run("grade")
        grades = harness.artifact("grades.json")
        grades["s-1"]["1a"] |= {"state": "NEEDS_REVIEW", "flags": [{"kind": "low_confidence", "note": ""}]}
        harness.put("grades.json", grades)
        self.reviews = Reviews(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)
        self.claims = MemoryClaims()
        self.pages = AnswerPages(self.reviews, self.claims)

    def page(
        self, question: str = "1a", caller: str = ADA, limit: int = 50, token: str | None = None, **only: Any
    ) -> AnswerPage:
        return self.pages.page(ASSIGNMENT, question, AnswerFilter(**only), limit, token, caller)

    def ids(self, **only: Any) -> list[str]:
        return [answer.cell_id for answer in self.page(**only).answers]

    def decide(self, cell: str, caller: str = ADA, **asked: Any) -> Any:
        basis = self.pages.show(ASSIGNMENT, cell, caller).answers[0].basis
        request = DecisionRequest(**{"action": DecisionAction.ACCEPT, "basis": basis} | asked)
        return self.reviews.decide(ASSIGNMENT, cell, request, caller)


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


def test_an_answer_has_all_that_a_decision_needs(desk: Desk) -> None:
    page = desk.page()
    (answer,) = page.answers
    assert (page.question.question_id, page.open_answers, page.next_token) == ("1a", 1, None)
    assert (answer.cell_id, answer.state, answer.raw_text) == (FIRST, CellState.NEEDS_REVIEW, "It is 4.\nIndeed.")
    assert answer.proposal is not None
    assert [each.points for each in page.rubrics[answer.rubric].criteria] == [3, 2]
    assert len(answer.quotes) == len(answer.proposal.criteria) == 2
    for quote, places in zip(answer.proposal.criteria, answer.quotes, strict=True):
        assert [answer.raw_text[start:end] for start, end in places] == (
            [quote.quote.rstrip(".")] if quote.quote else []
        )
    assert answer.pages[0].url.startswith("memory:///")


def test_a_list_shows_what_it_is_asked_for(desk: Desk) -> None:
    assert desk.ids() == desk.ids(flag=FlagKind.LOW_CONFIDENCE) == [FIRST]
    assert desk.ids(show=Show.CLOSED) == [SECOND]
    assert desk.ids(show=Show.ALL) == [FIRST, SECOND]
    assert desk.ids(show=Show.ALL, student="s-2") == [SECOND]
    assert desk.ids(flag=FlagKind.INSTRUCTION) == []
    desk.decide(FIRST)
    assert desk.ids() == []
    assert desk.ids(show=Show.UNSEEN) == [SECOND]
    assert desk.ids(show=Show.UNSEEN, caller=BEN) == [FIRST, SECOND]


def test_pages_follow_each_other_though_an_answer_is_decided_meanwhile(desk: Desk) -> None:
    first = desk.page(limit=1, show=Show.UNSEEN)
    assert [each.cell_id for each in first.answers] == [FIRST]
    desk.decide(FIRST)
    second = desk.page(limit=1, token=first.next_token, show=Show.UNSEEN)
    assert ([each.cell_id for each in second.answers], second.next_token) == ([SECOND], None)


def test_wrong_filters_are_refused(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="the exam has no '9', but 1a, 1b, 2"):
        desk.page("9")
    with pytest.raises(NotFoundError, match="nobody of this assignment"):
        desk.page(student="s-9")
    with pytest.raises(RequestError, match="next_token"):
        desk.page(token="c-none")
    with pytest.raises(RequestError, match="not with blind"):
        desk.page(blind=True, flag=FlagKind.CHANGED)
    with pytest.raises(RequestError, match="not with sample"):
        desk.page(sample=10, flag=FlagKind.CHANGED)


def test_blind_withholds_on_the_wire_until_that_person_has_decided(desk: Desk) -> None:
    desk.decide(FIRST, BEN, action="set", criteria={1: 1, 2: 0.5}, feedback="Which unit?")
    (hidden,) = desk.page(blind=True, show=Show.ALL, student="s-1").answers
    assert hidden.hidden
    seen = hidden.model_dump_json(exclude={"raw_text", "pages", "basis"})
    assert "Which unit?" not in seen
    assert "low_confidence" not in seen
    assert (hidden.points, hidden.proposal, hidden.decisions, hidden.second_look) == (None, None, (), None)
    assert hidden.rubric  # by which the person decides
    desk.decide(FIRST, ADA, action="set", criteria={1: 2, 2: 0.5})
    (shown,) = desk.page(blind=True, show=Show.ALL, student="s-1").answers
    assert shown.proposal is not None
    assert (shown.hidden, shown.points, [each.by for each in shown.decisions]) == (False, 2.5, ["ben", "ada"])


def test_blind_ends_with_points_and_not_with_a_note_or_another_text(desk: Desk) -> None:
    for asked in ({"action": "note", "why": "look"}, {"action": "undo"}, {"action": "correct", "transcription": "5"}):
        desk.decide(FIRST, ADA, **asked)
        (hidden,) = desk.page(blind=True, show=Show.ALL, student="s-1").answers
        assert (hidden.hidden, hidden.points, hidden.proposal, hidden.confidence) == (True, None, None, None)
    desk.decide(FIRST, ADA, action="set", points=2, why="half")
    (shown,) = desk.page(blind=True, show=Show.ALL, student="s-1").answers
    assert (shown.hidden, shown.points, shown.confidence) == (False, 2, 1)
    desk.decide(SECOND, "", by="whoever")
    assert desk.page(blind=True, show=Show.ALL, student="s-2", caller="").answers[0].hidden  # nobody is known


def test_who_decides_is_who_signed_the_request(desk: Desk) -> None:
    made = desk.decide(FIRST)
    assert (made.by, made.caller) == ("ada", ADA)
    assert made.decision_id in basis_after("", made.decision_id)
    with pytest.raises(RequestError, match="by is missing"):
        desk.decide(SECOND, "")


def test_a_note_leaves_the_answer_open_until_somebody_decides(desk: Desk) -> None:
    desk.decide(SECOND, action="note", why="is this the method of the lecture?")
    (asked,) = desk.page(flag=FlagKind.ASKED).answers
    assert (asked.cell_id, asked.state) == (SECOND, CellState.NEEDS_REVIEW)
    assert [flag.text for flag in asked.flags] == ["left to the instructor: ada left a note on 2026-03-02"]
    assert "lecture" not in asked.flags[0].text  # it is in the decision, for staff
    assert asked.decisions[-1].why == "is this the method of the lecture?"
    desk.decide(SECOND, BEN)
    assert desk.ids(flag=FlagKind.ASKED) == []
    desk.decide(SECOND, BEN, action="undo")
    assert desk.ids(flag=FlagKind.ASKED) == [SECOND]
    desk.decide(SECOND, action="undo")
    assert desk.ids(flag=FlagKind.ASKED) == []


def test_of_two_people_the_second_sees_both_decisions(desk: Desk) -> None:
    (answer,) = desk.page().answers
    theirs = desk.decide(FIRST, BEN, action="set", criteria={1: 1})
    yours = DecisionRequest(action=DecisionAction.ACCEPT, basis=answer.basis)
    with pytest.raises(ConflictError, match="by ben at") as error:
        desk.reviews.decide(ASSIGNMENT, FIRST, yours, ADA)
    assert (error.value.theirs, error.value.yours) == (theirs, yours)


class TestSpotChecks:
    def test_they_draw_from_what_nobody_flagged_or_decided(self, desk: Desk) -> None:
        assert desk.ids(sample=100) == [SECOND]
        desk.decide(SECOND)
        assert desk.ids(sample=100) == []

    def test_a_larger_share_adds_to_a_smaller_one(self) -> None:
        drawn = {
            percent: {n for n in range(4000) if is_drawn("midterm", f"c-{n}", percent)} for percent in (5, 10, 100)
        }
        assert drawn[5] < drawn[10] < drawn[100]
        assert len(drawn[100]) == 4000
        assert 320 < len(drawn[10]) < 480
        assert drawn[10] != {n for n in range(4000) if is_drawn("final", f"c-{n}", 10)}


class TestClaims:
    def test_a_claim_keeps_others_away_until_it_ends(self, desk: Desk) -> None:
        claims = Claims(desk.claims, desk.harness.clock)
        held = claims.claim(ASSIGNMENT, FIRST, "w1", ADA)
        assert (held.by, held.mine) == ("ada", True)
        assert claims.claim(ASSIGNMENT, FIRST, "w1", ADA).until >= held.until  # renewed
        with pytest.raises(ConflictError, match="claimed by ada, until"):
            claims.claim(ASSIGNMENT, FIRST, "w1", BEN)
        with pytest.raises(ConflictError, match="claimed by ada, until"):
            claims.claim(ASSIGNMENT, FIRST, "w2", ADA)  # another window of the same person
        (seen,) = claims.holding(ASSIGNMENT, "w1", BEN).claims
        assert (seen.by, seen.mine) == ("ada", False)
        (answer,) = desk.page(caller=BEN).answers
        assert answer.claim is not None
        assert answer.claim.by == "ada"
        desk.harness.clock.advance(121)
        assert claims.holding(ASSIGNMENT, "w1", BEN).claims == ()
        assert desk.page(caller=BEN).answers[0].claim is None
        assert claims.claim(ASSIGNMENT, FIRST, "w1", BEN).by == "ben"

    @pytest.mark.parametrize("name", ["Doe, Jane", "c-", "x" * 1500])
    def test_what_is_no_answer_is_not_claimed(self, desk: Desk, name: str) -> None:
        claims = Claims(desk.claims, desk.harness.clock)
        with pytest.raises(NotFoundError, match="there is no answer"):
            claims.claim(ASSIGNMENT, name, "", ADA)
        assert claims.holding(ASSIGNMENT, "", ADA).claims == ()

    def test_only_who_holds_a_claim_releases_it(self, desk: Desk) -> None:
        claims = Claims(desk.claims, desk.harness.clock)
        claims.claim(ASSIGNMENT, FIRST, "", ADA)
        claims.release(ASSIGNMENT, FIRST, "", BEN)
        assert len(claims.holding(ASSIGNMENT, "", BEN).claims) == 1
        claims.release(ASSIGNMENT, FIRST, "", ADA)
        assert claims.holding(ASSIGNMENT, "", BEN).claims == ()
        assert desk.decide(FIRST, BEN).by == "ben"  # a claim refuses no decision


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("It is 4.\nIndeed.", "It is 4", ["It is 4"]),
        ("It  is\n4.", "it is 4.", ["It  is\n4"]),
        ("the ﬁrst e\u0301tude", "first étude", ["ﬁrst e\u0301tude"]),
        ("𝑥 is 𝟜, so x − 4 = 0", "x - 4 = 0", ["x − 4 = 0"]),  # noqa: RUF001 - a minus sign
        ("a b c d", "a ... d", ["a", "d"]),
        ("x = 12, so x = 1", "x = 1", ["x = 1"]),
        ("x = 12", "x = 1", []),
        ("2.5 or 14 or 0,4", "4", []),
        ("漢字です", "字", ["字"]),
        ("a b c d", "d ... a", []),
        ("a b", "", []),
        ("a b", "c", []),
    ],
)
def test_a_quote_has_its_place_in_the_text(text: str, quote: str, found: list[str]) -> None:
    units = text.encode("utf-16-le")  # places are of a browser's strings
    places = MarkedAnswer(text).places(quote)
    assert [units[2 * start : 2 * end].decode("utf-16-le") for start, end in places] == found


def test_the_page_is_json_that_a_browser_reads(desk: Desk) -> None:
    assert json.loads(desk.page().model_dump_json())["answers"][0]["quotes"] is not None
