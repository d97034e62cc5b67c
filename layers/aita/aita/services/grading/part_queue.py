"""Queue of unplaced parts of pages, and people's decisions about them."""

import logging
from dataclasses import dataclass

from aita.concurrency import map_concurrently
from aita.errors import ConflictError, RequestError
from aita.models.exam import ExamSpec
from aita.models.grade import question_version
from aita.models.ledger import Part
from aita.models.names import check_assignment
from aita.models.part_decision import PartAction, PartDecision
from aita.models.part_review import PartDecisionPage, PartDecisionRequest, PartDecisions, PartPage, PartView
from aita.ports import Clock, DecisionStore, ObjectStore
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.deciding_person import name_of
from aita.services.grading.decision_conflicts import earliest_after, next_id
from aita.services.grading.part_counterparts import StudentPart, counterparts
from aita.services.grading.part_views import PartViews
from aita.version import VERSION

logger = logging.getLogger(__name__)

_OPENING, _OTHER = "opening", "other"  # the groups of the list, in tokens

_WRITERS = 8  # concurrent writes of a class's decisions


@dataclass(frozen=True, slots=True)
class PartQueue:
    """Operations on unplaced parts. Each one reads the present ledger; no separate queue is stored."""

    objects: ObjectStore
    decisions: DecisionStore
    clock: Clock

    def list(self, assignment: str, limit: int, token: str | None) -> PartPage:
        """Return up to ``limit`` unplaced parts, those that open answers first, and the token of the next page.

        Raises
        ------
        MissingMaterialError
            If there are no questions.
        RequestError
            If the token is not one of this list.
        """
        views = self._views(assignment)
        rest = _after(views, token)
        page = rest[:limit]
        return PartPage(
            parts=tuple(views.view(*each) for each in page),
            open_parts=sum(bool(views.opens(*each)) for each in views.all()),
            next_token=_token(views, *page[-1]) if len(rest) > limit else None,
        )

    def show(self, assignment: str, part_id: str) -> PartView:
        """Return an unplaced part with all material for a decision about it.

        Raises
        ------
        NotFoundError
            If no unplaced part has this id.
        ConflictError
            If several have it, on copies of one picture.
        """
        views = self._views(assignment)
        return views.view(*views.find(part_id))

    def decide(self, assignment: str, part_id: str, asked: PartDecisionRequest, caller: str = "") -> PartDecisions:
        """Record a person's decision about a part and, if it is for the class, about its undecided counterparts.

        Parameters
        ----------
        caller
            ARN that signed the request; empty if it is unknown.

        Raises
        ------
        NotFoundError
            If no unplaced part has this id.
        RequestError
            If the question is missing, unknown or not asked for, or the part's exam page is not known.
        ConflictError
            If the part or the last decision about it has changed since the person saw it, or several parts have its id.
        """
        views = self._views(assignment)
        seen = views.find(part_id)
        if asked.basis != views.basis(*seen):
            raise _changed(views, seen)
        question = _wording(asked, views.exam)
        others = counterparts(seen, views.undecided(), views.material.scans()) if asked.for_class else ()
        now = self.clock()
        decision, *more = [
            PartDecision(
                decision_id=next_id(f"{student_id} {part.part_id}", views.history(student_id, part)),
                part_id=part.part_id,
                student_id=student_id,
                action=asked.action,
                question_id=asked.question_id,
                question=question,
                alike="" if (student_id, part) == seen else part_id,
                why=asked.why,
                by=asked.by or name_of(caller),
                caller=caller,
                at=max([now, *map(earliest_after, views.history(student_id, part)[-1:])]),
                basis=views.basis(student_id, part),
                aita=VERSION,
            )
            for student_id, part in (seen, *others)
        ]
        try:
            self.decisions.add_on_part(assignment, decision)  # first: of people who decide at once it finds the one
        except ConflictError:
            raise _changed(self._views(assignment), seen) from None
        taken = map_concurrently(lambda each: self._is_added(assignment, each), more, _WRITERS)
        made = [each for each, is_taken in zip(more, taken, strict=True) if is_taken]
        logger.info("decided on %s and %d parts like it: %s", part_id, len(made), asked.action)
        return PartDecisions(decisions=(decision, *made))

    def decided(self, assignment: str, limit: int, token: str | None) -> PartDecisionPage:
        """Return up to ``limit`` of an assignment's decisions about parts, and the token of the next page."""
        decisions, following = self.decisions.page_on_parts(check_assignment(assignment), limit, token)
        return PartDecisionPage(decisions=tuple(decisions), next_token=following)

    def _is_added(self, assignment: str, decision: PartDecision) -> bool:
        """Add a decision about a part; return whether nobody else has decided on it meanwhile, whose decision stays."""
        try:
            self.decisions.add_on_part(assignment, decision)
        except ConflictError:
            return False
        return True

    def _views(self, assignment: str) -> PartViews:
        material = AssignmentFiles(self.objects, check_assignment(assignment), self.decisions)
        return PartViews(material, self.decisions)


def _changed(views: PartViews, seen: StudentPart) -> ConflictError:
    """Return the error about a part that is no longer as a person saw it, with the last decision about it."""
    part_id, history = seen[1].part_id, views.history(*seen)
    last = f"; {history[-1].by} decided on it last, at {history[-1].at:%Y-%m-%d %H:%M} UTC" if history else ""
    return ConflictError(
        f"{part_id} was decided, or its page was transcribed anew, since you looked at it{last}: look again "
        f"(aita review part {part_id} --assignment {views.material.assignment})"
    )


def _after(views: PartViews, token: str | None) -> list[StudentPart]:
    """Return the parts after the last one of a page, which the token names together with its group.

    That part may be decided by now: then the list goes on with the parts that open answers all the same.
    """
    parts = [*views.all()]
    behind, group = parts, _OPENING
    if token is not None:
        group, *names = token.split(".", 2)
        place = next(
            (place for place, (student_id, part) in enumerate(parts) if [student_id, part.part_id] == names), None
        )
        if place is None or group not in (_OPENING, _OTHER):
            raise RequestError("next_token is not one that this list gave")
        behind = parts[place + 1 :]
    if group == _OTHER:
        return [each for each in behind if not views.opens(*each)]
    opening = [each for each in behind if views.opens(*each)]
    return [*opening, *(each for each in parts if not views.opens(*each))]


def _token(views: PartViews, student_id: str, part: Part) -> str:
    return f"{_OPENING if views.opens(student_id, part) else _OTHER}.{student_id}.{part.part_id}"


def _wording(asked: PartDecisionRequest, exam: ExamSpec) -> str:
    """Return the version of the wording of the question that a part is to belong to; empty for other actions."""
    if asked.action is not PartAction.BELONGS:
        if asked.question_id is not None:
            raise RequestError(f"question_id goes with the action {PartAction.BELONGS} alone: leave it out")
        return ""
    for question in exam.questions:
        if question.question_id == asked.question_id:
            return question_version(question)
    ids = ", ".join(question.question_id for question in exam.questions)
    raise RequestError(f"question_id: name the question that the part belongs to, one of {ids}")
