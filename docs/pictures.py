"""Draw the README's pictures from real runs of the sample exam on the emulator: a run at half way, and its reports.

Run it from the project's folder: ``.venv/bin/python -m docs.pictures``. The reports are looked at with Chromium.
"""

import re
import tempfile
import time
import uuid
from pathlib import Path

from rich.console import Console
from rich.text import Text

from aita.cli.views.progress import draw
from aita.models.api import RunView, StartRunRequest
from aita.models.run import RunStatus
from aita.services.assignments import object_keys
from benchmarks.harness.emulator_stack import Emulated, emulated
from tests.support import chromium

SAMPLE = Path(__file__).parents[1] / "samples" / "exam"
IMAGES = Path(__file__).parent / "images"
LATENCY, HALF_WAY = 1.5, 7
STUDENT = "ines munoz tarres"
WIDTH = 920
HEIGHTS = {"class-report": 1150, "student-report": 1280, "transcription-report": 900}


def main() -> None:
    """Run the sample exam, and keep what the terminal and the browser show of it."""
    with emulated(concurrency=5) as stack:
        for file in SAMPLE.rglob("*"):
            if file.is_file():
                stack.put(f"sample/{file.relative_to(SAMPLE)}", file.read_bytes())
        stack.model.control(latency=LATENCY)
        _draw_progress(_half_way(stack))
        stack.model.control(latency=0)
        stack.run("sample", "exam")
        with tempfile.TemporaryDirectory() as folder:
            draw_reports(_reports(stack), Path(folder))


def draw_reports(reports: dict[str, bytes], folder: Path) -> None:
    """Draw the tops of reports, light and dark, as a browser shows them; ``folder`` is for its files."""
    command = chromium.find()
    if command is None:
        raise RuntimeError("Chromium is not there: the reports' pictures are its own")
    for name, html in reports.items():
        file = folder / f"{name}.html"
        file.write_bytes(html)
        for scheme in ("light", "dark"):
            target = IMAGES / f"{name}-{scheme}.png"
            browser = chromium.Chromium(command, folder)
            browser.picture(file, target, WIDTH, HEIGHTS[name], dark=scheme == "dark")


def _reports(stack: Emulated) -> dict[str, bytes]:
    students = stack.read(f"sample/{object_keys.STUDENTS}")["students"]
    shown = next(student["student_id"] for student in students if student["folder"] == STUDENT)
    names = {
        "class-report": object_keys.CLASS_REPORT,
        "student-report": object_keys.student_report(shown),
        "transcription-report": object_keys.transcription_report(shown),
    }
    return {
        name: stack.s3.get_object(Bucket=stack.bucket, Key=object_keys.report("sample", file))["Body"].read()
        for name, file in names.items()
    }


def _draw_progress(view: RunView) -> None:
    console = Console(record=True, width=88, file=Path("/dev/null").open("w"))
    console.print(Text("$ aita transcribe --assignment sample --local", "bold"))
    console.print(draw(view, Text("●", "cyan")))
    picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="aita"), flags=re.DOTALL)  # fetch no font
    (IMAGES / "progress.svg").write_text(picture)


def _half_way(stack: Emulated) -> RunView:
    run = stack.api.start(StartRunRequest(assignment="sample", pipeline="transcribe"), key=uuid.uuid4().hex)
    while run.status is RunStatus.RUNNING:
        stage = run.stages[-1] if run.stages else None
        if stage and stage.stage == "transcribe" and stage.succeeded >= HALF_WAY:
            return run
        time.sleep(0.1)
        run = stack.api.run(run.run_id)
    raise RuntimeError(f"the run ended before it was half way: {run.status}")


if __name__ == "__main__":
    main()
