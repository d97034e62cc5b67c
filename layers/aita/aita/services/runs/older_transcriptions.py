"""Pages that a run had transcribed, and mapped in a call of their own, before its stack was updated to version 0.3.

The resumed run takes both results for one of the present form, so that no page is paid for again.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from aita.concurrency import map_concurrently
from aita.errors import ObjectNotFoundError
from aita.models.exam import Question
from aita.models.run import Item, Refs, TaskRow, TaskStatus, Usage
from aita.models.transcription import PageTranscription
from aita.ports import ObjectStore, TaskStore
from aita.services.assignments import object_keys
from aita.services.runs.task_recorder import TaskFile
from aita.services.stages.base import INPUTS
from aita.services.stages.retired import MapAnswersStage
from aita.services.stages.transcribe import TranscribeStage

_CONCURRENT_IO = 16  # results read from S3, and written to it
_QUESTIONS = TypeAdapter(tuple[Question, ...])


@dataclass(frozen=True, slots=True)
class OlderTranscriptions:
    """Results of a run's stages ``transcribe`` and ``map_answers`` from before the update."""

    tasks: TaskStore
    objects: ObjectStore

    def adopt(self, run_id: str, attempt: int, items: Iterable[Item], questions: tuple[Question, ...]) -> None:
        """Record the items of pages that were transcribed and mapped as succeeded, without usage: that was recorded.

        Pages that were mapped to other questions are left to be asked for.
        """
        mapped = self._succeeded(run_id, MapAnswersStage.name)
        if not mapped or self._questions(run_id) != questions:
            return
        read = self._succeeded(run_id, TranscribeStage.name)

        def record(item: Item) -> None:
            page = _place(item.refs)
            if page not in mapped or page not in read:
                return
            before = self._file(read[page])
            if "lines" in before.result:  # it was asked for, or adopted, since the update
                return
            file = _joined(item, before, self._file(mapped[page]))
            row = read[page].model_copy(
                update={
                    "task_id": item.task_id,
                    "attempt": attempt,
                    "result_key": object_keys.result(run_id, TranscribeStage.name, item.task_id),
                    "usage": Usage(),
                }
            )
            self.objects.put(row.result_key, file.model_dump_json().encode())
            self.tasks.record(run_id, row)

        map_concurrently(record, items, _CONCURRENT_IO)

    def _succeeded(self, run_id: str, stage: str) -> dict[str, TaskRow]:
        rows = self.tasks.rows(run_id, stage)
        return {_place(row.refs): row for row in rows if row.status is TaskStatus.SUCCEEDED}

    def _questions(self, run_id: str) -> tuple[Question, ...]:
        """Return the questions that the pages were mapped to."""
        try:
            inputs = self.objects.get(object_keys.stage_file(run_id, MapAnswersStage.name, INPUTS))
        except ObjectNotFoundError:  # expired
            return ()
        return _QUESTIONS.validate_python(json.loads(inputs)["questions"])

    def _file(self, row: TaskRow) -> TaskFile:
        return TaskFile.model_validate_json(self.objects.get(row.result_key))


def _joined(item: Item, read: TaskFile, mapped: TaskFile) -> TaskFile:
    page = PageTranscription.model_validate(read.result | {"starts": mapped.result["starts"]})
    return read.model_copy(
        update={
            "task_id": item.task_id,
            "result": page.model_dump(mode="json"),
            "replies": (*read.replies, *mapped.replies),
            "lacks": tuple(dict.fromkeys((*read.lacks, *mapped.lacks))),
        }
    )


def _place(refs: Refs) -> str:
    """Return the key of a page that is the same in both stages: its student, its number and its image."""
    return json.dumps(sorted(refs.items()))
