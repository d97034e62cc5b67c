"""Cutting of the strips by which graders see a student's answers on the pages."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.errors import MissingInputError, ObjectNotFoundError, TaskError
from aita.models.call_usage import CallUsage
from aita.models.exam import Page
from aita.models.run import ItemEvent
from aita.models.scan import PageImage
from aita.models.second_look import Strip
from aita.ports import ObjectStore
from aita.services.assignments import object_keys
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.base import INPUTS
from aita.services.stages.strip_cuts import CutInputs, CutStrips, StudentCuts

logger = logging.getLogger(__name__)

_GONE = "a page's image is no longer the one that its answers were found on: start a new run"


@dataclass(slots=True)
class StripCutter:
    """Executes the items of the stage that cuts strips.

    Parameters
    ----------
    strip
        Cuts rows out of a page's JPEG, from the first up to the last, exclusive.
    """

    objects: ObjectStore
    watch: RunCache
    recorder: Recorder
    strip: Callable[[bytes, int, int], PageImage]
    _plan: str = field(default="")
    _inputs: CutInputs = field(default_factory=lambda: CutInputs(students={}))

    def cut(self, event: ItemEvent) -> Executed:
        """Write one student's strips and record the task."""
        if not self.watch.is_current(event.run_id, event.attempt):
            return Executed.skipped()
        try:
            result = CutStrips(strips=tuple(self._cut(self._cuts(event))))
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            return self.recorder.failed(event, error, CallUsage())
        return self.recorder.succeeded(event, result, CallUsage())

    def _cuts(self, event: ItemEvent) -> StudentCuts:
        """Return the strips to cut for an item; a warm function reads the stage's inputs once per attempt."""
        name = object_keys.stage_file(event.run_id, event.stage, INPUTS)
        plan = f"{name}/{event.attempt}"
        if plan != self._plan:
            self._inputs = CutInputs.model_validate_json(self.objects.get(name))
            self._plan = plan
        return self._inputs.students[str(event.item.refs["student_id"])]

    def _cut(self, cuts: StudentCuts) -> list[Strip]:
        made = []
        for page in cuts.pages:
            jpeg = self._read(page)
            for each in (strip for strip in cuts.strips if strip.page == page.page):
                first, end = round(each.top * page.height), round(each.bottom * page.height)
                image = self.strip(jpeg, first, end)
                self.objects.put(each.key, image.jpeg, "image/jpeg")
                made.append(each.model_copy(update={"sha256": hashlib.sha256(image.jpeg).hexdigest()}))
        return made

    def _read(self, page: Page) -> bytes:
        try:
            jpeg = self.objects.get(page.key)
        except ObjectNotFoundError:
            raise MissingInputError(_GONE) from None
        if hashlib.sha256(jpeg).hexdigest() != page.sha256:
            raise MissingInputError(_GONE)
        return jpeg
