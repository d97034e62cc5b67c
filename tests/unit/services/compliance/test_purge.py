"""A purge that stops anywhere, with whatever it was deleting half deleted: the next one finds and deletes the rest."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from aita.errors import NotFoundError, StorageError
from aita.memory.objects import MemoryObjects
from aita.models.decision import DecisionAction
from aita.models.grade import cell_id
from aita.models.match import MatchAction, MatchRequest
from aita.models.review import DecisionRequest
from aita.models.student import Student
from aita.ports import StoredObject, StoredRow, StoredVersion
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.match_decisions import RosterMatches
from aita.services.compliance.purge import Purger, Traces
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, Harness, right
from tests.support.ledgers import on_part, part

ANN, BOB = "Ann Lee", "Bob Xylander"
SAID = "1a. xylophones"


@dataclass
class Kept:
    """A bucket that keeps versions, and a table: each deletion and each writing may fail half way."""

    harness: Harness
    objects: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    left: int = -1
    """How many more changes go well, if not all."""

    def __post_init__(self) -> None:
        self.gone: set[StoredRow] = set()
        for key, data in self.harness.objects.data.items():
            self.objects[key] = [("1", data), ("2", data)]

    def _fails(self) -> bool:
        self.left -= 1
        return self.left == -1

    def get(self, key: str) -> bytes:
        return self._now().get(key)

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        return self._now().get_with_etag(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self._now().list(prefix)

    def put(self, key: str, data: bytes, content_type: str = "") -> None:
        if self._fails():
            raise StorageError("not written")
        self.objects.setdefault(key, []).append((str(len(self.objects[key]) + 10), data))

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        for key, some in list(self.objects.items()):
            if key.startswith(prefix):
                for number, (version, data) in enumerate(some, 1):
                    etag = next(each.etag for each in MemoryObjects(data={key: data}).list(key))
                    yield StoredVersion(key, version, etag, number == len(some))

    def read(self, version: StoredVersion) -> bytes:
        return dict(self.objects.get(version.key, ())).get(version.version_id, b"")

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        fails = self._fails()
        for each in versions[::2] if fails else versions:
            kept = [one for one in self.objects[each.key] if one[0] != each.version_id]
            self.objects[each.key] = kept
            if not kept:
                del self.objects[each.key]
        if fails:
            raise StorageError("S3 keeps some")

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        decided = (decision for decision in self.harness.decisions.all(assignment))
        rows = [StoredRow("A", "RUN", run) for run in self.harness.runs.rows]
        rows += [StoredRow("A", "DECISION", f"{each.cell_id}#{each.decision_id}") for each in decided]
        on_parts = self.harness.decisions.on_parts(assignment)
        rows += [StoredRow("A", "PART", f"{each.part_id}#{each.decision_id}") for each in on_parts]
        matched = self.harness.decisions.matches(assignment)
        rows += [StoredRow("A", "MATCH", f"{each.student_id}#{each.decision_id}") for each in matched]
        return iter([row for row in rows if row not in self.gone])

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        rows = [
            StoredRow(run_id, "META"),
            *(StoredRow(run_id, "TASK", t) for t in self.harness.tasks.data.get(run_id, ())),
        ]
        return iter([row for row in rows if row not in self.gone])

    def delete(self, rows: Sequence[StoredRow]) -> None:
        fails = self._fails()
        self.gone.update(rows[::2] if fails else rows)
        if fails:
            raise StorageError("not all rows")

    def _now(self) -> MemoryObjects:
        return MemoryObjects(data={key: some[-1][1] for key, some in self.objects.items()})

    def holding(self, *needles: str) -> set[str]:
        """Return the keys of what has one of these, in whatever version."""
        texts = [(key, key.encode() + data) for key, some in self.objects.items() for _, data in some]
        return {key for key, text in texts if any(needle.encode() in text for needle in needles)}


@pytest.fixture(scope="module")
def graded() -> Harness:
    """Two students, graded, without a blank exam, so that pages of one stand in for it."""
    harness = Harness()
    harness.put("roster.csv", "Student Name,Email\nSomebody Else,e@x.test\n")
    harness.put(f"scans/{ANN}/1.jpg", b"one")
    harness.put(f"scans/{BOB}/1.jpg", b"other")
    harness.model.otherwise = lambda request: right(request, text=f"{SAID}\n1b. five\n2. a cell")
    harness.run("extract-questions")
    assert any("/exam/" in key for key in harness.objects.data)
    harness.exam()
    harness.run("rubric")
    harness.run("transcribe")
    assert len([key for key in harness.objects.data if "/heads/" in key]) == 2, "nobody knew who they are"
    harness.put("roster.csv", f"Student Name,Email\n{ANN},a@x.test\n{BOB},b@x.test\n")
    harness.run("transcribe")
    harness.run("grade")
    ids = [student["student_id"] for student in harness.artifact("students.json")["students"]]
    harness.put("ledger.json", {student_id: {"parts": [part(f"p-{student_id}", "1a")]} for student_id in ids})
    for number, student_id in enumerate(ids):
        harness.decisions.add_on_part(ASSIGNMENT, on_part(f"p-{student_id}", student_id, decision_id=f"d-{number}"))
    harness.run("grade", see="always", readings=2, enable_checkpointing=False)
    assert {*harness.artifact("strips.json")} == {*ids}, "all were seen on their pages"
    assert {*harness.artifact("readings.json")} == {*ids}, "all were read twice"
    return harness


def purger(kept: Kept) -> Purger:
    harness = kept.harness
    # Of an object store it has what purging calls, and not the rest.
    return Purger(kept, kept, kept, harness.runs, harness.decisions, harness.clock)  # type: ignore[arg-type]


def changes(harness: Harness, look: Callable[[Purger], Traces]) -> int:
    kept = Kept(harness)
    purging = purger(kept)
    purging.erase(look(purging))
    return -1 - kept.left


def interrupted(harness: Harness, look: Callable[[Purger], Traces]) -> Iterator[Kept]:
    """Yield what two purges leave, of which the first failed at one change: at each in turn."""
    count = changes(harness, look)
    assert count > 3
    for stop in range(count):
        kept = Kept(harness, left=stop)
        purging = purger(kept)
        with pytest.raises(StorageError):
            purging.erase(look(purging))
        kept.left = -1
        try:
            purging.erase(look(purging))
        except NotFoundError:
            assert stop == count - 1, f"after change {stop} nobody is found"
        yield kept


@pytest.mark.slow
def test_an_assignments_purge_finishes_wherever_it_stopped(graded: Harness) -> None:
    for kept in interrupted(graded, lambda purging: purging.of_assignment(ASSIGNMENT)):
        assert kept.objects == {}
        assert all(row in kept.gone for run in graded.runs.rows for row in Kept(graded).of_run(run))
        assert not list(kept.of_assignment(ASSIGNMENT))


@pytest.mark.slow
@pytest.mark.parametrize("by", ["folder", "student_id"])
@pytest.mark.parametrize("folder", [ANN, BOB])
def test_a_students_purge_finishes_wherever_it_stopped(graded: Harness, folder: str, by: str) -> None:
    students = graded.artifact("students.json")["students"]
    (student,) = (each for each in students if each["folder"] == folder)
    whole = Kept(graded)
    purging = purger(whole)
    purging.erase(purging.of_student(ASSIGNMENT, purging.student(ASSIGNMENT, student[by])))
    assert len(whole.gone) > 2
    assert [row.name.partition("#")[0] for row in whole.gone if row.kind == "PART"] == [f"p-{student['student_id']}"]

    def look(purging: Purger) -> Traces:
        return purging.of_student(ASSIGNMENT, purging.student(ASSIGNMENT, student[by]))

    for kept in interrupted(graded, look):
        assert kept.holding(student["student_id"], f"scans/{folder}") == set()
        assert not [key for key in kept.holding(folder) if key.startswith(f"{ASSIGNMENT}/")]
        assert kept.gone == whole.gone
        assert kept.objects.keys() == whole.objects.keys()
        assert kept.holding({ANN: BOB, BOB: ANN}[folder])


CYD = "Cyd Fox"


@pytest.fixture(scope="module")
def matched(graded: Harness) -> Harness:
    """A third student, whose folder a person matched with the roster."""
    graded.put("roster.csv", f"Student Name,Email\n{ANN},a@x.test\n{BOB},b@x.test\n{CYD},c@x.test\n")
    graded.put("scans/scan 9/1.jpg", b"third")
    for pipeline in ("transcribe", "grade"):
        graded.run(pipeline)
    (line,) = [each.version for each in AssignmentFiles(graded.objects, ASSIGNMENT).roster() or () if each.name == CYD]
    request = MatchRequest(action=MatchAction.MATCH, line=line, by="Ada")
    RosterMatches(graded.objects, graded.decisions, graded.clock).decide(ASSIGNMENT, student_of(graded), request)
    return graded


def student_of(harness: Harness, folder: str = "scan 9") -> str:
    (found,) = [each for each in harness.artifact("students.json")["students"] if each["folder"] == folder]
    return str(found["student_id"])


@pytest.mark.slow
def test_the_line_that_a_person_gave_to_a_student_is_purged_wherever_it_stopped(matched: Harness) -> None:
    student_id = student_of(matched)
    for kept in interrupted(matched, lambda purging: purging.of_student(ASSIGNMENT, find(purging, student_id))):
        assert kept.holding(student_id, CYD) == set()
        assert any(row.kind == "MATCH" for row in kept.gone)
        assert kept.holding(ANN)


def find(purging: Purger, wanted: str) -> Student:
    return purging.student(ASSIGNMENT, wanted)


def test_a_student_is_found_by_the_name_that_a_person_gave_them_and_by_no_likeness(matched: Harness) -> None:
    assert find(purger(Kept(matched)), CYD).student_id == student_of(matched)


def test_nobody_is_purged_by_a_name_that_is_only_close(matched: Harness) -> None:
    """The folder's student would be deleted, and the other's line of the roster with them."""
    kept = Kept(matched)
    roster = f"Student Name,Email\n{ANN},a@x.test\nBob Xylandar,b@x.test\n"
    kept.objects[f"{ASSIGNMENT}/roster.csv"] = [("1", roster.encode())]
    with pytest.raises(NotFoundError):
        find(purger(kept), "Bob Xylandar")
    student = find(purger(kept), BOB)
    purger(kept).erase(purger(kept).of_student(ASSIGNMENT, student))
    assert kept.holding("Bob Xylandar") == {f"{ASSIGNMENT}/roster.csv"}


def test_a_text_that_a_person_corrected_is_purged_with_its_student(graded: Harness) -> None:
    wrote = "what Ann really wrote"
    students = graded.artifact("students.json")["students"]
    (student_id,) = (each["student_id"] for each in students if each["folder"] == ANN)
    reviews, cell = Reviews(graded.objects, graded.decisions, graded.clock), cell_id(student_id, "1a")
    basis = reviews.show(ASSIGNMENT, cell).basis
    asked = DecisionRequest(action=DecisionAction.CORRECT, transcription=wrote, by="Ada", basis=basis)
    made = reviews.decide(ASSIGNMENT, cell, asked)
    graded.run("grade")
    kept = Kept(graded)
    assert kept.holding(wrote), "graders are shown it"
    purging = purger(kept)
    purging.erase(purging.of_student(ASSIGNMENT, purging.student(ASSIGNMENT, ANN)))
    assert kept.holding(wrote) == set()
    assert StoredRow("A", "DECISION", f"{cell}#{made.decision_id}") in kept.gone


def test_a_booklet_of_a_pile_goes_and_the_pile_stays() -> None:
    """The pile has everybody's pages: it is the person's to delete, as the command says."""
    harness = Harness()
    harness.put("piles.json", {"pages": 2})
    harness.put("piles/class.pdf", b"a|b|c|d")
    harness.run("transcribe")
    before = harness.artifact("booklets.json")["booklets"]
    (purged, kept_pages) = ([page["key"] for page in booklet["pages"]] for booklet in before)
    kept = Kept(harness)
    purging = purger(kept)
    purging.erase(purging.of_student(ASSIGNMENT, purging.student(ASSIGNMENT, "booklet-class-0001")))
    assert not kept.objects.keys() & {*purged}
    assert kept.objects.keys() >= {*kept_pages, f"{ASSIGNMENT}/piles/class.pdf"}
    left = json.loads(kept.objects[f"{ASSIGNMENT}/booklets.json"][-1][1])["booklets"]
    assert left == before[1:]
