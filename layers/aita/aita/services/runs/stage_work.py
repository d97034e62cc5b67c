"""Work of a stage, as AWS bills it, before its run starts."""

from collections.abc import Callable
from math import ceil

from aita.errors import RequestError
from aita.models.run import RunSettings
from aita.models.second_look import See
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.uploaded_files import blank_exam_files, uploaded_scans
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.runs.aws_price import Work
from aita.services.runs.scan_count import (
    booklet_count,
    page_count,
    pile_page_counts,
    scan_page_count,
    student_count,
    unseparated_page_count,
)
from aita.services.stages.base import Stage
from aita.services.stages.cut import CutStage, strips_to_cut
from aita.services.stages.report import ReportStage
from aita.services.stages.separate import PAGES_AT_ONCE, SeparateStage
from aita.services.stages.split import SplitStage
from aita.services.stages.split_exam import SplitExamStage, most_scanned


def work_of(
    stage: Stage,
    calls: int,
    material: AssignmentFiles,
    settings: RunSettings,
    made: frozenset[str],
    grade_inputs: Callable[[], GradeInputs],
) -> Work:
    """Return the work of a stage of which nothing was done before.

    Parameters
    ----------
    calls
        Calls of the model; each is a task.
    made
        Names of the artifacts that earlier stages of the run make.
    grade_inputs
        Returns the inputs of grading, or raises ``RequestError`` where the run makes them.
    """
    match stage:
        case SeparateStage():
            pages = pile_page_counts(material).values()
            return Work(tasks=sum(ceil(count / PAGES_AT_ONCE) for count in pages), pages=sum(pages))
        case SplitStage():
            files = [file for _, name, file in uploaded_scans(material) if name]
            split = sum(map(len, material.pages().values()))
            pages_in_all = split + unseparated_page_count(material) if split else scan_page_count(material)
            return Work(tasks=len(files) + booklet_count(material), pages=pages_in_all)
        case SplitExamStage():
            files = [] if material.own_exam() else blank_exam_files(material) or most_scanned(material)
            return Work(tasks=len(files), pages=page_count(files))
        case CutStage():
            return _cut(material, settings, made, grade_inputs)
        case ReportStage():
            reports = (len(material.student_map().students) or student_count(material)) + 1  # and the class's
            return Work(tasks=reports, reports=reports)
    return Work(tasks=calls, calls=calls)


def _cut(
    material: AssignmentFiles, settings: RunSettings, made: frozenset[str], grade_inputs: Callable[[], GradeInputs]
) -> Work:
    try:
        if object_keys.ANSWERS in made and not material.answers():  # each answer is taken to be seen, as graders' calls
            seen = 0 if settings.see is See.NEVER else len(material.exam().questions)
            students = student_count(material) if seen else 0
            return Work(tasks=students, strips=students * seen)
        found = strips_to_cut(grade_inputs(), material, settings)
    except RequestError:  # its material is made in the run, as that of the grading that follows, which is noted
        return Work()
    return Work(tasks=len(found), strips=sum(map(len, found.values())))
