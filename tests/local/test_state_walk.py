"""`make aws-check` on the emulator: its requests are ones that AWS takes, and a definition that is broken is found."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.model import Shape, StructureShape

from aita_local.state_dir import StateDir
from tests.aws.check import check
from tests.aws.definition import Json, all_states, deployed
from tests.aws.paths import PATHS
from tests.aws.walk import Astray, Walk
from tests.local.test_paths import Timeless

BY_NAME = {path.name: path for path in PATHS}


class StrictStates:
    """The emulator's client, which holds each request against AWS's model, and mends what its TestState does not have.

    AWS retries before it catches, and takes maps; the emulator catches first, and takes none.
    """

    def __init__(self, stepfunctions: Any) -> None:
        self._client = stepfunctions
        self._model = boto3.client("stepfunctions").meta.service_model

    def validate_state_machine_definition(self, **request: Any) -> Json:
        self._hold("ValidateStateMachineDefinition", request)
        answer: Json = self._client.validate_state_machine_definition(**request)
        return answer

    def test_state(self, **request: Any) -> Json:
        self._hold("TestState", request)
        state = json.loads(request["definition"])
        mocked = state["Type"] in ("Task", "Map")
        assert ("mock" in request) == mocked, "AWS mocks what calls something, and takes no mock of anything else"
        if state["Type"] == "Map":
            state = {"Type": "Task", "Resource": "map"} | {
                name: state[name] for name in ("Retry", "Catch", "ResultPath", "Next") if name in state
            }
        if "errorOutput" in request.get("mock", {}):
            uncaught = {name: value for name, value in state.items() if name != "Catch"}
            answer = self._ask(request, uncaught)
            if answer["status"] == "RETRIABLE":
                return answer
        return self._ask(request, state)

    def _ask(self, request: Json, state: Json) -> Json:
        answer: Json = self._client.test_state(**request | {"definition": json.dumps(state)})
        return answer

    def _hold(self, operation: str, request: Json) -> None:
        hold(self._model.operation_model(operation).input_shape, request)


def hold(shape: Shape | None, value: Any) -> None:
    """Check a value against botocore's model: names, values and lengths, of which botocore itself checks few."""
    if isinstance(shape, StructureShape):
        assert set(value) <= set(shape.members), set(value) - set(shape.members)
        assert set(shape.required_members) <= set(value)
        for name, member in value.items():
            hold(shape.members[name], member)
        return
    assert shape is not None
    assert isinstance(value, {"string": str, "integer": int, "boolean": bool}[shape.type_name])
    limits = shape.metadata
    if isinstance(value, str):
        assert limits.get("min", 0) <= len(value) <= limits.get("max", len(value))
        assert value in limits.get("enum", [value])
    else:
        assert limits.get("min", value) <= value <= limits.get("max", value)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrictStates]:
    emulator = Timeless(StateDir(tmp_path_factory.mktemp("walk") / "home"))
    emulator.start()
    try:
        direct = Config(proxies={}, inject_host_prefix=False)  # AWS has TestState at sync-states.REGION...
        yield StrictStates(boto3.client("stepfunctions", endpoint_url=emulator.endpoint_url, config=direct))
    finally:
        emulator.stop()


def test_every_path_is_walked(states: StrictStates, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(states, PATHS) == []
    assert capsys.readouterr().out.count("ok  ") == len(PATHS)


BREAKS = {
    "an item is done": lambda states: states["RunItem"].update(Next="ItemEnded"),
    "an item waits twice, and keeps its place": lambda states: states["Wait"].update(Next="Outcome"),
    "Lambda throttles an item for good": lambda states: states["RunItem"]["Retry"][0].update(MaxAttempts=999),
    "Lambda itself fails for good": lambda states: states["RunItem"]["Retry"][1].update(MaxAttempts=16),
    "the function crashes each time": lambda states: states["RunItem"]["Retry"].pop(),
    "the map cannot be started": lambda states: states["RunItems"].pop("Catch"),
    "a run was cancelled": lambda states: states["RunStopped"].update(CausePath="$.status"),
    "an outcome that nobody knows": lambda states: states["Outcome"].update(Default="ItemEnded"),
}
"""A break of the definition for each of some paths, which runs into it."""


@pytest.mark.parametrize("name", BREAKS)
def test_what_goes_astray_is_told(states: StrictStates, name: str) -> None:
    broken = deployed()
    BREAKS[name](all_states(broken))
    with pytest.raises(Astray):
        Walk(BY_NAME[name], states, broken).take()
