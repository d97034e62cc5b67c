"""Run for the measurement of services over stores in memory."""

from aita.bootstrap import utc_now
from aita.models.run import Run, RunSettings, RunStatus, StageCounts

RUN_ID = "R"
ASSIGNMENT = "bench"


def running(stage: str, counts: StageCounts | None = None) -> Run:
    """Return a run of ``transcribe`` at a stage."""
    now = utc_now()
    return Run(
        run_id=RUN_ID,
        assignment=ASSIGNMENT,
        pipeline="transcribe",
        status=RunStatus.RUNNING,
        attempt=1,
        stage=stage,
        settings=RunSettings(model="m", max_workers=10),
        stages={stage: counts} if counts else {},
        created_at=now,
        updated_at=now,
    )
