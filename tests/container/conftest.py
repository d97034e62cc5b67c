"""Servers and a build for the containers: an emulator and a simulated model of their own, and what AWS gets."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from aita.aws.dynamodb.run_table import DynamoRunTable
from aita.models.run import Run, RunSettings, RunStatus, StageCounts
from aita.services.assignments import object_keys
from aita.services.stages.base import INPUTS
from aita.services.stages.transcribe import TranscriptionInputs
from aita_local.daemon import exclusive_lock
from aita_local.deploy import Deployment, Parameters, client
from aita_local.emulator import ENVIRONMENT, REGION, Emulator
from aita_local.model_process import SimulatedModelProcess
from aita_local.state_dir import PROJECT, StateDir
from tests.container.sam_local import EVENTS, HOST, RUNTIME, SamLocal, nothing_left, why_not
from tests.container.servers import BUCKET, TABLE, Servers
from tests.local.stack import full_home

SCANS = PROJECT / "samples" / "exam" / "scans"
PHOTO, PDF = "Priya Castellane/IMG_0413.jpg", "Tobias Wrenfield/exam scan.pdf"
UPRIGHT = "Maya Lindqvist/page 1.jpg"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """An emulator with a bucket, a table and a key, and the simulated model; skips where no container reaches them."""
    assert ENVIRONMENT.exists(), "the emulator's environment is not there: run `make emulator`"
    home = StateDir(tmp_path_factory.mktemp("container") / "home")
    emulator, model = Emulator(home), SimulatedModelProcess(home)
    try:
        model.start(["--latency", "0.05"])
        if reason := why_not(home.port("simulated-model")):
            pytest.skip(reason)
        emulator.start()
        made = Servers(home)
        made.furnish()
        yield made
    finally:
        model.stop()
        emulator.stop()


@pytest.fixture(scope="session")
def sam(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamLocal]:
    """What AWS would get, ready to be run in containers."""
    full = full_home(tmp_path_factory)
    with pytest.MonkeyPatch.context() as patched, exclusive_lock(full):
        patched.setenv("AITA_LAYERS", "full")
        Deployment(full, servers.endpoint_url).build(Parameters(RUNTIME, 5, 0, servers.model_url, "simulated", 0))
    built = full.path / "build" / "template.yaml"
    folder = tmp_path_factory.mktemp("sam")
    with nothing_left(built.parent):
        yield SamLocal.of(built, folder, servers.variables(HOST))


@pytest.fixture(scope="session")
def run(servers: Servers) -> Run:
    """The run that the events are of: it transcribes two scans, and one page of another is there already."""
    event = json.loads((EVENTS / "plan.json").read_text())
    task = json.loads((EVENTS / "task.json").read_text())["item"]["refs"]
    split = {name: json.loads((EVENTS / f"split_{name}.json").read_text())["item"]["refs"] for name in ("photo", "pdf")}
    s3 = client("s3", servers.endpoint_url)
    students = []
    for scan, refs in ((PHOTO, split["photo"]), (PDF, split["pdf"])):
        s3.put_object(Bucket=BUCKET, Key=f"sample/scans/{scan}", Body=(SCANS / scan).read_bytes())
        folder = scan.partition("/")[0]
        students.append({"student_id": refs["student_id"], "folder": folder, "roster_name": None, "match": "no_roster"})
    s3.put_object(Bucket=BUCKET, Key="sample/students.json", Body=json.dumps({"students": students, "missing": []}))
    s3.put_object(Bucket=BUCKET, Key="sample/blank_exam.pdf", Body=(SCANS.parent / "blank_exam.pdf").read_bytes())
    s3.put_object(Bucket=BUCKET, Key=task["image"], Body=(SCANS / UPRIGHT).read_bytes())
    inputs = object_keys.stage_file(event["run_id"], "transcribe", INPUTS)
    s3.put_object(Bucket=BUCKET, Key=inputs, Body=TranscriptionInputs(questions=()).model_dump_json().encode())
    now = datetime.now(UTC)
    made = Run(
        run_id=event["run_id"],
        assignment="sample",
        pipeline="transcribe",
        status=RunStatus.RUNNING,
        attempt=event["attempt"],
        stage="split",
        settings=RunSettings(model="simulated", max_workers=5, rate_limit_rps=0),
        stages={"transcribe": StageCounts(total=1), "report": StageCounts(total=1)},
        created_at=now,
        updated_at=now,
    )
    DynamoRunTable(client("dynamodb", servers.endpoint_url), TABLE, lambda: now, 1).create(made, None)
    assert REGION == "us-east-1", "the region that sam gives its containers"
    return made
