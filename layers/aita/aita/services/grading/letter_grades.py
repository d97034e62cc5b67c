"""Letter grades of total points."""

from decimal import Decimal

from aita.models.grade import GradeScale, GradeStep
from aita.models.points import exact

USUAL_SCALE = GradeScale(
    steps=(
        GradeStep(letter="A", from_percent=90),
        GradeStep(letter="B", from_percent=80),
        GradeStep(letter="C", from_percent=70),
        GradeStep(letter="D", from_percent=60),
        GradeStep(letter="F", from_percent=0),
    )
)
"""Default grade scale: the ten-point scale that is usual in the United States."""


def letter(points: float, out_of: float, scale: GradeScale) -> str:
    """Return the letter of the first step that a total reaches, compared without rounding."""
    share, whole = exact(points) * 100, exact(out_of)
    reached = (step.letter for step in scale.steps if share >= Decimal(str(step.from_percent)) * whole)
    return next(reached)  # the last step begins at 0
