"""Pages of a question's answers, each with everything that a decision on it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from aita.concurrency import together
from aita.errors import NotFoundError, RequestError
from aita.models.answer import QuestionAnswer
from aita.models.answer_view import AnswerFilter, AnswerPage, AnswerView, Show, StripView
from aita.models.claim import Claim, ClaimView
from aita.models.exam import Page, Question, Rubric
from aita.models.grade import Cell, CellState
from aita.models.review import PlaceView
from aita.models.scan import StudentScans
from aita.models.second_look import Strip
from aita.ports import ClaimStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.answer_strips import MARGIN
from aita.services.grading.asked_decisions import deciding_rubric
from aita.services.grading.cell_views import proposal_view, question_of, review_line
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.material_versions import rubric_version
from aita.services.grading.quote_places import MarkedAnswer
from aita.services.grading.review_queue import Reviews
from aita.services.grading.spot_checks import is_drawn, is_unchecked

ANSWERS_PAGE = 50
"""Most answers in one response: each has some presigned URLs of up to 2 KB, and a response of Lambda at most 6 MB."""


@dataclass(frozen=True, slots=True)
class AnswerPages:
    """Lists of answers for whoever grades them. Each one reads the present grades."""

    reviews: Reviews
    claims: ClaimStore

    def page(
        self, assignment: str, question_id: str, only: AnswerFilter, limit: int, token: str | None, caller: str
    ) -> AnswerPage:
        """Return up to ``limit`` of a question's answers that fit a filter, and the token of the next page.

        Parameters
        ----------
        caller
            ARN that signed the request: the person who decides.

        Raises
        ------
        MissingMaterialError
            If nothing has been graded.
        NotFoundError
            If the exam has no such question, or the filter is of a student who is not there.
        RequestError
            If the token is not one of this list, or a flag is asked for blindly, or of a spot check.
        """
        if only.sample is not None and only.flag is not None:
            raise RequestError("flag: not with sample, which draws from what nobody flagged: leave one of them out")
        if only.blind and only.flag is not None:
            raise RequestError("flag: not with blind, as it tells the doubts that are withheld: leave one of them out")
        views = self._views(assignment, caller)
        grades = views.grades
        question = grades.question(question_id)
        if only.student is not None and only.student not in grades.student_ids:
            raise NotFoundError(f"student: nobody of this assignment has the id {only.student[:40]!r}")
        cells = [*grades.cells_of(question_id)]
        found = [cell for cell in _after(cells, token) if views.fits(cell, only)]
        return views.answer_page(
            question,
            found[:limit],
            blind=only.blind,
            open_answers=sum(cell.state.is_open for cell in cells),
            next_token=found[limit - 1].cell_id if len(found) > limit else None,
        )

    def show(self, assignment: str, cell_id: str, caller: str, *, blind: bool = False) -> AnswerPage:
        """Return a page with one answer.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        views = self._views(assignment, caller)
        cell = views.grades.cell(cell_id)
        question = question_of(views.grades, cell)
        open_answers = sum(each.state.is_open for each in views.grades.cells_of(cell.question_id))
        return views.answer_page(question, [cell], blind=blind, open_answers=open_answers)

    def _views(self, assignment: str, caller: str) -> "_Views":
        material = self.reviews.material(assignment)
        grades, claims = together(
            lambda: self.reviews.gradebook(material),
            lambda: {claim.cell_id: claim for claim in self.claims.of(assignment)},
        )
        return _Views(material, grades, claims, caller, self.reviews.clock())


