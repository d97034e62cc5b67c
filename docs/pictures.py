"""Draw the README's picture of a run's progress: a real run of the sample exam on the emulator, at half way.

Run it from the project's folder: ``.venv/bin/python -m docs.pictures``.
"""

import re
import time
import uuid
from pathlib import Path

from rich.console import Console
from rich.text import Text

from aita.cli.progress import draw
from aita.models.api import RunView, StartRun
from aita.models.run import RunStatus
from benchmarks.emulated import Emulated, emulated

SAMPLE = Path(__file__).parents[1] / "samples" / "exam"
PICTURE = Path(__file__).parent / "images" / "progress.svg"
LATENCY, HALF_WAY = 1.5, 7


def main() -> None:
    """Run the sample exam and keep what the terminal shows when half of its pages are transcribed."""
    with emulated(concurrency=5) as stack:
        for file in SAMPLE.rglob("*"):
            if file.is_file():
                stack.put(f"sample/{file.relative_to(SAMPLE)}", file.read_bytes())
        stack.set_model(latency=LATENCY)
        view = _half_way(stack)
    console = Console(record=True, width=88, file=Path("/dev/null").open("w"))
    console.print(Text("$ aita transcribe --assignment sample --local", "bold"))
    console.print(draw(view, Text("●", "cyan")))
    picture = console.export_svg(title="aita")
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL))  # no font is fetched to look at it


def _half_way(stack: Emulated) -> RunView:
    run = stack.api.start(StartRun(assignment="sample", pipeline="transcribe"), key=uuid.uuid4().hex)
    while run.status is RunStatus.RUNNING:
        stage = run.stages[-1] if run.stages else None
        if stage and stage.stage == "transcribe" and stage.succeeded >= HALF_WAY:
            return run
        time.sleep(0.1)
        run = stack.api.run(run.run_id)
    raise RuntimeError(f"the run ended before it was half way: {run.status}")


if __name__ == "__main__":
    main()
