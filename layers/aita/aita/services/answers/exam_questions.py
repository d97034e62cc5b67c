"""An exam's questions, as answers are assembled for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from aita.services.answers.question_labels import QuestionLabels
from aita.services.answers.question_pointers import QuestionPointers


@dataclass(frozen=True, slots=True)
class ExamQuestions:
    """Ids of the questions in the exam's order, with their labels and the pointers to them."""

    ids: tuple[str, ...]
    labels: QuestionLabels
    pointers: QuestionPointers

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """Return the questions with these ids."""
        ids = tuple(ids)
        return cls(ids, QuestionLabels(ids), QuestionPointers(ids))