@dataclass
class _Views:
    """Material of an assignment, read once for all answers of a page."""

    material: AssignmentFiles
    grades: Gradebook
    claims: Mapping[str, Claim]
    caller: str
    now: datetime

    def fits(self, cell: Cell, only: AnswerFilter) -> bool:
        if only.student not in (None, cell.student_id):
            return False
        if only.sample is not None:
            is_of_sample = is_drawn(self.material.assignment, cell.cell_id, only.sample)
            return is_of_sample and is_unchecked(self.grades, cell)
        has_flag = only.flag is None or any(flag.kind is only.flag for flag in cell.flags)
        shown = {
            Show.OPEN: cell.state.is_open,
            Show.CLOSED: not cell.state.is_open,
            Show.UNSEEN: not self._has_decided(cell),
            Show.ALL: True,
        }
        return has_flag and shown[only.show]

    def answer_page(
        self,
        question: Question,
        cells: Sequence[Cell],
        *,
        blind: bool,
        open_answers: int,
        next_token: str | None = None,
    ) -> AnswerPage:
        rubrics: dict[str, Rubric] = {}
        return AnswerPage(
            question=question,
            points_step=self.grades.exam.points_step,
            answer_key=self.material.answer_keys().get(question.question_id),
            answers=tuple(self._view(cell, rubrics, blind=blind) for cell in cells),
            rubrics=rubrics,
            open_answers=open_answers,
            next_token=next_token,
        )

    def _has_decided(self, cell: Cell, *, on_points: bool = False) -> bool:
        """Return whether the person who asks has decided on a cell; nobody is who signed no request."""
        return any(
            decision.caller == self.caller != "" and not (on_points and decision.points is None)
            for decision in self.grades.decisions(cell.cell_id)
        )

    def _view(self, cell: Cell, rubrics: dict[str, Rubric], *, blind: bool) -> AnswerView:
        graded, answer = self.grades.graded(cell.cell_id), self._answer(cell)
        rubric = self._rubric(graded)
        version = "" if rubric is None else rubric_version(rubric)
        if rubric is not None:
            rubrics[version] = rubric
        claim = self.claims.get(cell.cell_id)
        counts = self.grades.decision(cell.cell_id)
        marked = MarkedAnswer(answer.raw_text)
        view = AnswerView(
            **dict(review_line(self.grades, cell)),
            raw_text=answer.raw_text,
            confidence=answer.confidence,
            read_by_person=answer.read_by_person,
            pages=tuple(self._pages_of(cell.student_id, answer)),
            strips=tuple(self._strips_of(cell.student_id, answer)),
            rubric=version,
            proposal=proposal_view(graded),
            quotes=tuple(marked.places(each.quote) for each in graded.criteria),
            second_look=graded.second_look,
            decisions=self.grades.decisions(cell.cell_id),
            counts=counts.decision_id if counts is not None else "",
            claim=claim_view(claim, self.caller) if claim is not None and claim.until > self.now else None,
        )
        return withheld(view) if blind and not self._has_decided(cell, on_points=True) else view

    def _rubric(self, graded: Cell) -> Rubric | None:
        """Return the rubric by which a person decides; a version is read once for all answers."""
        if graded.rubric not in self._by_version:
            self._by_version[graded.rubric] = (
                deciding_rubric(self.material, graded)
                or self.material.rubric_version(graded.rubric)
                or self._present_rubrics.get(graded.question_id)
            )
        return self._by_version[graded.rubric]

    @cached_property
    def _by_version(self) -> dict[str, Rubric | None]:
        return {}

    @cached_property
    def _present_rubrics(self) -> dict[str, Rubric]:
        return self.material.rubrics()

    @cached_property
    def _pages(self) -> dict[str, tuple[Page, ...]]:
        return self.material.pages()

    @cached_property
    def _scans(self) -> dict[str, StudentScans]:
        return self.material.scans()

    @cached_property
    def _strips(self) -> dict[str, tuple[Strip, ...]]:
        return self.material.strips()

    def _answer(self, cell: Cell) -> QuestionAnswer:
        student = self.grades.answers.get(cell.student_id)
        nothing = QuestionAnswer(question_id=cell.question_id)
        return student.by_question().get(cell.question_id, nothing) if student is not None else nothing

    def _pages_of(self, student_id: str, answer: QuestionAnswer) -> list[PlaceView]:
        pages = {page.page: page for page in self._pages.get(student_id, ())}
        scans = self._scans.get(student_id, StudentScans())
        return [
            PlaceView(
                **dict(place),
                url=self.material.objects.presign_get(page.key, f"page-{page.page}.jpg"),
                masked=scans.masked_on(page.page),
                source=object_keys.source_of_page(page.key),
            )
            for place in answer.pages
            if (page := pages.get(place.page)) is not None  # split may have run again since
        ]

    def _strips_of(self, student_id: str, answer: QuestionAnswer) -> list[StripView]:
        """Return the strips within the answer's places: whatever was cut for a second look or a second reading."""
        found: dict[str, Strip] = {}
        for place in answer.pages:
            for strip in self._strips.get(student_id, ()):
                inside = place.top - MARGIN <= strip.top and strip.bottom <= place.bottom + MARGIN
                if strip.page == place.page and strip.sha256 and inside:
                    found[strip.key] = strip
        return [
            StripView(
                page=strip.page,
                top=strip.top,
                bottom=strip.bottom,
                url=self.material.objects.presign_get(strip.key, f"page-{strip.page}.jpg"),
                width=strip.width,
                height=strip.height,
            )
            for strip in found.values()
        ]


def withheld(view: AnswerView) -> AnswerView:
    """Return an answer without what somebody, or a model, thinks of it, for a person who has yet to decide."""
    return view.model_copy(
        update={
            "state": CellState.NEEDS_REVIEW,
            "points": None,
            "flags": (),
            "reason": "",
            "confidence": None,
            "proposal": None,
            "quotes": (),
            "second_look": None,
            "decisions": (),
            "counts": "",
            "hidden": True,
        }
    )


def claim_view(claim: Claim, caller: str, window: str | None = None) -> ClaimView:
    """Return a claim as a person sees it; without a window, a claim in any window of theirs is theirs."""
    mine = claim.caller == caller and window in (None, claim.window)
    return ClaimView(cell_id=claim.cell_id, by=claim.by, mine=mine, until=claim.until)


def _after(cells: Sequence[Cell], token: str | None) -> Sequence[Cell]:
    """Return the cells after the last one of a page, whose id is the token; that cell may be decided by now."""
    if token is None:
        return cells
    for place, cell in enumerate(cells, 1):
        if cell.cell_id == token:
            return cells[place:]
    raise RequestError("next_token is not one that this list gave")
