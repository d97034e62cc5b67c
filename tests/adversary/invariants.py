"""Invariants: each one returns its violations in a class as it is now.

A message names the student by the place of their folder, as names are made up, and the question by its id.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from aita.errors import AitaError
from aita.models.grade import Cell, StudentGrades
from aita.services.grading.gradebook import Gradebook
from tests.adversary.classes import Sitter
from tests.adversary.session import Place, Session
from tests.adversary.totals import Told, exports, recounted, told_totals
from tests.support import fakes

_EXACT = 0.005


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation, and the cells that it concerns; none if it concerns a whole student or the class."""

    invariant: str
    message: str
    places: tuple[Place, ...] = ()


def gradebook(session: Session) -> Gradebook | None:
    """Return the class's gradebook; None if there is nothing to be told, as the material is refused."""
    try:
        book = session.book()
    except AitaError:
        return None
    return book if book.students else None


def cells(session: Session, book: Gradebook) -> Iterator[tuple[Sitter, Cell]]:
    """Yield the cells of students who have a folder."""
    for student_id, sitter in session.sitters().items():
        if student_id in book.students:
            for cell in book.students[student_id].cells:
                yield sitter, cell


def no_wrong_grade(session: Session, book: Gradebook) -> Iterator[Violation]:
    """Yield each closed cell that has other points than the answer deserves, or than a person set."""
    for sitter, cell in cells(session, book):
        place = sitter.name, cell.question_id
        if cell.state.is_open or place in session.untold:
            continue
        deserved = session.decided.get(place)
        if deserved is None:
            if book.decision(cell.cell_id) is not None:
                continue
            if place not in session.unknowable:
                deserved = session.exam_class.truth(sitter, cell.question_id)
        if deserved is None or cell.points is None or abs(cell.points - deserved) > _EXACT:
            says = "nobody can know" if deserved is None else f"{deserved:g} is right"
            yield Violation("wrong", f"{_named(place)}: {cell.state} with {cell.points:g} points, {says}", (place,))


def no_open_cell_without_a_reason(session: Session, book: Gradebook) -> Iterator[Violation]:
    """Yield each open cell that says nothing of why."""
    for sitter, cell in cells(session, book):
        if cell.state.is_open and not cell.flags and not cell.reason:
            place = sitter.name, cell.question_id
            yield Violation("unexplained", f"{_named(place)}: {cell.state} without a reason", (place,))


def equal_totals(session: Session, book: Gradebook) -> Iterator[Violation]:
    """Yield each total that differs between the places where it is told, or stands in another person's row."""
    made = exports(session, book)
    yield from _totals_by_the_exam(session, book)
    for problem in recounted(session):
        yield Violation("totals", f"recount of the audit bundle: {problem}")
    grades = _grades_by_whose(session, book)
    for told in told_totals(session, book, made):
        if (difference := _difference(told, grades.get(_words(told.whose), []))) is not None:
            yield Violation("totals", difference)


def _totals_by_the_exam(session: Session, book: Gradebook) -> Iterator[Violation]:
    """Yield each total that no selection of as many questions as count comes to, or that is out of something else."""
    exam = session.exam_class.exam()
    worth = {each["question_id"]: each["points"] for each in exam["questions"]}
    chosen = {question_id for choice in exam["choices"] for question_id in choice["of"]}
    out_of = sum(
        each["points"] for each in exam["questions"] if not each["bonus"] and each["question_id"] not in chosen
    )
    out_of += sum(choice["choose"] * worth[choice["of"][0]] for choice in exam["choices"])
    for number, grades in enumerate(book.students.values(), 1):
        closed = {cell.question_id: cell.points or 0.0 for cell in grades.cells if not cell.state.is_open}
        points = sum(closed[each] for each in closed if each not in chosen)
        for choice in exam["choices"]:
            selections = combinations([closed.get(each, 0.0) for each in choice["of"]], choice["choose"])
            points += max(map(sum, selections))
        if abs(points - grades.points) > _EXACT or abs(out_of - grades.out_of) > _EXACT:
            told, right = f"{grades.points:g} of {grades.out_of:g}", f"{points:g} of {out_of:g}"
            yield Violation("totals", f"student {number}: {told}, and by the exam it is {right}")


