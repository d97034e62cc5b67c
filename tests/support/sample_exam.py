"""The sample exam, run in process: the services over stores in memory, real images, and the simulated model."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aita.imaging.codes import read_codes
from aita.imaging.ink import BlankExam
from aita.imaging.mask import masked
from aita.imaging.pages import pages
from aita.imaging.pdf_ranges import pdf_page_count, pdf_range
from aita.imaging.strips import strip
from aita.llm.chat import ChatModel
from aita.models.scan import PageImage
from aita.ports import ByteSource
from aita.services.execution.blank_exams import BlankExams
from tests.support.fakes import FakeModel, Harness

EXAM = Path(__file__).parents[2] / "samples" / "exam"
HEADER = 0.12
"""How much of a page's height has the student's name."""

LONGEST_SIDE = 2048
"""Pixels."""


@dataclass
class SampleExamRun(Harness):
    """The harness, with scans split for real, and their headers masked."""

    def cold(self) -> None:
        super().cold()
        exams = BlankExams(self.objects, pages, BlankExam)
        self.splitter = replace(self.splitter, blank_exams=exams, mask=masked, strip=strip, mask_header=HEADER)
        self.separator = replace(
            self.separator,
            blank_exams=replace(exams, prepare=partial(BlankExam, with_cells=True)),
            count=pdf_page_count,
            page_range=page_range,
            read_codes=read_codes,
        )
        self.cutter = replace(self.cutter, strip=strip)


def page_range(file: ByteSource, first: int, last: int) -> Iterator[tuple[int, PageImage]]:
    """Return a range of a PDF's pages as the split function draws them."""
    return pdf_range(file, first, last, LONGEST_SIDE)


def sample_exam(model: ChatModel, *left_out: str) -> SampleExamRun:
    """Return a harness with the instructor's folder uploaded, without the files that are named."""
    fake = FakeModel()
    fake.otherwise = lambda request: model.complete(request, fake.images[-1])
    harness = SampleExamRun(model=fake)
    for path in sorted(EXAM.rglob("*")):
        if path.is_file() and path.name not in left_out:
            harness.put(path.relative_to(EXAM).as_posix(), path.read_bytes())
    return harness
