"""Piles: what becomes of booklets with a scanner's faults, the time of separation, and the memory of a large pile."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from aita.bootstrap import utc_now
from aita.imaging.codes import read_codes
from aita.imaging.ink import BlankExam, is_white
from aita.imaging.isolated import count_apart, numbered_pages_apart, pages_apart
from aita.imaging.pages import pages
from aita.imaging.pdf_ranges import pdf_page_count, pdf_range
from aita.memory.objects import MemoryObjects
from aita.models.pile import PilePage, SeparatedPages, StoredPart
from aita.models.run import Item, ItemEvent, Refs, StageCounts
from aita.models.scan import PageImage, PageInk
from aita.ports import ByteSource
from aita.services.assignments import object_keys
from aita.services.assignments.booklets import separate
from aita.services.execution.blank_exams import BlankExams
from aita.services.execution.pile_separator import COUNT_PAGES, SEPARATE, PileSeparator
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Recorder
from aita.services.stages.pile_sources import PileSources
from aita.services.stages.separate import PAGES_AT_ONCE
from aita.services.stages.split_base import SOURCES
from benchmarks.harness import class_pile
from benchmarks.harness.in_memory_run import ASSIGNMENT, RUN_ID, running
from benchmarks.harness.results_table import Case, Limit, say
from tests.support.memory_runs import MemoryRuns, MemoryTasks

STUDENTS = 500
TO_A_PERSON = 0.05
PAGES_A_SECOND = 10.0
LARGE_PAGES, LARGE_BYTES = 4000, 10**9
MOST_MEMORY = 300
"""MB of the function's two processes, which share what they began with."""

LONGEST_SIDE = 2048
_PILE = f"{ASSIGNMENT}/piles/class.pdf"
_BLANK = f"{ASSIGNMENT}/blank_exam.pdf"
_ETAG = "etag"


def measure() -> list[Case]:
    """Separate a class of images, and read the ends and the middle of a pile of a gigabyte."""
    with tempfile.TemporaryDirectory() as folder:
        say(f"the pile of {STUDENTS} booklets")
        cases = _class(Path(folder))
        say(f"a pile of {LARGE_PAGES:,} pages and {LARGE_BYTES / 1e9:.0f} GB")
        return [*cases, _large(Path(folder))]


def _class(folder: Path) -> list[Case]:
    sheets = class_pile.sheets(STUDENTS)
    blank, pile = _exam(folder), folder / "class.pdf"
    class_pile.write_pdf(pile, ((class_pile.jpeg(class_pile.drawn(sheet, blank)), 0) for sheet in sheets), len(sheets))
    ranges = [
        (first, min(first + PAGES_AT_ONCE - 1, len(sheets))) for first in range(1, len(sheets) + 1, PAGES_AT_ONCE)
    ]
    with ProcessPoolExecutor(initializer=_begin, initargs=(folder,)) as pool:
        facts = [page for found in pool.map(_range, ranges) for page in found]
    found = separate([facts])
    placed = [[page.page for page in (*one.pages, *one.aside)] for one in found.booklets]
    places = sorted([*(page for one in placed for page in one), *(each.page.page for each in found.unplaced)])
    owners = [
        {sheets[page - 1].student for page in one if sheets[page - 1].number != class_pile.EMPTY} for one in placed
    ]
    to_a_person = {sheets[each.page.page - 1].student for each in found.unplaced}
    limits = (
        Limit("pages lost", len(sheets) - len(set(places)) + len(places) - len(set(places)), 0),
        Limit("wrong students", sum(len(each) != 1 for each in owners), 0),
        Limit("students with two booklets", len(owners) - len({min(each) for each in owners}), 0),
        Limit("to a person", len(to_a_person) / STUDENTS, TO_A_PERSON, is_share=True),
    )
    name = f"pile of {STUDENTS} booklets of {class_pile.LENGTH} pages, {len(class_pile.FAULTS)} faults in 5 % each"
    measured = f"{len(sheets):,} pages, {len(found.booklets)} booklets, {len(found.unplaced)} pages in none"
    taken = _in_a_process(folder, "speed")
    speed = taken["pages"] / (taken["all"] - taken["ink"])
    also = f"{taken['pages'] / taken['all']:.1f} pages/s with the ink"
    return [
        Case(name, measured, "", limits=limits),
        Case(
            "separation of a pile, beside the ink, in processor time",
            f"{speed:.1f} pages/s, {also}",
            f"{PAGES_A_SECOND:g} pages/s",
            speed / PAGES_A_SECOND,
            1.0,
        ),
    ]


def _large(folder: Path) -> Case:
    blank = _exam(folder)
    images = [class_pile.jpeg(class_pile.drawn(class_pile.Sheet(0, number), blank)) for number in blank]
    size = LARGE_BYTES // LARGE_PAGES
    each = ((images[page % len(images)], size) for page in range(LARGE_PAGES))
    class_pile.write_pdf(folder / "class.pdf", each, LARGE_PAGES)
    taken = _in_a_process(folder, "large")
    stored = (folder / "class.pdf").stat().st_size / 1e9
    return Case(
        f"pile of {LARGE_PAGES:,} pages and {stored:.2f} GB: peak memory",
        f"{taken['memory']:.0f} MB; {taken['counting']:,} requests to count, {taken['ranges']:,} for three ranges",
        f"{MOST_MEMORY} MB",
        taken["memory"] / MOST_MEMORY,
        1.0,
        at_least=False,
    )


