"""Options and arguments of commands that start runs, or look at them."""

from typing import Annotated

import typer

from aita.models.second_look import See

Assignment = Annotated[str, typer.Option("--assignment", "-a", metavar="NAME", help="The assignment's name.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return as soon as the run has started.")]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", metavar="USD", min=0, max=1_000_000, help="What the run may cost.", show_default="no cap"
    ),
]
Graders = Annotated[
    int | None,
    typer.Option(
        "--graders", metavar="K", min=1, max=9, help="Independent graders of each answer.", show_default="as before; 1"
    ),
]
Disagreement = Annotated[
    float | None,
    typer.Option(
        "--disagreement",
        metavar="SHARE",
        min=0,
        max=1,
        help="How far two graders may differ, as a share of the question's points, before a person decides.",
        show_default="as before; 0.2",
    ),
]
SeeOption = Annotated[
    See | None,
    typer.Option(
        "--see",
        help="Answers that graders see on the page, too: all, those of a doubtful transcription and drawings, or none.",
        show_default="as before; doubtful",
    ),
]
Readings = Annotated[
    int | None,
    typer.Option(
        "--readings",
        metavar="N",
        min=1,
        max=2,
        help="With 2, answers are read once more on the page; where that differs, a person decides.",
        show_default="as before; 1",
    ),
]
ReadNames = Annotated[
    bool,
    typer.Option(
        "--read-names",
        help="Show a model the unmasked heads of pages, where folders tell no student, to read name and number.",
    ),
]
RegradeOlder = Annotated[
    bool,
    typer.Option(
        "--regrade-older",
        help="Grade answers again that an older aita or another model graded, or that were seen or read otherwise.",
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
