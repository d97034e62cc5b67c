"""How many pages a second split makes, in its fork, against bare pypdfium2 and Pillow in one process."""

import io
import time
from collections.abc import Callable
from functools import partial

import pypdfium2
from PIL import Image

from aita.bootstrap import utc_now
from aita.imaging.apart import pages_apart
from aita.imaging.ink import BlankExam
from aita.imaging.mask import masked
from aita.imaging.pages import pages
from aita.memory.objects import MemoryObjects
from aita.memory.runs import MemoryRuns, MemoryTasks
from aita.models.run import Item, ItemEvent, StageCounts
from aita.services import keys
from aita.services.record import Recorder
from aita.services.run_watch import RunWatch
from aita.services.split import Splitter
from aita.services.stages.files import SOURCES, Sources
from benchmarks import scans
from benchmarks.report import Case
from benchmarks.running import ASSIGNMENT, RUN_ID, running

PAGES = 200
BOUND = 0.8
MASK = 0.12
BLANK_EXAM = f"{ASSIGNMENT}/blank_exam.pdf"
LONGEST_SIDE, QUALITY, DPI = 2048, 85, 200


def measure() -> list[Case]:
    """Split one PDF and many JPEGs, and do the same with the bare libraries."""
    document, pictures = scans.pdf(PAGES), scans.jpegs(PAGES)
    return [
        *_compare(f"split a PDF scan of {PAGES} pages", [document], lambda: _bare_pdf(document)),
        *_compare(f"split {PAGES} JPEGs", pictures, lambda: [_bare_jpeg(picture) for picture in pictures]),
    ]


def _compare(name: str, files: list[bytes], bare: Callable[[], object]) -> list[Case]:
    """Return the pages a second of split as it is, and of all that it does more where a blank exam and a mask are."""
    theirs, ours = _seconds(bare), _seconds(lambda: _split(files))
    all_of_it = _seconds(lambda: _split(files, with_exam=True))
    against = f"bare pypdfium2 and Pillow: {PAGES / theirs:.1f} pages/s"
    return [
        Case(name, f"{PAGES / ours:.1f} pages/s", against, theirs / ours, BOUND),
        Case(
            "the same, each page masked and its ink measured against the blank exam",
            f"{PAGES / all_of_it:.1f} pages/s",
            against,
            theirs / all_of_it,
        ),
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _split(files: list[bytes], *, with_exam: bool = False) -> None:
    objects, runs, tasks = MemoryObjects(), MemoryRuns(utc_now), MemoryTasks()
    runs.create(running("split", StageCounts(total=len(files))), None)
    sources = {f"source{number}": f"{ASSIGNMENT}/scans/student/{number}" for number in range(len(files))}
    for key, data in zip(sources.values(), files, strict=True):
        objects.put(key, data)
    objects.put(BLANK_EXAM, scans.blank_exam())
    plan = Sources(files=sources, blank_exam=(BLANK_EXAM,) if with_exam else (), of_students=True)
    objects.put(keys.stage_file(RUN_ID, "split", SOURCES), plan.model_dump_json().encode())
    watch = RunWatch(runs)
    splitter = Splitter(
        objects,
        watch,
        Recorder(runs, tasks, objects, watch, utc_now),
        partial(pages_apart, pages=pages),
        BlankExam,
        partial(masked, fraction=MASK) if with_exam else None,
    )
    for source in sources:
        item = Item(task_id=f"split-{source}", refs={"student_id": "s", "source": source, "place": 1})
        answer = splitter.split(ItemEvent(run_id=RUN_ID, attempt=1, stage="split", item=item)).answer
        if answer.outcome != "SUCCEEDED":
            raise RuntimeError(f"split did not succeed: {answer}")


def _bare_pdf(data: bytes) -> list[bytes]:
    document = pypdfium2.PdfDocument(data)
    return [
        _bare_save(page.render(scale=min(DPI / 72, LONGEST_SIDE / max(page.get_size()))).to_pil()) for page in document
    ]


def _bare_jpeg(data: bytes) -> bytes:
    return _bare_save(Image.open(io.BytesIO(data)))


def _bare_save(image: Image.Image) -> bytes:
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    saved = io.BytesIO()
    image.save(saved, "JPEG", quality=QUALITY)
    return saved.getvalue()
