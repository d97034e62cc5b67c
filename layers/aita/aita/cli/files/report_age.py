"""Detection of outdated reports: made before a grade, a decision or an upload that they would show now."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.report import MADE_OF
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.reporting.report_builder import ReportSources

_MADE_OF = re.compile(f'<meta name="{MADE_OF}" content="([0-9a-f]+)">')
_HEAD = 4096  # characters: the element stands among a report's first


def out_of_date(
    material: AssignmentFiles,
    decisions: Callable[[str], Iterable[Decision]],
    matches: Iterable[MatchDecision],
    paths: Mapping[str, Path],
) -> list[str]:
    """Return the names of graded reports that are out of date, or that were not made yet.

    A report without a digest of its sources is of version 0.1.0 and counts as out of date: that version showed
    students proposals that were discarded, and quotes that were not found.

    Parameters
    ----------
    material
        The current source files of the reports.
    decisions
        Function that returns people's decisions about an assignment's answers.
    matches
        People's decisions about its students' matches.
    paths
        The fetched reports, by their names in the bucket.
    """
    sources = ReportSources.read(material, decisions, matches)
    if sources.gradebook is None:
        return []
    made = {name: _made_of(path) for name, path in paths.items()}
    return [name for name, current in _current_digests(sources) if made.get(name) != current]


def _current_digests(sources: ReportSources) -> Iterator[tuple[str, str | None]]:
    """Yield the name of each graded report, with the digest of its current sources; ``None`` if it has none."""
    now = datetime.now(UTC)
    yield object_keys.CLASS_REPORT, sources.class_report((), now).made_of
    for student in sources.students.students:
        report = sources.student_report(student.student_id, {}, now)
        yield object_keys.student_report(student.student_id), report.made_of if report else None


def _made_of(report: Path) -> str:
    """Return the digest of a report's sources from its head; empty if it has none."""
    with report.open(encoding="utf-8") as file:
        found = _MADE_OF.search(file.read(_HEAD))
    return found[1] if found else ""
