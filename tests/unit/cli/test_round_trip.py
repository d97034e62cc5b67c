"""From an LMS's download of submissions and back: grades and reports reach whoever handed the scans in, or nobody.

Class lists are made up: equal names, names of other scripts, ids that are somebody else's numbers, missing files, and
people who are missing on the roster or stand there with another spelling.
"""

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from random import Random

import pytest

from aita.cli.files.archives import unpacked
from aita.cli.files.upload_discovery import find_uploads
from aita.models.export import ExportFormat, MoodleKey
from aita.models.student import RosterEntry, Student, Students
from aita.services.assignments.class_list import ClassList
from aita.services.exports.blackboard import export_blackboard
from aita.services.exports.brightspace import export_brightspace
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import call_roll
from aita.services.exports.feedback import feedback
from aita.services.exports.moodle import export_moodle
from tests.support.gradebooks import BLANK, FAILED, GRADED, cell, gradebook
from tests.support.lms_importers import (
    CanvasUser,
    import_canvas,
    import_canvas_feedback,
    import_moodle,
    import_moodle_feedback,
)

STEP = 0.25
SYSTEMS = ("moodle", "canvas", "brightspace", "blackboard")
FIRST = ("Ann", "Ann", "7", "Zoë", "Łukasz", "小明", "Maya", "Jean-Luc", "Ола", "José", "anon", "Nguyễn Văn", "Ann Lee")
LAST = ("Lee", "Lee", "Żółć", "O'Brien", "王", "Lindqvist", "de la Cruz", "Иванова", "Müller", "Exam 7", "12", "Nguyễn")


@dataclass(frozen=True)
class Person:
    """A student of a course; ``user`` is the LMS's own id, ``entry`` the line on the roster."""

    place: int
    first: str
    last: str
    user: int
    entry: RosterEntry | None
    files: dict[int, str]

    @property
    def login(self) -> str:
        """Login name, which the LMS also has of those who are not on the roster."""
        return self.entry.login if self.entry else f"{self.last}{self.place}"

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


def made_up(random: Random, system: str) -> list[Person]:
    size = random.randint(2, 9)
    names = [(random.choice(FIRST), random.choice(LAST)) for _ in range(size)]
    users, numbers = (random.sample(range(100, 100 + 2 * size), size) for _ in range(2))  # one's is often another's
    people = []
    for place, (first, last) in enumerate(names, 1):
        is_only_one = names.count((first, last)) == 1  # else nothing tells a wrong spelling from another person
        user, number = users[place - 1], numbers[place - 1] if random.random() < 0.7 else 900_000 + place
        name = f"{first} {last[:-1]}" if is_only_one and random.random() < 0.1 else f"{first} {last}"
        entry = RosterEntry(
            name=name if random.random() < 0.5 else f"{last}, {first}",
            number=str(number),
            email=f"{place}@x.test",
            login=f"u{place}" if random.random() < 0.8 else f"{first}{place}",
            canvas_id=str(user) if system == "canvas" and random.random() < 0.5 else "",
        )
        count = random.choice((0, 1, 1, 1, 2))
        called = ("exam.pdf", "12_34.pdf", "page_2.jpg", "scan 7.pdf", "LATE_exam.pdf")
        files = {10_000 + 10 * place + each: random.choice(called) for each in range(count)}
        is_listed = not is_only_one or random.random() < 0.9
        people.append(Person(place, first, last, user, entry if is_listed else None, files))
    return people


