"""Stage ``extract_questions``: one task for each window of the exam's pages."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from aita.errors import InvalidMaterialError, MissingMaterialError
from aita.models.base import StrictModel
from aita.models.exam import ExamSpec, Page
from aita.models.extraction import ExtractedQuestions
from aita.models.run import Item, Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.question_extraction import QuestionExtractionTask


class ExamInputs(StrictModel):
    """Shared inputs of the tasks: the exam's pages or, if the instructor provides the questions, these."""

    pages: tuple[Page, ...] = ()
    given: ExamSpec | None = None


class ExtractQuestionsStage(LLMStage):
    """Read the exam's questions from its pages, unless the instructor provides them."""

    name = "extract_questions"
    artifact = object_keys.EXAM_SPEC
    inputs_model: type[BaseModel] = ExamInputs
    model_role = QuestionExtractionTask.model_role

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require the instructor's own questions with valid points, or pages, unless the run makes these."""
        if material.own_exam() is not None:
            material.countable_exam()
        elif object_keys.EXAM_PAGES not in made:
            _pages(material)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each window, in the exam's order; none if the instructor provides the questions."""
        given = material.own_exam()
        if given is not None:
            return StagePlan(ExamInputs(given=given), (), {})
        from aita.services.stages.exam_windows import cut  # noqa: PLC0415 - only Plan needs it: the task function starts without

        inputs = ExamInputs(pages=_pages(material))
        refs: list[Refs] = [
            {"first_page": window[0].page, "last_page": window[-1].page} for window in cut(inputs.pages)
        ]
        return StagePlan(inputs, refs, {})

    def task(self, refs: Refs, inputs: ExamInputs) -> QuestionExtractionTask:
        """Return the task of one window."""
        first, last = int(refs["first_page"]), int(refs["last_page"])
        window = tuple(page for page in inputs.pages if first <= page.page <= last)
        return QuestionExtractionTask(pages=window, total_pages=len(inputs.pages))

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the exam with the questions from all its pages, or with the instructor's.

        Raises
        ------
        InvalidMaterialError
            If a window was not read, as a part of an exam must not look like a whole one; or if the windows contradict
            each other.
        """
        given = ExamInputs.model_validate_json(read(INPUTS)).given
        if given is not None:
            return {self.artifact: given.model_dump(mode="json")}
        windows = list(ended)
        if unread := [_page_range(each.item) for each in windows if not each.succeeded]:
            raise InvalidMaterialError(
                f"the exam's questions are not complete, as {', '.join(unread)} could not be read: see the failed "
                "tasks with their reasons, then resume the run, or give the questions in questions.json"
            )
        return super().gather_all(windows, read)

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return the exam that results from merging the windows."""
        from aita.services.stages.exam_windows import Window, merge  # noqa: PLC0415 - only Collect needs it

        windows = [
            Window(int(item.refs["first_page"]), int(item.refs["last_page"]), ExtractedQuestions.model_validate(result))
            for item, result in results
        ]
        return merge(windows).model_dump(mode="json")


def _pages(material: AssignmentFiles) -> tuple[Page, ...]:
    found = material.exam_pages()
    if found is None or not found.pages:
        raise MissingMaterialError(
            f"assignment {material.assignment} has no pages to read the questions from: upload a blank exam "
            f"(aita upload blank_exam.pdf --assignment {material.assignment}) and read them again "
            f"(aita extract-questions --assignment {material.assignment})"
        )
    return found.pages


def _page_range(item: Item) -> str:
    first, last = item.refs["first_page"], item.refs["last_page"]
    return f"page {first}" if first == last else f"pages {first} to {last}"
