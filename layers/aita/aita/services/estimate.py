"""What a run would cost, before it is started: from the real prompts and the pages' sizes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import PurePosixPath

from aita.models.api import Estimate, StageEstimate, StartRun
from aita.models.exam import AnswerKey
from aita.models.names import check_assignment
from aita.models.run import RunSettings
from aita.services import keys
from aita.services.material import Material
from aita.services.pipelines import stage_of, stages_of
from aita.services.protocols import ObjectStore, StoredObject
from aita.services.stages.rubric import RubricInputs, RubricStage
from aita.services.stages.stage import LLMStage, Stage
from aita.services.stages.transcribe import TranscribeStage
from aita.tasks.batchable import group
from aita.tasks.request import Image, LLMRequest, Message
from aita.tasks.tokens import input_tokens
from aita.tasks.transcription import TranscriptionTask

BYTES_PER_PDF_PAGE = 300_000
"""A scanned page in a PDF, roughly: a colour scan at 150 to 200 dpi as JPEG. Its pages are not counted before split."""

_ANSWER_KEY_CHARACTERS = 1_200  # what an answer key takes in a rubric's prompt


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates runs. ``cost`` returns what input and output tokens cost, or ``None`` if no price is known."""

    objects: ObjectStore
    defaults: RunSettings
    cost: Callable[[int, int], Decimal | None]

    def estimate(self, request: StartRun) -> Estimate:
        """Return the calls, tokens and cost of a run that does everything anew.

        Raises
        ------
        RequestError
            As for a start: if the name or pipeline is wrong, or the pipeline lacks what it needs.
        """
        material = Material(self.objects, check_assignment(request.assignment))
        settings = self.defaults.model_copy(update=request.options.model_dump(exclude_none=True))
        counted = _Count(material, settings)
        stages = []
        made: frozenset[str] = frozenset()
        for name in stages_of(request.pipeline):
            stage = stage_of(name)
            stage.require(material, made)
            made |= {*stage.artifacts}
            tokens = [(input_tokens(each), each.parameters.expected_output_tokens) for each in counted.requests(stage)]
            taken, given = sum(each[0] for each in tokens), sum(each[1] for each in tokens)
            stages.append(
                StageEstimate(
                    stage=name,
                    calls=len(tokens),
                    input_tokens=taken,
                    output_tokens=given,
                    cost_usd=self.cost(taken, given),
                )
            )
        return Estimate.of(stages, counted.notes)


@dataclass(slots=True)
class _Count:
    """Makes the requests of a run's stages, and notes what of them is only supposed."""

    material: Material
    settings: RunSettings
    notes: list[str] = field(default_factory=list)

    def requests(self, stage: Stage) -> Iterable[LLMRequest]:
        """Return the requests of a stage, as nearly as they are known."""
        if isinstance(stage, TranscribeStage):
            return self._pages()
        if not isinstance(stage, LLMStage):
            return ()
        plan = stage.plan(self.material, self.settings)
        inputs = plan.inputs
        if isinstance(stage, RubricStage) and isinstance(inputs, RubricInputs):
            inputs = self._with_answer_keys(inputs)
        tasks = [stage.task(refs, inputs) for refs in plan.refs]
        tasks = [task for task in tasks if task.given() is None]
        groups = group(tasks, self.settings.batch_size if stage.batchable else 1)
        together = [[tasks[place] for place in places] for places in groups]
        return [
            first.combine_with(others).request() if others else first.request()  # type: ignore[attr-defined]
            for first, *others in together
        ]

    def _with_answer_keys(self, inputs: RubricInputs) -> RubricInputs:
        ids = [question.question_id for question in inputs.exam.questions]
        missing = [question_id for question_id in ids if question_id not in inputs.answer_keys]
        if missing:
            self.notes.append("answer keys are not written yet: taken as 300 tokens each in the rubrics' prompts")
        supposed = {each: AnswerKey(question_id=each, correct_answer="x" * _ANSWER_KEY_CHARACTERS) for each in missing}
        return inputs.model_copy(update={"answer_keys": inputs.answer_keys | supposed})

    def _pages(self) -> Iterable[LLMRequest]:
        """Return a request for each page: of its size if it was split, of the largest size if not."""
        plain = TranscriptionTask(page=1, image_key="", image_sha256="").request()
        sizes = [(page.width, page.height) for pages in self.material.pages().values() for page in pages]
        if not sizes:
            count = sum(self._pages_of(each.key, each.size) for each in self._scans())
            self.notes.append(
                "the scans are not split yet: an image is taken as one page, a PDF as one for each 300 kB"
            )
            sizes = [(0, 0)] * count
        return (_of_size(plain, width, height) for width, height in sizes)

    def _scans(self) -> Iterable[StoredObject]:
        return self.material.objects.list(keys.scans(self.material.assignment))

    @staticmethod
    def _pages_of(key: str, size: int) -> int:
        return max(1, size // BYTES_PER_PDF_PAGE) if PurePosixPath(key).suffix.lower() == ".pdf" else 1


def _of_size(request: LLMRequest, width: int, height: int) -> LLMRequest:
    *before, last = request.messages
    image = Image("", "", width, height)
    message = Message(last.role, last.text, (image,))
    return replace(request, messages=(*before, message))
