"""Split: one scanned file into one JPEG for each page."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from aita.errors import MissingInput, ObjectNotFound, TaskError, UnreadableScan
from aita.models.names import MAX_UPLOAD_BYTES
from aita.models.run import ItemEvent
from aita.models.scan import SplitPage, SplitPages
from aita.services import keys
from aita.services.protocols import ObjectStore
from aita.services.record import Executed, Recorder, Spent
from aita.services.run_watch import RunWatch
from aita.services.stages.split import SOURCES

logger = logging.getLogger(__name__)

_WRITERS = 4  # page images on their way to S3 while the next page is made

_GONE = "the scan is no longer there: upload it again and start a new run"


class PageImage(Protocol):
    """A page as the imaging package makes it: an upright JPEG and its size in pixels."""

    @property
    def jpeg(self) -> bytes:
        """The JPEG's bytes."""
        ...

    @property
    def width(self) -> int:
        """Pixels."""
        ...

    @property
    def height(self) -> int:
        """Pixels."""
        ...


@dataclass(slots=True)
class Splitter:
    """Runs the items of the split stage. ``pages`` makes the page images of a file's bytes."""

    objects: ObjectStore
    watch: RunWatch
    recorder: Recorder
    pages: Callable[[bytes], Iterable[PageImage]]
    _sources: tuple[str, dict[str, str]] | None = field(default=None)

    def split(self, event: ItemEvent) -> Executed:
        """Make one file's pages and record its end; a file that can't be read fails its own task alone."""
        if not self.watch.may_go_on(event.run_id, event.attempt):
            return Executed.skipped()
        try:
            result = self._split(event)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            return self.recorder.failed(event, error, Spent())
        return self.recorder.succeeded(event, result, Spent())

    def _split(self, event: ItemEvent) -> SplitPages:
        assignment = self.watch.get(event.run_id).assignment
        student_id, source = str(event.item.refs["student_id"]), str(event.item.refs["source"])
        key = self._source_key(event, source)
        try:
            data = self.objects.get(key)
        except ObjectNotFound:
            raise MissingInput(_GONE) from None
        if len(data) > MAX_UPLOAD_BYTES:
            raise UnreadableScan(f"the file is larger than {MAX_UPLOAD_BYTES // 2**20} MiB: scan it in parts")
        made: list[SplitPage] = []
        with ThreadPoolExecutor(_WRITERS) as writers:
            writing: list[Future[None]] = []
            for number, image in enumerate(self.pages(data), 1):
                key = keys.page(assignment, student_id, source, number)
                if len(writing) >= _WRITERS:
                    writing.pop(0).result()
                writing.append(writers.submit(self.objects.put, key, image.jpeg, "image/jpeg"))
                sha256 = hashlib.sha256(image.jpeg).hexdigest()
                made.append(SplitPage(page=number, key=key, sha256=sha256, width=image.width, height=image.height))
            for write in writing:
                write.result()
        return SplitPages(pages=tuple(made))

    def _source_key(self, event: ItemEvent, source: str) -> str:
        name = keys.stage_file(event.run_id, event.stage, SOURCES)
        version = f"{name}/{event.attempt}"
        if self._sources is None or self._sources[0] != version:
            self._sources = version, json.loads(self.objects.get(name))
        if source not in self._sources[1]:
            raise MissingInput(_GONE)
        return self._sources[1][source]
