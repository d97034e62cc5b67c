"""A class that sits an exam: questions, students with their answers and scans, and the roster."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aita.models.exam import QuestionType
from tests.adversary.marking import Marking, Scheme, Schemes
from tests.adversary.pages import File, Page


class NotApplicableError(Exception):
    """A class has no place for a mishap."""


@dataclass(slots=True)
class Item:
    """A question of the exam. ``scheme`` is the one that counts now; ``worth`` has the points of each criterion.

    ``key_form`` is the form of the instructor's own answer key, by which answers count if there is one.
    """

    question_id: str
    kind: QuestionType
    topic: str
    worth: tuple[float, ...]
    schemes: Schemes
    scheme: Scheme = field(default_factory=Scheme)
    has_own_rubric: bool = False
    key_form: int | None = None
    bonus: bool = False

    @property
    def points(self) -> float:
        """Points of the question."""
        return sum(self.worth)

    @property
    def text(self) -> str:
        """Text of the question, which names its form."""
        return f"{_TASKS[self.kind]} the {self.topic} (form {self.scheme.form})."

    def marking(self) -> Marking:
        """Return the marking that counts now."""
        form = self.scheme.form if self.key_form is None else self.key_form
        return self.schemes.marking(self.scheme._replace(form=form))

    def question(self) -> dict[str, Any]:
        """Return the question as ``questions.json`` has it."""
        return {
            "question_id": self.question_id,
            "question_text": self.text,
            "points": self.points,
            "question_type": self.kind.value,
            "bonus": self.bonus,
        }

    def rubric(self) -> dict[str, Any]:
        """Return the instructor's own rubric as ``user_rubrics.json`` has it."""
        return {"total_points": self.points, "criteria": criteria_by(self.scheme, self.worth)}


_TASKS = {
    QuestionType.MULTIPLE_CHOICE: "Choose",
    QuestionType.SHORT_ANSWER: "Name",
    QuestionType.LONG_ANSWER: "Explain",
    QuestionType.CALCULATION: "Compute",
    QuestionType.DIAGRAM: "Draw",
}


def criteria_by(scheme: Scheme, worth: tuple[float, ...]) -> list[dict[str, Any]]:
    """Return the criteria of a rubric, whose descriptions name the scheme."""
    named = f"scheme {scheme.form}.{scheme.rubric or 'written'}"
    return [{"points": each, "description": f"Part {n} by {named}"} for n, each in enumerate(worth, 1)]


@dataclass(slots=True)
class Sitter:
    """A student who sits the exam; ``answers`` has the lines that they wrote for each question, none if it is blank.

    ``on_roster`` is false for a person whom the roster does not know.
    """

    name: str
    number: str
    email: str
    folder: str
    answers: dict[str, tuple[str, ...]]
    files: dict[str, File] = field(default_factory=dict)
    on_roster: bool = True

    def pages(self) -> Iterator[tuple[str, int, Page]]:
        """Yield each page with the name of its file and its place in the file."""
        for name, file in self.files.items():
            if not isinstance(file, bytes):
                for place, page in enumerate(file):
                    yield name, place, page

    def replace(self, name: str, place: int, *pages: Page) -> None:
        """Put other pages in the place of one; a file without pages goes."""
        file = self.files[name]
        assert not isinstance(file, bytes)
        left = (*file[:place], *pages, *file[place + 1 :])
        if left:
            self.files[name] = left
        else:
            del self.files[name]

    def find(self, page: Page) -> tuple[str, int]:
        """Return the file and the place of a page."""
        for name, place, each in self.pages():
            if each == page:
                return name, place
        raise NotApplicableError

    def change(self, page: Page, *pages: Page) -> None:
        """Put other pages in the place of a page."""
        self.replace(*self.find(page), *pages)


@dataclass(slots=True)
class ExamClass:
    """A class with all that it hands in.

    ``absent`` are on the roster and hand in nothing, and ``late`` have not handed in yet. ``renamed`` has the present
    ids of questions that had another one when the pages were written. ``choices`` are numbers of questions that count,
    each with the questions to choose from. ``needs_blank_exam`` is true once something
    happened that nothing else shows.
    """

    seed: int
    items: list[Item]
    blank_exam: tuple[Page, ...]
    students: list[Sitter]
    absent: list[Sitter]
    step: float
    graders: int
    has_roster: bool
    has_blank_exam: bool = True
    needs_blank_exam: bool = False
    late: list[Sitter] = field(default_factory=list)
    question_instructions: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[int, list[Item]]] = field(default_factory=list)

    def item(self, question_id: str) -> Item:
        """Return a question."""
        for item in self.items:
            if item.question_id == question_id:
                return item
        raise NotApplicableError  # it was taken out of the exam

    def sitter(self, name: str) -> Sitter:
        """Return a student."""
        return next(each for each in (*self.students, *self.absent) if each.name == name)

    def need_blank_exam(self) -> None:
        """Let something happen that only ink shows, which takes a blank exam."""
        if not self.has_blank_exam:
            raise NotApplicableError
        self.needs_blank_exam = True

    def rename(self, ids: dict[str, str]) -> None:
        """Give questions other ids than they have on the pages; the students' answers stay the same."""
        printed = {now: was for was, now in self.renamed.items()}
        self.renamed |= {printed.get(was, was): now for was, now in ids.items()}
        for sitter in (*self.students, *self.late):
            sitter.answers = {ids.get(each, each): lines for each, lines in sitter.answers.items()}

    def truth(self, sitter: Sitter, question_id: str) -> float:
        """Return the points that a student's answer deserves."""
        return self.item(question_id).marking().total(sitter.answers[question_id])

    def exam(self) -> dict[str, Any]:
        """Return the exam as ``questions.json`` has it."""
        return {
            "exam_name": "Term exam",
            "total_pages": len(self.blank_exam),
            "questions": [item.question() for item in self.items],
            "points_step": self.step,
            "choices": [
                {"choose": choose, "of": [item.question_id for item in there]}
                for choose, items in self.choices
                if choose < len(there := [item for item in items if item in self.items])
            ],
        }

    def own_answer_keys(self) -> dict[str, Any]:
        """Return the instructor's own answer keys as ``user_answer_keys.json`` has them."""
        return {
            item.question_id: {"correct_answer": f"The key of form {item.key_form}"}
            for item in self.items
            if item.key_form is not None
        }

    def own_rubrics(self) -> dict[str, Any]:
        """Return the instructor's own rubrics as ``user_rubrics.json`` has them."""
        return {item.question_id: item.rubric() for item in self.items if item.has_own_rubric}

    def roster(self) -> str:
        """Return ``roster.csv``."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["Name", "Student ID", "Email"])
        for each in sorted([*self.students, *self.absent], key=lambda one: one.number):
            if each.on_roster:
                writer.writerow([each.name, each.number, each.email])
        return out.getvalue()
