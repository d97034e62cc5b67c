"""The sample exam's reports as files, with words that fit on no line and text that wants to run."""

from pathlib import Path

from aita.models.grade import Cell
from aita.models.review_flags import FlagKind
from tests.support.fakes import ASSIGNMENT, Harness
from tests.support.report_exam import IDS, failed, graded, needs_review, put_grades, with_cell

LONG = "a" * 300
LONG_ID = "a question with an id of forty letters ."


def write_reports(folder: Path) -> dict[str, Path]:
    """Write the class report, two students' reports and a transcription report; return their paths."""
    harness = Harness()
    grades = graded(harness)
    maya, ines = IDS["Maya Lindqvist"], IDS["ines munoz tarres"]
    criteria = tuple(each.model_copy(update={"quote": LONG, "reason": LONG}) for each in grades[maya]["1b"].criteria)
    with_cell(grades, "Maya Lindqvist", "1b", criteria=criteria, feedback=f"<script>alert(1)</script> {LONG}")
    needs_review(grades, "ines munoz tarres", "2", FlagKind.GRADERS_DISAGREE, LONG)
    failed(grades, "ines munoz tarres", "4", LONG)
    exam, students = harness.artifact("questions.json"), harness.artifact("students.json")
    exam["questions"][5]["question_id"] = LONG_ID
    exam["exam_name"] = students["students"][2]["folder"] = LONG
    for cells in grades.values():
        cells[LONG_ID] = Cell.model_validate(dict(cells.pop("5")) | {"question_id": LONG_ID})
    read, answers = harness.artifact("transcriptions.json"), harness.artifact("answers.json")
    read[maya][0]["lines"] = [{"text": text} for text in ("<script>document.body.remove()</script>", LONG)]
    answers[maya]["question_answers"][1]["raw_text"] = f"<script>document.body.remove()</script> {LONG}"
    for each in answers.values():
        each["question_answers"][5]["question_id"] = LONG_ID
    for name, data in (
        ("questions.json", exam),
        ("students.json", students),
        ("transcriptions.json", read),
        ("answers.json", answers),
    ):
        harness.put(name, data)
    put_grades(harness, grades)
    harness.run("report")
    names = {
        "class": "class.html",
        "student": f"students/{maya}.html",
        "open": f"students/{ines}.html",
        "transcription": f"transcriptions/{maya}.html",
    }
    for name in names.values():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(harness.objects.data[f"{ASSIGNMENT}/reports/{name}"])
    return {name: folder / path for name, path in names.items()}