def _grades_by_whose(session: Session, book: Gradebook) -> dict[frozenset[str], list[StudentGrades]]:
    """Return the grades of each student, by the words of the number, the name and the folder."""
    found: dict[frozenset[str], list[StudentGrades]] = {}
    for student_id, sitter in session.sitters().items():
        if student_id in book.students:
            for whose in {_words(each) for each in (sitter.number, sitter.name, sitter.folder)}:
                found.setdefault(whose, []).append(book.students[student_id])
    return found


def _words(name: str) -> frozenset[str]:
    return frozenset(name.replace(",", " ").replace("_", " ").split())


def _difference(told: Told, of_student: list[StudentGrades]) -> str | None:
    """Return how a total differs from those of a student, who may have two folders; None if it is one of these."""
    if not of_student:
        return f"{told.where} has {told.points:g} points for somebody who handed in nothing"
    if any(told.final == each.final and abs(told.points - each.points) <= _EXACT for each in of_student):
        return None
    right = " or ".join(f"{each.points:g} (final={each.final})" for each in of_student)
    return f"{told.where} has {told.points:g} points (final={told.final}) for a student with {right}"


def everything_accounted_for(session: Session, book: Gradebook) -> Iterator[Violation]:
    """Yield each folder that is neither in an export nor among those left out, and each page that went missing."""
    students = session.material().students()[0].students
    known = {each.folder: each for each in students}
    for form, export in exports(session, book).items():
        listed = " / ".join(each.name for each in export.left_out)
        written = export.data.decode("utf-8-sig")
        for folder in sorted(session.uploaded_folders()):
            sitter = session.owners[folder]
            student = known.get(folder)
            is_graded = student is not None and student.student_id in book.students
            is_left_out = folder in listed or sitter.name in listed
            if not is_left_out and not (is_graded and (_has(written, sitter) or form == "jsonl")):
                yield Violation("unaccounted", f"{form}: a folder is neither written nor listed as left out")
    pages, scans = session.material().pages(), session.material().scans()
    for student in students:
        split, found = len(pages.get(student.student_id, ())), scans.get(student.student_id)
        if found is not None and len(found.ink) != split:
            yield Violation("unaccounted", f"{split} pages of a student, and the ink of {len(found.ink)}")


def _has(written: str, sitter: Sitter) -> bool:
    words = _words(sitter.folder)
    return sitter.number in written or sitter.name in written or all(word in written for word in words)


def no_name_for_graders(session: Session, book: Gradebook) -> Iterator[Violation]:
    """Yield each student whose name a grader was shown."""
    texts = {fakes.answer_of(request) for request in session.stages.model.requests if request.schema_name == "Grading"}
    for sitter in session.exam_class.students:
        if any(sitter.name in text or sitter.number in text for text in texts):
            yield Violation("named", f"{sitter.name}: a grader was shown the name or the number")


AT_EACH_MOMENT: tuple[Callable[[Session, Gradebook], Iterator[Violation]], ...] = (
    no_wrong_grade,
    no_open_cell_without_a_reason,
)

AT_THE_END = (equal_totals, everything_accounted_for, no_name_for_graders)


def open_places(session: Session, book: Gradebook) -> set[Place]:
    """Return the open cells."""
    return {(sitter.name, cell.question_id) for sitter, cell in cells(session, book) if cell.state.is_open}


def touched_only(opened: set[Place], session: Session) -> Iterator[Violation]:
    """Yield each open cell that the mishaps may not touch.

    Without a blank exam a page may belong anywhere, so that a mishap to a student's page touches all of their cells,
    and an empty sheet can't be told from one that was not read.
    """
    students: set[str] = set()
    if not session.exam_class.has_blank_exam:
        sheets = (
            each.name
            for each in session.exam_class.students
            if any(page.exam_page is None for *_, page in each.pages())
        )
        students = {*sheets, *(name for name, _ in session.touched)}
    for place in sorted(each for each in opened - session.touched if each[0] not in students):
        yield Violation("untouched", f"{_named(place)}: open, and no mishap touches it", (place,))


def _named(place: Place) -> str:
    return f"{place[0]}, question {place[1]}"
