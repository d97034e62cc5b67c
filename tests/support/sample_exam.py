"""The sample exam, run in process: the services over stores in memory, real images, and the simulated model."""

from dataclasses import dataclass, replace
from pathlib import Path

from aita.imaging.ink import BlankExam
from aita.imaging.mask import masked
from aita.imaging.pages import pages
from aita.imaging.strips import strip
from aita.llm.chat import ChatModel
from tests.support.fakes import FakeModel, Harness

EXAM = Path(__file__).parents[2] / "samples" / "exam"
HEADER = 0.12
"""How much of a page's height has the student's name."""


@dataclass
class SampleExamRun(Harness):
    """The harness, with scans split for real, and their headers masked."""

    def cold(self) -> None:
        super().cold()
        self.splitter = replace(self.splitter, pages=pages, blank_exam=BlankExam, mask=masked, mask_header=HEADER)
        self.cutter = replace(self.cutter, strip=strip)


def sample_exam(model: ChatModel, *left_out: str) -> SampleExamRun:
    """Return a harness with the instructor's folder uploaded, without the files that are named."""
    fake = FakeModel()
    fake.otherwise = lambda request: model.complete(request, fake.images[-1])
    harness = SampleExamRun(model=fake)
    for path in sorted(EXAM.rglob("*")):
        if path.is_file() and path.name not in left_out:
            harness.put(path.relative_to(EXAM).as_posix(), path.read_bytes())
    return harness
