"""Tasks of a run, for people: each with its student or question, in the order of the stages and of the exam."""

import re
from collections.abc import Iterable, Sequence

from rich.text import Text

from aita.cli.pasteable import Pasteable
from aita.cli.views.terminal_escape import printable
from aita.models.api import StageView, TaskView
from aita.models.student import Students

_DIGITS = re.compile(r"([0-9]+)")


class TaskList:
    """Lines about tasks. A student whose name is not known is told by the id.

    Parameters
    ----------
    students
        The assignment's students.
    stages
        The run's stages, in their order.
    """

    def __init__(self, students: Students | None, stages: Sequence[StageView], pasteable: Pasteable) -> None:
        known = students or Students()
        self._names = known.names()
        self._files = {student.student_id: student.files for student in known.students}
        self._places = {stage.stage: place for place, stage in enumerate(stages)}
        self._pasteable = pasteable

    def in_order(self, tasks: Iterable[TaskView]) -> tuple[TaskView, ...]:
        """Return tasks in the order of stages, then by students' names, questions, pages and files."""
        return tuple(sorted(tasks, key=self._key))

    def line(self, task: TaskView) -> Text:
        """Return a line about one task: its subject, and its status or error."""
        subject = printable(self._subject(task))
        if not task.error_type:
            return Text(f"  {task.stage}  {subject}  {task.status}")
        message = printable(self._pasteable.complete(task.error_message))
        return Text.assemble(f"  {task.stage}  {subject}  ", (task.error_type, "red"), f"  {message}")

    def _key(self, task: TaskView) -> tuple[int, list[tuple[int, str]], str]:
        """Return a key for sorting, in which page 9 comes before page 10."""
        parts = _DIGITS.split(self._subject(task).casefold())
        subject = [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)]
        return self._places.get(task.stage, len(self._places)), subject, task.task_id

    def _subject(self, task: TaskView) -> str:
        refs = dict(task.refs)
        if "question_id" in refs and "student_id" not in refs:
            return f"question {refs['question_id']}"
        student_id = str(refs.get("student_id", ""))
        student = self._names.get(student_id, student_id)
        if "question_id" in refs:
            return f"{student}, question {refs['question_id']}"
        if "line" in refs:
            return f"line {refs['line']}"
        if "page" in refs:
            return f"{student}, page {refs['page']}"
        if "first_page" in refs:
            first, last = refs["first_page"], refs["last_page"]
            return f"page {first} of the exam" if first == last else f"pages {first} to {last} of the exam"
        if "source" in refs:
            source = str(refs["source"])
            return f"{student}, file {self._files.get(student_id, {}).get(source, source)}"
        return student or task.task_id
