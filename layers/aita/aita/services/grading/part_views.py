"""Views of unplaced parts of pages, for the person who decides about them."""

from collections.abc import Iterator

from aita.errors import ConflictError, NotFoundError
from aita.models.ledger import Part
from aita.models.part_decision import PartDecision
from aita.models.part_review import PartView
from aita.models.scan import StudentScans
from aita.models.transcription import Line
from aita.ports import DecisionStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.material_versions import digest
from aita.services.grading.part_counterparts import StudentPart
from aita.services.grading.unplaced_parts import lines_of


class PartViews:
    """Present unplaced parts of an assignment, and the answers that they open. The material is read once."""

    def __init__(self, material: AssignmentFiles, decisions: DecisionStore) -> None:
        self.material = material
        self._pages = material.pages()
        self._scans = material.scans()
        self._transcriptions = material.transcriptions()
        grades = Gradebook.of(material, decisions.all(material.assignment))
        self.exam, self._parts = grades.exam, grades.parts
        self._cell_ids = {cell.cell_id for cell in grades.cells()}
        self._closed = {(cell.student_id, cell.question_id) for cell in grades.cells() if not cell.state.is_open}
        self._question_ids = tuple(question.question_id for question in self.exam.questions)

    def all(self) -> Iterator[StudentPart]:
        """Yield all unplaced parts, student by student."""
        return ((student_id, part) for student_id, parts in self._parts.parts.items() for part in parts)

    def undecided(self) -> Iterator[StudentPart]:
        """Yield the undecided parts, student by student."""
        return ((student_id, part) for student_id in self._parts.parts for part in self._parts.undecided(student_id))

    def find(self, part_id: str) -> StudentPart:
        """Return an unplaced part by its id.

        Raises
        ------
        NotFoundError
            If no unplaced part has this id.
        ConflictError
            If several have it, on copies of one picture.
        """
        found = [(student_id, part) for student_id, part in self.all() if part.part_id == part_id]
        if not found:
            assignment = self.material.assignment
            if part_id in self._cell_ids:
                raise NotFoundError(
                    f"{part_id} is an answer, and no part of a page: "
                    f"'aita review show {part_id} --assignment {assignment}' shows it"
                )
            raise NotFoundError(
                f"there is no part {part_id[:40]!r} of a page that belongs to no answer: "
                f"'aita review parts --assignment {assignment}' lists the parts' ids"
            )
        if len(found) > 1:
            raise ConflictError(
                f"{part_id} stands on {len(found)} copies of one picture: leave the picture once, in the folder of the "
                f"student whose page it is, and transcribe again (aita transcribe --assignment "
                f"{self.material.assignment})"
            )
        return found[0]

    def opens(self, student_id: str, part: Part) -> tuple[str, ...]:
        """Return the questions whose answers are open beside a part, in the exam's order."""
        if self._decision(student_id, part) is not None:
            return ()
        named = (each for each in self._question_ids if each in part.opens)
        return tuple(each for each in named if (student_id, each) not in self._closed)

    def history(self, student_id: str, part: Part) -> tuple[PartDecision, ...]:
        """Return all decisions about a part, from the oldest to the newest."""
        return self._parts.history(student_id, part.part_id)

    def basis(self, student_id: str, part: Part) -> str:
        """Return the version of a part, with its lines and the last decision about it."""
        history = self.history(student_id, part)
        last = history[-1].decision_id if history else ""
        lines = [line.text for line in self._lines(student_id, part)]
        return digest([part.model_dump(mode="json"), lines, last])

    def view(self, student_id: str, part: Part) -> PartView:
        """Return a part with all material for a decision about it."""
        page = next((page for page in self._pages.get(student_id, ()) if page.page == part.page), None)
        return PartView(
            part_id=part.part_id,
            student_id=student_id,
            page=part.page,
            top=part.top,
            bottom=part.bottom,
            lines=self._lines(student_id, part),
            ink=part.ink,
            opens=self.opens(student_id, part),
            question_ids=self._question_ids,
            counts=self._decision(student_id, part),
            decisions=self.history(student_id, part),
            basis=self.basis(student_id, part),
            masked=self._scans.get(student_id, StudentScans()).masked_on(part.page),
            source=object_keys.source_of_page(page.key) if page is not None else None,
            url=self.material.objects.presign_get(page.key, f"page-{page.page}.jpg") if page is not None else None,
        )

    def _decision(self, student_id: str, part: Part) -> PartDecision | None:
        return self._parts.decision(student_id, part.part_id)

    def _lines(self, student_id: str, part: Part) -> tuple[Line, ...]:
        return lines_of(part, self._transcriptions.get(student_id, ()))
