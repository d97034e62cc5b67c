"""Reports as HTML files."""

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aita.models.class_report import ClassReport
from aita.models.effort import graded_by
from aita.models.report import MADE_OF, REPORT_OF, PageScan, StudentReport, TranscriptionReport
from aita.models.review_flags import by_kind
from aita.reports import charts, histograms, text
from aita.services.assignments import object_keys


class Pages:
    """Renderer of reports. Templates are compiled once; every text in them is escaped unless it is ``Markup``."""

    def __init__(self) -> None:
        style = files("aita.reports").joinpath("templates", "style.css").read_text(encoding="utf-8")
        environment = Environment(
            loader=PackageLoader("aita.reports"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= text.FILTERS | {"data_uri": data_uri}
        environment.globals |= {
            "style": Markup(style),  # noqa: S704 - the package's own file
            "style_source": style_source(style),
            "made_of": MADE_OF,
            "report_of": REPORT_OF,
            "totals_chart": charts.totals,
            "means_chart": charts.means,
            "histogram": charts.histogram,
            "question_histogram": histograms.question_histogram,
            "graded_by": graded_by,
            "by_kind": by_kind,
            "student_report": object_keys.student_report,
            "transcription_report": object_keys.transcription_report,
        }
        self._student = environment.get_template("student.html")
        self._transcription = environment.get_template("transcription.html")
        self._class = environment.get_template("class.html")

    def student(self, report: StudentReport) -> bytes:
        """Return a student's report, which the student may see: without the graders' doubts."""
        return self._student.render(report=report).encode()

    def transcription(self, report: TranscriptionReport) -> bytes:
        """Return a student's scans beside their transcriptions."""
        return self._transcription.render(report=report).encode()

    def class_report(self, report: ClassReport) -> bytes:
        """Return the class's report, for its teachers."""
        return self._class.render(report=report).encode()


def style_source(style: str) -> str:
    """Return the style sheet's hash as a source of a Content-Security-Policy, so that no other style applies."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


def data_uri(scan: PageScan) -> Markup:
    """Return a page's image as a data URI."""
    return Markup("data:image/jpeg;base64,") + Markup(base64.b64encode(scan.jpeg or b"").decode())  # noqa: S704 - base64
