"""Wrong readings before a real model: how often it sees on the page that a transcription is wrong.

``python -m tests.misreadings.real_model`` draws made-up answers in a handwriting font, and has each graded twice by a
transcription that is wrong on order: once alone, and once with the drawn strip. The model is that of OPENAI_BASE_URL,
OPENAI_API_KEY and AITA_MODEL. Drawings are left out, as are pages: what is measured is the grader's look.
"""

import argparse
import hashlib
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from aita.errors import AitaError
from aita.executor.batch_executor import BatchExecutor
from aita.executor.create import create_executor
from aita.models.answer import QuestionAnswer
from aita.models.exam import AnswerKey, Question, QuestionType, Rubric
from aita.models.grade import GradedAnswer
from aita.models.result import TaskResult
from aita.models.second_look import Strip
from aita.services.grading.doubtful_readings import reading_doubts
from aita.tasks.grading import GradingTask
from aita.tasks.strip_grading import StripGradingTask
from tests.misreadings.classes import MadeUpAnswer, made_up_answer
from tests.misreadings.handwriting import drawn_strip
from tests.misreadings.measurement import Outcome
from tests.misreadings.questions import exam
from tests.misreadings.table import Table

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Sample:
    """A made-up answer, with the strip that shows it as it was written."""

    name: str
    answer: MadeUpAnswer
    strip: Strip

    @property
    def question(self) -> Question:
        """The question, as the exam has it."""
        return Question.model_validate(self.answer.question.question())

    @property
    def is_doubtful(self) -> bool:
        """Whether the transcription is doubtful."""
        read = "\n".join(self.answer.question.lines(self.answer.read))
        found = QuestionAnswer(question_id=self.question.question_id, raw_text=read, confidence=_CONFIDENCE)
        return bool(reading_doubts(self.question, found))

    def graded(self) -> GradingTask:
        """Return the task of grading it by its transcription alone."""
        made = self.answer.question
        return GradingTask(
            task_id=f"{self.name}/alone",
            question=self.question,
            rubric=Rubric.model_validate(made.rubric() | {"question_id": made.question_id}),
            answer_key=AnswerKey(question_id=made.question_id, correct_answer="; ".join(made.expected)),
            answer="\n".join(made.lines(self.answer.read)),
        )

    def graded_on_strip(self) -> StripGradingTask:
        """Return the task of grading it with the strip beside its transcription."""
        return StripGradingTask(**dict(self.graded()) | {"task_id": f"{self.name}/seen", "strips": (self.strip,)})


def samples(count: int, seed: int, folder: Path) -> list[Sample]:
    """Draw this many answers into a folder."""
    chance = random.Random(seed)
    return [
        Sample(str(number), made, _drawn(made, folder / f"{number}.jpg", chance))
        for number, made in zip(range(count), _answers(chance), strict=False)
    ]


def measure(executor: BatchExecutor, drawn: Sequence[Sample]) -> tuple[list[Outcome], Counter[str]]:
    """Grade each answer alone and on its strip; return what became of it in each mode, and why gradings failed."""
    tasks = [task for each in drawn for task in (each.graded(), each.graded_on_strip())]
    batch = executor.execute_batch(tasks, "misreadings")
    results = iter(batch.task_results)
    outcomes = []
    for each in drawn:
        alone, seen = next(results), next(results)
        modes = {"never": (alone, False), "always": (seen, True)}
        modes["doubtful"] = modes["always" if each.is_doubtful else "never"]
        for mode in ("never", "doubtful", "always"):
            outcomes.append(_outcome(mode, each.answer, *modes[mode]))
    return outcomes, Counter(str(each.error) for each in batch.failed_results)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.misreadings.real_model", description=__doc__)
    parser.add_argument("--answers", type=int, default=100, help="each of which is graded twice")
    parser.add_argument("--seed", type=int, default=0, help="of the answers and their errors")
    parser.add_argument("--workers", type=int, default=8, help="calls at once")
    options = parser.parse_args(arguments)
    try:
        executor = create_executor(max_workers=options.workers, rate_limit=0, enable_checkpointing=False)
    except AitaError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with TemporaryDirectory() as folder:
        outcomes, failures = measure(executor, samples(options.answers, options.seed, Path(folder)))
    told = [f"failed {count} times: {reason}" for reason, count in failures.most_common()]
    sys.stdout.write("\n".join([*Table(outcomes).lines(), *told]) + "\n")
    return 1 if failures.total() == 2 * options.answers else 0


def _answers(chance: random.Random) -> Iterator[MadeUpAnswer]:
    while True:
        asked = [each for each in exam(chance) if each.type is not QuestionType.DIAGRAM]
        yield from (made_up_answer(each, chance) for each in asked)


def _drawn(made: MadeUpAnswer, path: Path, chance: random.Random) -> Strip:
    path.write_bytes(drawn_strip(made.question.lines(made.written), chance))
    with Image.open(path) as image:
        width, height = image.size
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Strip(page=1, top=0.0, bottom=1.0, key=str(path), sha256=digest, width=width, height=height)


def _outcome(mode: str, made: MadeUpAnswer, result: TaskResult, is_seen: bool) -> Outcome:
    graded: GradedAnswer | None = result.result
    is_open = graded is None or bool(graded.flags)
    return Outcome(mode, made, "", is_seen, is_open, graded.points if graded else None)


if __name__ == "__main__":
    sys.exit(main())
