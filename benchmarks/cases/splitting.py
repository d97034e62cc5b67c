"""Pages a second of split, in its fork, against bare pypdfium2 and Pillow in one process."""

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pypdfium2
from PIL import Image

from aita.bootstrap import utc_now
from aita.imaging.ink import BlankExam
from aita.imaging.isolated import pages_apart
from aita.imaging.mask import masked
from aita.imaging.pages import pages
from aita.imaging.strips import strip
from aita.memory.objects import MemoryObjects
from aita.models.run import Item, ItemEvent, StageCounts
from aita.services.assignments import object_keys
from aita.services.execution.blank_exams import BlankExams
from aita.services.execution.page_splitter import PageSplitter
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Recorder
from aita.services.stages.split_base import SOURCES, Sources
from benchmarks.harness import scans
from benchmarks.harness.in_memory_run import ASSIGNMENT, RUN_ID, running
from benchmarks.harness.results_table import Case
from tests.support.memory_runs import MemoryRuns, MemoryTasks

PAGES = 200
BOUND = 0.8
MASK = 0.12
BLANK_EXAM = f"{ASSIGNMENT}/blank_exam.pdf"
LONGEST_SIDE, QUALITY, DPI = 2048, 85, 200


def measure() -> list[Case]:
    """Split one PDF and many JPEGs, and do the same with the bare libraries."""
    return [
        *_compare(f"split a PDF scan of {PAGES} pages", [scans.pdf(PAGES)]),
        *_compare(f"split {PAGES} JPEGs", scans.jpegs(PAGES)),
    ]


def _compare(name: str, files: list[bytes]) -> list[Case]:
    """Return the pages a second of split, without and with a blank exam and a mask."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(files):
            Path(folder, f"{number:04}").write_bytes(data)
        command = [sys.executable, "-m", "benchmarks.cases.splitting", folder]
        taken = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    against = f"bare pypdfium2 and Pillow: {PAGES / taken['bare']:.1f} pages/s"
    also = "the same, each page masked and its ink measured against the blank exam"
    return [
        Case(name, f"{PAGES / taken['split']:.1f} pages/s", against, taken["bare"] / taken["split"], BOUND),
        Case(also, f"{PAGES / taken['with_exam']:.1f} pages/s", against, taken["bare"] / taken["with_exam"]),
    ]


def _in_this_process(folder: Path) -> None:
    """Print the seconds of each way, in a process that uses no more memory than Lambda's, as a fork copies it."""
    files = sorted(folder.iterdir())
    taken = {
        "split": _seconds(lambda: _split(files)),
        "with_exam": _seconds(lambda: _split(files, with_exam=True)),
        "bare": _seconds(lambda: list(map(_bare, (file.read_bytes() for file in files)))),
    }
    print(json.dumps(taken))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@dataclass
class Scans(MemoryObjects):
    """Scans in files; written objects are discarded."""

    files: dict[str, Path] = field(default_factory=dict)

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        return self.files[key].read_bytes() if key in self.files else super().get(key)

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Discard an object."""


def _split(files: list[Path], *, with_exam: bool = False) -> None:
    runs, tasks = MemoryRuns(utc_now), MemoryTasks()
    runs.create(running("split", StageCounts(total=len(files))), None)
    sources = {f"source{number}": f"{ASSIGNMENT}/scans/student/{number}" for number in range(len(files))}
    plan = Sources(files=sources, blank_exam=(BLANK_EXAM,) if with_exam else (), of_students=True)
    planned = {object_keys.stage_file(RUN_ID, "split", SOURCES): plan.model_dump_json().encode()}
    objects = Scans(
        data={BLANK_EXAM: scans.blank_exam()} | planned, files=dict(zip(sources.values(), files, strict=True))
    )
    watch = RunCache(runs)
    splitter = PageSplitter(
        objects,
        watch,
        Recorder(runs, tasks, objects, watch, utc_now),
        BlankExams(objects, partial(pages_apart, pages=pages), BlankExam),
        masked,
        strip,
        MASK if with_exam else 0.0,
    )
    for source in sources:
        item = Item(task_id=f"split-{source}", refs={"student_id": "s", "source": source, "place": 1})
        answer = splitter.split(ItemEvent(run_id=RUN_ID, attempt=1, stage="split", item=item)).answer
        if answer.outcome != "SUCCEEDED":
            raise RuntimeError(f"split did not succeed: {answer}")


def _bare(data: bytes) -> None:
    if data.startswith(b"%PDF"):
        _bare_pdf(data)
    else:
        _bare_jpeg(data)


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


if __name__ == "__main__":
    _in_this_process(Path(sys.argv[1]))
