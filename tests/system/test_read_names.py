"""The sample exam in folders that tell nobody: the simulated model reads who they are on the heads of the pages."""

import pytest

from aita.models.run import RunStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from tests.support.fakes import ASSIGNMENT
from tests.support.sample_exam import EXAM, SampleExamRun, sample_exam
from tests.support.simulated import simulated_model


def booklets() -> dict[str, str]:
    """Return a folder that tells nobody for each folder of the sample."""
    return {path.name: f"booklet-{number:03}" for number, path in enumerate(sorted((EXAM / "scans").iterdir()), 1)}


def matched(harness: SampleExamRun) -> dict[str, tuple[str | None, str]]:
    listed = ClassList.of(AssignmentFiles(harness.objects, ASSIGNMENT), harness.decisions.matches(ASSIGNMENT))
    return {each.folder: (each.roster_name, each.match) for each in listed.students.students}


@pytest.mark.parametrize("form", ["json_schema", "text"])
def test_each_is_who_wrote_the_name(form: str) -> None:
    with simulated_model(form) as model:
        harness = sample_exam(model)
        for key in [key for key in harness.objects.data if key.startswith(f"{ASSIGNMENT}/scans/")]:
            _, _, folder, name = key.split("/")
            harness.put(f"scans/{booklets()[folder]}/{name}", harness.objects.data.pop(key))
        assert harness.run("transcribe", read_names=True).status is RunStatus.SUCCEEDED
    names = {folder: matched(harness)[booklet] for folder, booklet in booklets().items()}
    assert names == {
        "Leopold Quist": (None, "none"),  # as he is not on the roster
        "Maya Lindqvist": ("Maya Lindqvist", "read"),
        "Priya Castellane": ("Priya Castellane", "read"),
        "Tobias Wrenfield": ("Tobias Wrenfield", "read"),
        "ines munoz tarres": ("Inés Muñoz Tarrés", "read"),
    }
