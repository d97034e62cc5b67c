"""How many pages a second split makes, against bare pypdfium2 and Pillow in the same process."""

import io
import time
from collections.abc import Callable

import pypdfium2
from PIL import Image

from aita.bootstrap import utc_now
from aita.imaging.ink import BlankExam
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
LONGEST_SIDE, QUALITY, DPI = 2048, 85, 200


def measure() -> list[Case]:
    """Split one PDF and many JPEGs, and do the same with the bare libraries."""
    document, pictures = scans.pdf(PAGES), scans.jpegs(PAGES)
    return [
        _compare(f"split a PDF scan of {PAGES} pages", [document], lambda: _bare_pdf(document)),
        _compare(f"split {PAGES} JPEGs", pictures, lambda: [_bare_jpeg(picture) for picture in pictures]),
    ]


def _compare(name: str, files: list[bytes], bare: Callable[[], object]) -> Case:
    ours, theirs = _seconds(lambda: _split(files)), _seconds(bare)
    return Case(
        name,
        f"{PAGES / ours:.1f} pages/s",
        f"bare pypdfium2 and Pillow: {PAGES / theirs:.1f} pages/s",
        theirs / ours,
        BOUND,
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _split(files: list[bytes]) -> None:
    objects, runs, tasks = MemoryObjects(), MemoryRuns(utc_now), MemoryTasks()
    runs.create(running("split", StageCounts(total=len(files))), None)
    sources = {f"source{number}": f"{ASSIGNMENT}/scans/student/{number}" for number in range(len(files))}
    for key, data in zip(sources.values(), files, strict=True):
        objects.put(key, data)
    objects.put(keys.stage_file(RUN_ID, "split", SOURCES), Sources(files=sources).model_dump_json().encode())
    watch = RunWatch(runs)
    splitter = Splitter(objects, watch, Recorder(runs, tasks, objects, watch, utc_now), pages, BlankExam)
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
