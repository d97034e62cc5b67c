"""Rendering of reports: HTML for each student and for the class, from the assignment's present data."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from aita.concurrency import map_concurrently
from aita.errors import MissingInputError, NotFoundError, ObjectNotFoundError, RequestError, TaskError
from aita.models.call_usage import CallUsage
from aita.models.class_report import ClassReport
from aita.models.exam import Page
from aita.models.report import PageScan, ReportFile, ReportFiles, StudentReport, TranscriptionReport
from aita.models.run import ItemEvent, Run
from aita.ports import Clock, DecisionStore, ObjectStore, RunStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.reporting.report_builder import ReportSources, Scans
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import Executed, Recorder
from aita.services.stages.report import STUDENT

logger = logging.getLogger(__name__)

_READERS = 8  # concurrent reads of page images
_HTML = "text/html; charset=utf-8"
_NEWEST_RUNS = 50  # runs considered for the class report's costs and times


class PageRenderer(Protocol):
    """Renderer of reports as HTML; implemented by ``aita.reports.pages.Pages``."""

    def student(self, report: StudentReport) -> bytes:
        """Return a student's report."""
        ...

    def transcription(self, report: TranscriptionReport) -> bytes:
        """Return a student's scans beside their transcriptions."""
        ...

    def class_report(self, report: ClassReport) -> bytes:
        """Return the class's report."""
        ...


@dataclass(slots=True)
class ReportRenderer:
    """Executes the items of the report stage. Each function reads an attempt's sources once."""

    objects: ObjectStore
    runs: RunStore
    decisions: DecisionStore
    watch: RunCache
    recorder: Recorder
    renderer: PageRenderer
    clock: Clock
    _sources: tuple[str, ReportSources] | None = field(default=None)

    def report(self, event: ItemEvent) -> Executed:
        """Write the reports of one student or of the class, and record the task."""
        if not self.watch.is_current(event.run_id, event.attempt):
            return Executed.skipped()
        try:
            written = self._write(event)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            return self.recorder.failed(event, error, CallUsage())
        return self.recorder.succeeded(event, ReportFiles(files=tuple(written)), CallUsage())

    def _write(self, event: ItemEvent) -> list[ReportFile]:
        sources = self._read(event)
        student_id = event.item.refs.get(STUDENT)
        pages = self._class(sources) if student_id is None else self._student(sources, str(student_id))
        files = []
        for name, html in pages:
            key = object_keys.report(sources.assignment, name)
            self.objects.put(key, html, _HTML)
            files.append(ReportFile(name=name, key=key))
        return files

    def _student(self, sources: ReportSources, student_id: str) -> Iterator[tuple[str, bytes]]:
        scans = self._scans(sources.pages.get(student_id, ()))
        graded = sources.student_report(student_id, scans, self.clock())
        if graded is not None:
            yield object_keys.student_report(student_id), self.renderer.student(graded)
        read = sources.transcription_report(student_id, scans, self.clock())
        yield object_keys.transcription_report(student_id), self.renderer.transcription(read)

    def _class(self, sources: ReportSources) -> Iterator[tuple[str, bytes]]:
        report = sources.class_report(self._runs(sources.assignment), self.clock())
        yield object_keys.CLASS_REPORT, self.renderer.class_report(report)

    def _read(self, event: ItemEvent) -> ReportSources:
        version = f"{event.run_id}/{event.attempt}"
        if self._sources is None or self._sources[0] != version:
            run = self.watch.get(event.run_id)
            material = AssignmentFiles(self.objects, run.assignment, self.decisions)
            try:
                matches = self.decisions.matches(run.assignment)
                reader, grader = run.settings.model_of("reader"), run.settings.model_of("grader")
                sources = ReportSources.read(material, self.decisions.all, matches, reader=reader, grader=grader)
            except RequestError as error:
                raise MissingInputError(str(error)) from None
            self._sources = version, sources
        return self._sources[1]

    def _scans(self, pages: tuple[Page, ...]) -> Scans:
        def read(page: Page) -> PageScan:
            try:
                jpeg = self.objects.get(page.key)
            except ObjectNotFoundError:
                jpeg = None
            return PageScan(page=page.page, width=page.width, height=page.height, jpeg=jpeg)

        return {scan.page: scan for scan in map_concurrently(read, pages, _READERS)}

    def _runs(self, assignment: str) -> Iterator[Run]:
        """Yield the newest runs that used the model."""
        summaries, _ = self.runs.list(assignment, _NEWEST_RUNS, None)
        for summary in summaries:
            try:
                run = self.runs.get(summary.run_id)
            except NotFoundError:  # the run expired since it was listed
                continue
            if run.usage.calls or run.usage.cached_calls:
                yield run
