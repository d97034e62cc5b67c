"""The emulator's interpreter takes every path of the state machine's definition.

Functions answer by a script; bucket and table are the emulator's. It waits for nothing.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path as File

import pytest

from aita_local.deploy import client
from aita_local.emulator import Emulator
from aita_local.state_dir import StateDir
from tests.aws import scripted
from tests.aws.definition import deployed, item_states
from tests.aws.interpreted import FUNCTIONS, TABLE, Interpreter, check, hurried, hurried_definition, script
from tests.aws.path import BUCKET, Path
from tests.aws.paths import PATHS

HURRIED = tuple(map(hurried, PATHS))
ITEM_STATES = item_states(deployed())
ROLE = "arn:aws:iam::000000000000:role/paths"


class Timeless(Emulator):
    """The emulator, where neither a Wait nor a retry takes time."""

    def _variables(self) -> dict[str, str]:
        return super()._variables() | {"SFN_WAIT_SCALE": "0"}


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    folder = tmp_path_factory.mktemp("paths")
    (folder / "script.json").write_text(json.dumps(script(HURRIED)))
    emulator = Timeless(StateDir(folder / "home"))
    emulator.start()
    try:
        yield prepared(emulator.endpoint_url, folder)
    finally:
        emulator.stop()


def prepared(endpoint_url: str, folder: File) -> Interpreter:
    """Make the bucket, the table and the functions."""
    s3, dynamodb, stepfunctions, functions = (
        client(service, endpoint_url) for service in ("s3", "dynamodb", "stepfunctions", "lambda")
    )
    s3.create_bucket(Bucket=BUCKET)
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        executable = zipfile.ZipInfo("bootstrap")
        executable.external_attr = 0o755 << 16
        archive.writestr(executable, File(scripted.__file__).read_bytes())
    for name in FUNCTIONS.values():
        functions.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Role=ROLE,
            Handler="bootstrap",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": {scripted.FOLDER: str(folder)}},
            Timeout=60,
        )

    def create(table: str) -> str:
        made = stepfunctions.create_state_machine(
            name=f"paths-{table}", definition=hurried_definition(table), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    return Interpreter(folder, s3, dynamodb, stepfunctions, create)


def item_ends(interpreter: Interpreter, path: Path) -> list[str | None]:
    """Return how the items of a path ended: the cause of a failure, and nothing for a success."""
    states = interpreter.stepfunctions
    machines = states.list_state_machines()["stateMachines"]
    runs = [
        execution["executionArn"]
        for machine in machines
        for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        if execution["name"] == path.run_id
    ]
    maps = [found for run in runs for found in states.list_map_runs(executionArn=run)["mapRuns"]]
    items = [item for found in maps for item in states.list_executions(mapRunArn=found["mapRunArn"])["executions"]]
    return [states.describe_execution(executionArn=item["executionArn"]).get("cause") for item in items]


@pytest.mark.parametrize("path", HURRIED, ids=lambda path: path.name)
def test_the_emulators_interpreter_takes_the_path(interpreter: Interpreter, path: Path) -> None:
    ended = interpreter.run(path)
    assert ended.entered == path.run.split()
    check(path, ended)
    ends = [ITEM_STATES[path.item.split()[-1]].get("Cause")] if path.item else []
    assert item_ends(interpreter, path) == ends