def download(system: str, people: list[Person], random: Random) -> bytes:
    """Return the archive that an LMS makes of the submissions; each file holds its student's place."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for each in people:
            for file, name in each.files.items():
                match system:
                    case "moodle":
                        path = f"{each.name.replace('_', ' ')}_{each.user}_assignsubmission_file/{file}-{name}"
                    case "canvas":
                        joined = "".join(filter(str.isalnum, f"{each.last}{each.first}")).lower()
                        path = f"{joined}_{random.choice(('', '', 'LATE_'))}{each.user}_{file}_{name}"
                    case "brightspace":
                        path = f"{each.user}-4711 - {each.name} - Oct 1, 2025 1130 AM/{file}-{name}"
                    case _:
                        path = f"Exam 1_{each.login}_attempt_2025-10-01-11-30-00_{file}-{name}"
                archive.writestr(path, f"{each.place}")
    return data.getvalue()


def round_trip(system: str, seed: int, folder: Path) -> int:
    """Take a class there and back; return the number of its reports that arrived, or of grades without reports."""
    random = Random(seed)
    people = made_up(random, system)
    if not any(each.files for each in people):
        return 0
    by_place = {each.place: each for each in people}
    came = folder / "submissions.zip"
    came.write_bytes(download(system, people, random))
    whose: dict[str, int] = {}
    files: dict[str, dict[str, str]] = {}
    with unpacked([came]) as paths:
        for upload in find_uploads(paths).uploads:
            student, file = PurePosixPath(upload.name).parts[1:]
            place = int(upload.path.read_text())
            assert whose.setdefault(student, place) == place, "one folder holds two students' scans"
            files.setdefault(student, {})[f"f-{file}"] = file
    handed_in = {each.place for each in people if each.files}
    assert set(whose.values()) == handed_in, "nobody's scans are lost"

    students = {f"s-{number}": student for number, student in enumerate(files)}
    of_id = {student_id: by_place[whose[student]] for student_id, student in students.items()}
    open_ones = {student_id for student_id in students if random.random() < 0.1}
    cells = [
        each
        for student_id, person in of_id.items()
        for each in (
            cell(student_id, "1a", GRADED, person.place * STEP),
            cell(student_id, "2", FAILED if student_id in open_ones else BLANK),
        )
    ]
    listed = ClassList.match(
        Students(students=tuple(Student(student_id=i, folder=f, files=files[f]) for i, f in students.items())),
        tuple(each.entry for each in people if each.entry),
        (),
        (),
    )
    roll = call_roll(gradebook(cells, decisions=()), listed)
    grades = {each.place: each.place * STEP for each in people}

    numbers = {each.entry.number: each for each in people if each.entry}
    taken = import_moodle(export_moodle(roll, "M", MoodleKey.NUMBER).data, set(numbers))
    assert {key: grade for key, (grade, _) in taken.items()} == {key: grades[numbers[key].place] for key in taken}
    users = [CanvasUser(each.user, each.name, sis_id=each.entry.number) for each in people if each.entry]
    place_of = {each.user: each.place for each in people}
    canvas = import_canvas(export_canvas(roll, "M").data, users, {}).grades
    assert {user: float(grade) for user, grade in canvas.items()} == {user: grades[place_of[user]] for user in canvas}
    for made, key in ((export_brightspace(roll, "M"), "OrgDefinedId"), (export_blackboard(roll, "M"), "Username")):
        for row in csv.DictReader(io.StringIO(made.data.decode())):
            (owner,) = [p for p in people if p.entry and row[key] in (p.entry.number, p.entry.login)]
            assert float(row.get("M") or row["M Points Grade"]) == grades[owner.place]

    if system not in ("moodle", "canvas"):
        return sum(each.entry is not None for each in roll.students)
    to = ExportFormat.MOODLE_FEEDBACK if system == "moodle" else ExportFormat.CANVAS_FEEDBACK
    found = feedback(roll, listed, to, ".pdf")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for student_id, name in found.names.items():
            archive.writestr(name, f"{of_id[student_id].place}")
    if system == "moodle":
        reached = import_moodle_feedback(data.getvalue(), {each.user for each in people})
        received = {user: set(map(int, reports.values())) for user, reports in reached.items()}
    else:
        submitted = {each.user: each.files for each in people}
        given, ignored = import_canvas_feedback(data.getvalue(), submitted)
        assert ignored == []
        received = {user: {int(report) for _, report in reports} for user, reports in given.items()}
    assert received == {user: {place_of[user]} for user in received}, "a report reached somebody else"
    final = {person.user for student_id, person in of_id.items() if student_id not in open_ones}
    assert received.keys() == final, "everybody final has a report"
    return len(received)


@pytest.mark.parametrize("system", SYSTEMS)
def test_grades_and_reports_reach_whoever_handed_in(system: str, tmp_path: Path) -> None:
    assert sum(round_trip(system, seed, tmp_path) for seed in range(60)) > 100


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS)
def test_over_a_thousand_class_lists_nothing_reaches_somebody_else(system: str, tmp_path: Path) -> None:
    assert sum(round_trip(system, 1000 + seed, tmp_path) for seed in range(1000)) > 2000
