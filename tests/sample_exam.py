"""The sample exam, run in process: the services over stores in memory, real images, and the simulated model."""

from dataclasses import dataclass, replace
from pathlib import Path

from aita.imaging.ink import BlankExam
from aita.imaging.pages import pages
from aita.llm.chat import ChatModel
from tests.fakes import FakeModel, Harness

EXAM = Path(__file__).parents[1] / "samples" / "exam"


@dataclass
class SampleExamRun(Harness):
    """The harness, with scans split for real."""

    def cold(self) -> None:
        super().cold()
        self.splitter = replace(self.splitter, pages=pages, blank_exam=BlankExam)


def sample_exam(model: ChatModel, *left_out: str) -> SampleExamRun:
    """Return a harness with the instructor's folder uploaded, without the files that are named."""
    fake = FakeModel()
    fake.otherwise = lambda request: model.complete(request, fake.images[-1])
    harness = SampleExamRun(model=fake)
    for path in sorted(EXAM.rglob("*")):
        if path.is_file() and path.name not in left_out:
            harness.put(path.relative_to(EXAM).as_posix(), path.read_bytes())
    return harness
