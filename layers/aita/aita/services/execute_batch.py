"""A call that several items share: asked once together, what is missing or wrong alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aita.errors import TaskError
from aita.models.run import ItemAnswer, ItemEvent, Outcome
from aita.services.ask import Asked, Asker
from aita.services.record import Executed, Recorder, Spent
from aita.tasks.batchable import BatchableLLMTask

Member = tuple[ItemEvent, BatchableLLMTask[Any]]


@dataclass(frozen=True, slots=True)
class BatchExecutor:
    """Runs the items of one call, and records the end of each.

    An invocation that has to stop in between is made again from the start: replies come from the cache,
    ends that are recorded stay, and no usage is counted twice, as each goes with a row that is written once.
    """

    asker: Asker
    recorder: Recorder

    def execute(self, members: list[Member], asked: Asked, remaining: Callable[[], float]) -> Executed:
        """Ask for all at once, then alone for those that the reply lacks.

        Raises
        ------
        CallError
            As ``Asker.ask`` does, but for a TaskError; what is recorded by then stays.
        """
        parts = self._ask_together(members, asked, remaining)
        spent, failed, total = asked.spent, False, Spent()
        # Whoever gets the first part carries what all of them took, so that the rows sum to what was paid.
        for number in sorted(range(len(members)), key=lambda number: parts[number] is None):
            mine = Asked(held=asked.held, spent=spent)
            ended = self._end(members[number], parts[number], mine, remaining)
            asked.held, asked.answered = mine.held, asked.answered or mine.answered
            failed = failed or ended.answer.outcome is Outcome.FAILED
            total, spent = total + ended.spent, Spent()
        return Executed(answer=ItemAnswer(outcome=Outcome.FAILED if failed else Outcome.SUCCEEDED), spent=total)

    def _ask_together(self, members: list[Member], asked: Asked, remaining: Callable[[], float]) -> list[str | None]:
        event, first = members[0]
        tasks = [task for _, task in members]
        try:
            result = self.asker.ask(first.combine_with(tasks[1:]), event, asked, remaining)
        except TaskError:
            return [None] * len(members)
        return list(first.split_batch_result(result, tasks))

    def _end(self, member: Member, part: str | None, asked: Asked, remaining: Callable[[], float]) -> Executed:
        event, task = member
        if part is not None:
            try:
                return self.recorder.succeeded(event, task.parse(part), asked.spent)
            except TaskError:
                part = None
        try:
            result = self.asker.ask(task, event, asked, remaining)
        except TaskError as error:
            return self.recorder.failed(event, error, asked.spent, asked.last_reply)
        return self.recorder.succeeded(event, result, asked.spent)