def _exam(folder: Path) -> dict[int, Image.Image]:
    """Write the blank exam into a folder, and return its pages."""
    blank = {number: class_pile.blank_page(number) for number in range(1, class_pile.LENGTH + 1)}
    class_pile.write_pdf(folder / "exam.pdf", ((class_pile.jpeg(page), 0) for page in blank.values()), len(blank))
    return blank


def _in_a_process(folder: Path, what: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.cases.piles", str(folder), what]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


@dataclass
class Pile(MemoryObjects):
    """A pile and a blank exam in files; images are discarded, and other objects kept."""

    folder: Path = field(default_factory=Path)

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        return (self.folder / "exam.pdf").read_bytes() if key == _BLANK else super().get(key)

    def get_range(self, key: str, etag: str, first: int, length: int) -> bytes:  # noqa: ARG002 - there is one file
        """Return a part of the pile."""
        self.requests["range"] += 1
        with (self.folder / "class.pdf").open("rb") as file:
            file.seek(first)
            return file.read(length)

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Keep an object that is no image."""
        if content_type != "image/jpeg":
            super().put(key, data, content_type)


class Timed(BlankExam):
    """A blank exam that knows how much processor time ink took, in seconds."""

    taken = 0.0

    def single_pages(self, sheet: PageImage, expected: int) -> list[tuple[PageImage, PageInk]]:
        """Return the pages of a sheet."""
        begun = time.process_time()
        found = super().single_pages(sheet, expected)
        Timed.taken += time.process_time() - begun
        return found


class Separation:
    """The split function's work on the pile in a folder."""

    def __init__(self, folder: Path, prepare: Callable[..., BlankExam] = BlankExam) -> None:
        self.objects = Pile(folder=folder)
        runs = MemoryRuns(utc_now)
        runs.create(running(SEPARATE, StageCounts(total=1)), None)
        part = StoredPart(key=_PILE, size=(folder / "class.pdf").stat().st_size, etag=_ETAG)
        sources = PileSources(files={"pile": (part,)}, blank_exam=(_BLANK,)).model_dump_json().encode()
        for stage in (COUNT_PAGES, SEPARATE):
            self.objects.put(object_keys.stage_file(RUN_ID, stage, SOURCES), sources)
        watch = RunCache(runs)
        exams = BlankExams(
            self.objects,
            partial(pages_apart, pages=partial(pages, longest_side=LONGEST_SIDE)),
            partial(prepare, with_cells=True),
        )
        self.separator = PileSeparator(
            objects=self.objects,
            watch=watch,
            recorder=Recorder(runs, MemoryTasks(), self.objects, watch, utc_now),
            blank_exams=exams,
            count=partial(count_apart, count=pdf_page_count),
            page_range=_page_range,
            read_codes=read_codes,
            is_white=is_white,
        )

    def run(self, stage: str, first: int = 0, last: int = 0) -> Any:
        """Run an item, and return its result."""
        refs: Refs = {"source": "pile", "section": 1, "first": first, "last": last}
        item = Item(task_id=f"{stage}-{first}", refs=refs)
        answer = self.separator.execute(ItemEvent(run_id=RUN_ID, attempt=1, stage=stage, item=item)).answer
        if answer.outcome != "SUCCEEDED":
            raise RuntimeError(f"{stage} did not succeed: {answer}")
        return json.loads(self.objects.data[object_keys.result(RUN_ID, stage, item.task_id)])["result"]


def _page_range(file: ByteSource, first: int, last: int) -> Iterable[tuple[int, PageImage]]:
    return numbered_pages_apart(file, partial(pdf_range, first=first, last=last, longest_side=LONGEST_SIDE))


_worker: list[Separation] = []


def _begin(folder: Path) -> None:
    _worker.append(Separation(folder))


def _range(bounds: tuple[int, int]) -> tuple[PilePage, ...]:
    return SeparatedPages.model_validate(_worker[0].run(SEPARATE, *bounds)).pages


def _speed(folder: Path) -> dict[str, Any]:
    """Return the seconds of processor time of some ranges, and those of them that ink took."""
    separation, count = Separation(folder, Timed), 5 * PAGES_AT_ONCE
    separation.run(SEPARATE, 1, 1)  # the blank exam is made ready
    Timed.taken = 0.0
    begun = time.process_time() + _of_children()
    for first in range(1, count, PAGES_AT_ONCE):
        separation.run(SEPARATE, first, first + PAGES_AT_ONCE - 1)
    taken = time.process_time() + _of_children() - begun
    return {"pages": count, "all": taken, "ink": Timed.taken}


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(folder: Path) -> dict[str, Any]:
    """Return the peak memory in MB of counting and of three ranges, and the requests that they made."""
    separation = Separation(folder)
    if (counted := separation.run(COUNT_PAGES)["pages"]) != LARGE_PAGES:
        raise RuntimeError(f"{counted} pages were counted")
    counting = separation.objects.requests["range"]
    for first in (1, LARGE_PAGES // 2 + 1, LARGE_PAGES - PAGES_AT_ONCE + 1):
        separation.run(SEPARATE, first, first + PAGES_AT_ONCE - 1)
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    requests = separation.objects.requests["range"]
    return {"memory": sum(peaks) / 1024, "counting": counting, "ranges": requests - counting}


if __name__ == "__main__":
    print(json.dumps((_speed if sys.argv[2] == "speed" else _memory)(Path(sys.argv[1]))))
