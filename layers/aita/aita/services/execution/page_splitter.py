"""Splitting of a scanned file into one JPEG per page, with the ink on each page."""

import hashlib
import logging
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from aita.errors import MissingInputError, TaskError
from aita.models.call_usage import CallUsage
from aita.models.exam import Page
from aita.models.pile import PilePage
from aita.models.run import ItemEvent
from aita.models.scan import PageImage, PageInk, SplitPage, SplitPages
from aita.ports import ObjectStore
from aita.services.assignments import object_keys
from aita.services.execution.blank_exams import BlankExam, BlankExams, read_scan
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.split_base import SOURCES, Sources

logger = logging.getLogger(__name__)

HEAD = 0.15
"""Least share of a page's height, from its top, that its head takes; it takes the masked part at least."""

HEAD_PAGES = 4
"""Number of a student's first pages whose heads are kept: a cover, its back, and the first sheet with both sides.

A page's number is taken to be that in its file and the number of files before it.
"""

_WRITERS = 4  # concurrent uploads of page images


@dataclass(slots=True)
class PageSplitter:
    """Executes the items of the stages that split files.

    Parameters
    ----------
    mask
        Paints a share of a page's height white, from its top.
    strip
        Cuts rows out of a page's JPEG.
    mask_header
        This share for students' pages; 0 leaves them as they are.
    """

    objects: ObjectStore
    watch: RunCache
    recorder: Recorder
    blank_exams: BlankExams
    mask: Callable[[PageImage, float], PageImage]
    strip: Callable[[bytes, int, int], PageImage]
    mask_header: float = 0.0
    _plan: str = field(default="")
    _sources: Sources = field(default_factory=Sources)
    _blank: BlankExam | None = field(default=None)

    def split(self, event: ItemEvent) -> Executed:
        """Write one file's pages and record the task. An unreadable file fails only its own task."""
        if not self.watch.is_current(event.run_id, event.attempt):
            return Executed.skipped()
        try:
            result = self._split(event)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            return self.recorder.failed(event, error, CallUsage())
        return self.recorder.succeeded(event, result, CallUsage())

    def _split(self, event: ItemEvent) -> SplitPages:
        assignment = self.watch.get(event.run_id).assignment
        refs = event.item.refs
        student_id, source, place = str(refs["student_id"]), str(refs["source"]), int(refs["place"])
        self._load_sources(event)
        if source not in self._sources.files and source not in self._sources.booklets:
            raise MissingInputError("the scan is no longer there: upload it again and start a new run")
        made: list[SplitPage] = []
        with ThreadPoolExecutor(_WRITERS) as writers:
            writing: list[Future[None]] = []
            masked = self.mask_header if self._sources.of_students else 0.0
            for number, (page, ink) in enumerate(self._measured_pages(source, place), 1):
                image = self.mask(page, masked) if masked else page
                key = object_keys.page(assignment, student_id, source, number)
                if len(writing) >= _WRITERS:
                    writing.pop(0).result()
                writing.append(writers.submit(self.objects.put, key, image.jpeg, "image/jpeg"))
                head = None
                if source in self._sources.unknown and place + number - 1 <= HEAD_PAGES:
                    head = self._keep_head(object_keys.head(assignment, student_id, source, number), number, page)
                made.append(
                    SplitPage(
                        page=number,
                        key=key,
                        sha256=hashlib.sha256(image.jpeg).hexdigest(),
                        width=image.width,
                        height=image.height,
                        ink=ink,
                        masked=masked,
                        head=head,
                    )
                )
            for write in writing:
                write.result()
        return SplitPages(pages=tuple(made))

    def _keep_head(self, key: str, number: int, page: PageImage) -> Page:
        """Store the head of a page as it was before the mask, and return it."""
        head = self.strip(page.jpeg, 0, math.ceil(page.height * max(HEAD, self.mask_header)))
        self.objects.put(key, head.jpeg, "image/jpeg")
        digest = hashlib.sha256(head.jpeg).hexdigest()
        return Page(page=number, key=key, sha256=digest, width=head.width, height=head.height)

    def _measured_pages(self, source: str, place: int) -> Iterator[tuple[PageImage, PageInk | None]]:
        """Yield a file's pages with their ink, measured before they are masked: ink under the mask counts too.

        Without a blank exam the ink is unknown, and pages are as they were scanned.
        """
        if source in self._sources.booklets:
            yield from self._pages_of_booklet(self._sources.booklets[source])
            return
        for sheet in self.blank_exams.pages(read_scan(self.objects, self._sources.files[source])):
            for page, ink in self._blank.single_pages(sheet, place) if self._blank else [(sheet, None)]:
                place += 1
                yield page, with_undrawn(page, ink)

    def _pages_of_booklet(self, pages: Iterable[PilePage]) -> Iterator[tuple[PageImage, PageInk | None]]:
        """Yield the pages of a pile's booklet, of which each ink that is known was measured when it was separated."""
        expected = 1
        for page in pages:
            image = PageImage(read_scan(self.objects, page.key), page.width, page.height)
            ink = page.ink and page.ink.model_copy(update={"cells": ""})
            if ink is None and self._blank is not None:
                ((image, ink),) = self._blank.single_pages(image, expected)
            yield image, ink
            expected = (ink.exam_page if ink and ink.exam_page else expected) + 1

    def _load_sources(self, event: ItemEvent) -> None:
        """Load the sources and the blank exam of the stage's plan; a warm function reads them once per attempt."""
        name = object_keys.stage_file(event.run_id, event.stage, SOURCES)
        plan = f"{name}/{event.attempt}"
        if plan == self._plan:
            return
        self._sources = Sources.model_validate_json(self.objects.get(name))
        self._blank = self.blank_exams.of(self._sources.blank_exam)
        self._plan = plan


def with_undrawn(page: PageImage, ink: PageInk | None) -> PageInk | None:
    """Return the ink on a page, which says so if the page has something on it that its image lacks."""
    if not page.undrawn:
        return ink
    return (ink or PageInk(exam_page=None, likeness=0)).model_copy(update={"undrawn": True, "empty": False})
