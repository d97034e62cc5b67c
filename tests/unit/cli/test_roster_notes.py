"""What people are told of students, in a run's summary and at an upload."""

from aita.cli.views.roster_notes import student_lines
from aita.models.student import Student, Students


def test_who_has_no_page_that_could_be_read_is_named() -> None:
    students = Students(
        students=(
            Student(
                student_id="s-1", folder="Ann", match="exact", roster_name="Ann Lee", files={"a": "1.jpg", "b": "2.jpg"}
            ),
            Student(student_id="s-2", folder="Bo", match="none", files={"c": "1.jpg", "d": "2.jpg"}),
            Student(student_id="s-3", folder="Cy", match="exact", files={"e": "1.jpg"}),
            Student(student_id="s-4", folder="Di", match="exact"),
        )
    )
    assert list(student_lines(students, {"a", "b", "d", "None"})) == [
        "not on the roster: Bo",
        "no page could be read of: Ann Lee",
    ]


def test_a_booklet_that_nobody_has_named_is_not_a_stranger_to_the_roster() -> None:
    folders = ("booklet-class-0001", "booklet of Bo", "booklet-class-0005")
    students = tuple(Student(student_id=folder, folder=folder, match="none") for folder in folders)
    assert list(student_lines(Students(students=students))) == [
        "of nobody yet: booklet-class-0001; booklet-class-0005",
        "not on the roster: booklet of Bo",
    ]


def test_many_names_are_cut() -> None:
    (line,) = student_lines(Students(missing=tuple(f"n{number}" for number in range(40))))
    assert line.endswith("; n29; and 10 more, see students.json")
