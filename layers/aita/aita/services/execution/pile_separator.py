"""Work on the pages of piles: counting them, and making an image of each with the facts by which it is placed."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aita.errors import MissingInputError, ObjectChangedError, ObjectNotFoundError, TaskError, UnreadableScanError
from aita.models.base import StrictModel
from aita.models.call_usage import CallUsage
from aita.models.names import MAX_UPLOAD_BYTES
from aita.models.pile import PageCount, PilePage, SeparatedPages, StoredPart
from aita.models.run import ItemEvent
from aita.models.scan import PageImage, PageInk
from aita.ports import ByteSource, ObjectStore
from aita.services.assignments import object_keys
from aita.services.assignments.cover_codes import COVER, CoverCode, parse
from aita.services.execution.blank_exams import BlankExam, BlankExams
from aita.services.execution.page_splitter import with_undrawn
from aita.services.execution.stored_file import Lookups, StoredFile, load_lookups
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.pile_sources import PileSources
from aita.services.stages.split_base import SOURCES

logger = logging.getLogger(__name__)

COUNT_PAGES, SEPARATE = "count_pages", "separate"
"""Stages whose items this executes."""

_GONE = "the pile is no longer the one that was planned: start a new run"


@dataclass(slots=True)
class PileSeparator:
    """Executes the items of the stages that work on piles.

    Parameters
    ----------
    count
        Counts the pages of a PDF.
    page_range
        Renders a range of a PDF's pages, from the first to the last, each with its number.
    read_codes
        Returns the texts of a page's QR codes.
    is_white
        Returns whether nothing is on a page's JPEG.
    """

    objects: ObjectStore
    watch: RunCache
    recorder: Recorder
    blank_exams: BlankExams
    count: Callable[[ByteSource], int]
    page_range: Callable[[ByteSource, int, int], Iterable[tuple[int, PageImage]]]
    read_codes: Callable[[PageImage], tuple[str, ...]]
    is_white: Callable[[bytes], bool]
    _plan: str = field(default="")
    _sources: PileSources = field(default_factory=PileSources)
    _blank: BlankExam | None = field(default=None)
    _known: tuple[str, dict[int, bytes]] = field(default_factory=lambda: ("", {}))

    def execute(self, event: ItemEvent) -> Executed:
        """Do one item and record the task. An unreadable file fails only its own task."""
        if not self.watch.is_current(event.run_id, event.attempt):
            return Executed.skipped()
        try:
            result = self._result(event)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            return self.recorder.failed(event, error, CallUsage())
        return self.recorder.succeeded(event, result, CallUsage())

    def _result(self, event: ItemEvent) -> StrictModel:
        self._load_sources(event)
        refs = event.item.refs
        source = str(refs["source"])
        if source not in self._sources.files:
            raise MissingInputError(_GONE)
        assignment = self.watch.get(event.run_id).assignment
        parts = self._sources.files[source]
        try:
            if event.stage == COUNT_PAGES:
                return self._count(assignment, source, parts)
            file = StoredFile(self.objects, parts, self._lookups(assignment, source))
            pages = self._read(file, int(refs["first"]), int(refs["last"]))
            return SeparatedPages(pages=tuple(self._facts(assignment, source, pages)))
        except (ObjectNotFoundError, ObjectChangedError):
            raise MissingInputError(_GONE) from None

    def _count(self, assignment: str, source: str, parts: Sequence[StoredPart]) -> PageCount:
        """Return the number of pages, and store what was looked up to find them, for the readers of ranges."""
        file = Lookups(StoredFile(self.objects, parts))
        count = self.count(file)
        key = object_keys.pile_lookups(assignment, source)
        self.objects.put(key, file.dump(), "application/octet-stream")
        return PageCount(pages=count)

    def _lookups(self, assignment: str, source: str) -> dict[int, bytes]:
        """Return what was looked up in a file when its pages were counted; a warm function keeps the last file's."""
        if self._known[0] != source:
            try:
                found = load_lookups(self.objects.get(object_keys.pile_lookups(assignment, source)))
            except ObjectNotFoundError:  # of a file that is no PDF by its name
                found = {}
            self._known = source, found
        return self._known[1]

    def _read(self, file: ByteSource, first: int, last: int) -> Iterator[tuple[int, PageImage | None]]:
        """Yield the images of a range of pages with their numbers; a page that can't be drawn has none.

        A file without ranges, which is no PDF by its name, is read whole.
        """
        if not last:
            if file.size > MAX_UPLOAD_BYTES:
                raise UnreadableScanError(f"the file is larger than {MAX_UPLOAD_BYTES // 2**20} MiB: scan it in parts")
            yield from enumerate(self.blank_exams.pages(file.read(0, file.size)), 1)
            return
        done = first - 1
        while done < last:
            try:
                for number, image in self.page_range(file, done + 1, last):
                    yield number, image
                    done = number
                done = last
            except UnreadableScanError:
                done += 1
                yield done, None

    def _facts(self, assignment: str, source: str, pages: Iterable[tuple[int, PageImage | None]]) -> Iterator[PilePage]:
        """Store the image of each page, and yield what is known of it."""
        parts: dict[int, int] = {}
        expected = 1
        for number, sheet in pages:
            if sheet is None:
                yield PilePage(source=source, page=number)
                continue
            for image, ink in self._measured(sheet, expected):
                parts[number] = part = parts.get(number, 0) + 1
                if ink and ink.exam_page:
                    expected = ink.exam_page % ink.exam_pages + 1
                codes = [code for text in self.read_codes(image) if (code := parse(text))]
                code = _code_of(assignment, codes)
                key = object_keys.pile_page(assignment, source, number, part)
                self.objects.put(key, image.jpeg, "image/jpeg")
                yield PilePage(
                    source=source,
                    page=number,
                    part=part,
                    key=key,
                    sha256=hashlib.sha256(image.jpeg).hexdigest(),
                    width=image.width,
                    height=image.height,
                    ink=ink,
                    owner=code.folder if code else "",
                    is_cover=code is not None and code.page == COVER,
                    is_other_cover=any(each.page == COVER and each.assignment != assignment for each in codes),
                    is_white=ink is None and self.is_white(image.jpeg),
                    is_turned=image.width * image.height == sheet.width * sheet.height and image.jpeg != sheet.jpeg,
                )

    def _measured(self, sheet: PageImage, expected: int) -> Iterator[tuple[PageImage, PageInk | None]]:
        for page, ink in self._blank.single_pages(sheet, expected) if self._blank else [(sheet, None)]:
            yield page, with_undrawn(page, ink)

    def _load_sources(self, event: ItemEvent) -> None:
        """Load the files and the blank exam of the stage's plan; a warm function reads them once per attempt."""
        name = object_keys.stage_file(event.run_id, event.stage, SOURCES)
        plan = f"{name}/{event.attempt}"
        if plan == self._plan:
            return
        self._sources = PileSources.model_validate_json(self.objects.get(name))
        self._blank = self.blank_exams.of(self._sources.blank_exam)
        self._plan = plan


def _code_of(assignment: str, codes: Iterable[CoverCode]) -> CoverCode | None:
    """Return the printed code on a page; ``None`` without one of this assignment, or with several students'."""
    own = [code for code in codes if code.assignment == assignment]
    return own[0] if len({code.student for code in own}) == 1 else None
