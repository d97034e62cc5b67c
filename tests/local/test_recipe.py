"""README's recipe from the scanner to the LMS: its commands in their order, on the sample exam as one pile."""

import csv
import shlex
from pathlib import Path

from aita.cli.exit_codes import DONE, PARTIAL
from tests.local.stack import SAMPLES, LocalStack
from tests.support.documents import ROOT, Document
from tests.support.sample_pile import sample_pile

ASSIGNMENT = "recipe"
LEFT_OUT = {"export"}
"""Commands that end with another status where a student is not final."""


def commands(folder: Path) -> list[list[str]]:
    """Return the recipe's commands, with paths in a folder and an assignment of the test's own."""
    blocks = [block for block in Document.of(ROOT / "README.md").blocks() if block.label == "recipe"]
    found = [shlex.split(line)[1:] for block in blocks for line in block.text.splitlines()]

    def word(each: str) -> str:
        return ASSIGNMENT if each == "midterm" else str(folder / each) if "/" in each or ".csv" in each else each

    return [[word(each) for each in command] for command in found]


def test_the_recipe_ends_in_the_grades_of_the_class(stack: LocalStack, tmp_path: Path) -> None:
    (tmp_path / "midterm").mkdir()
    for name in ("blank_exam.pdf", "questions.json", "user_rubrics.json", "roster.csv"):
        (tmp_path / "midterm" / name).write_bytes((SAMPLES / "exam" / name).read_bytes())
    (tmp_path / "midterm" / "class.pdf").write_bytes(sample_pile(ASSIGNMENT))
    asked = commands(tmp_path)
    assert [command[0] for command in asked].count("console") == 1  # it has tests of its own
    shown = {}
    for command in asked:
        if command[0] != "console":
            done = stack.aita(*command)
            assert done.status in ((DONE, PARTIAL) if command[0] in LEFT_OUT else (DONE,)), (command, done)
            shown[command[0], command[1]] = done.out
    assert "5 booklets; those with repairs: 4; the others need nothing" in shown["piles", "list"]
    assert "in no booklet" not in shown["piles", "list"]
    with (tmp_path / "everyone.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert (tmp_path / "midterm-reports").is_dir()
