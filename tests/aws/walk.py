"""A walk along the paths by Step Functions' TestState, which runs one state at a time on AWS itself.

What a state calls is mocked, so nothing has to be deployed, and no role is needed. A run and its item are walked one
after the other, as each item is an execution of its own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.aws.definition import Json, all_states, deployed
from tests.aws.path import BREAKS, TASK, Answer, Path, Returned, Thrown, manifest, payload

_MOST_STEPS = 50
_CAUSE = "a cause that may quote a student"
_ENTERED = "2026-01-01T00:00:00.000Z"


class Astray(Exception):
    """Raised where a state does something else than its path has; its argument tells what."""


@dataclass
class Walk:
    """One path's walk by a client of Step Functions."""

    path: Path
    stepfunctions: Any
    definition: Json = field(default_factory=deployed)
    requests: int = 0

    def take(self) -> None:
        """Walk the run, and then its item.

        Raises
        ------
        Astray
            At the first state that does something else than the path has.
        """
        self._states = all_states(self.definition)
        self._answers = {state: list(given) for state, given in self.path.answers.items()}
        ended = self._way(self.path.run, self.path.input)
        told = (ended.get("error"), ended.get("cause")) if ended["status"] == "FAILED" else None
        if told != self.path.ends:
            raise Astray(f"the run ends as {told or 'a success'}, not as {self.path.ends or 'a success'}")
        if self.path.item:
            self._way(self.path.item, self.path.item_input())

    def _way(self, way: str, given: Json) -> Json:
        entered = way.split()
        result: Json = {}
        for name, following in zip(entered, [*entered[1:], None], strict=True):
            result = self._enter(name, given)
            if result.get("nextState") != following:
                raise Astray(f"{name} goes on to {result.get('nextState')}, not to {following}: {result}")
            given = json.loads(result.get("output", "{}"))
        return result

    def _enter(self, name: str, given: Json) -> Json:
        """Run a state until it does not want to be tried again."""
        state = self._states[name]
        if state["Type"] not in ("Task", "Map"):
            return self._ask(name, given)
        answers = self._answers.get(name)
        if not answers:
            broken = BREAKS.get(self.path.circumstance)
            thrown = broken[1] if broken and broken[0] == name else None
            return self._fail(name, given, thrown, last=True) if thrown else self._ask(name, given, self._mock(name))
        while isinstance(told := answers.pop(0), Thrown):
            result = self._fail(name, given, told, last=not answers)
            if not answers:
                return result
        return self._ask(name, given, self._mock(name, told))

    def _fail(self, name: str, given: Json, thrown: Thrown, *, last: bool) -> Json:
        """Let a state fail so many times, and check that it is tried again each time but, if ``last``, the last."""
        mock = {"errorOutput": {"error": thrown.error, "cause": _CAUSE}}
        result: Json = {}
        for tried in _looked_at(thrown.times):
            result = self._ask(name, given, mock, tried)
            again = not last or tried < thrown.times - 1
            if (result["status"] == "RETRIABLE") != again:
                raise Astray(
                    f"{name} fails with {thrown.error} after {tried} retries, and is {result['status']}: "
                    f"it should {'' if again else 'not '}be tried again"
                )
        return result

    def _mock(self, name: str, told: Answer | None = None) -> Json:
        if self._states[name]["Type"] == "Map":
            return {"result": json.dumps([{"task_id": TASK}])}
        if isinstance(told, Returned):
            # Step Functions has parsed what the function returned, which is no form of Lambda's own API.
            result = {"StatusCode": 200, "Payload": payload(told, self.path)}
            return {"result": json.dumps(result), "fieldValidationMode": "NONE"}
        return {"result": "{}"}  # of dynamodb:updateItem

    def _ask(self, name: str, given: Json, mock: Json | None = None, tried: int | None = None) -> Json:
        state = self._states[name]
        if "Seconds" in state:
            state = state | {"Seconds": 1}  # TestState waits as long as the state does, and five minutes at most
        request: Json = {"definition": json.dumps(state), "input": json.dumps(given)}
        if mock is not None:
            context = {
                "Execution": {"Input": self.path.input},
                "State": {"Name": name, "EnteredTime": _ENTERED},
            }
            request |= {"mock": mock, "context": json.dumps(context)}
        configuration: Json = {}
        if tried is not None:
            configuration["retrierRetryCount"] = tried
        if mock is not None and state["Type"] == "Map":
            configuration["mapItemReaderData"] = manifest(1)
        if configuration:
            request["stateConfiguration"] = configuration
        self.requests += 1
        if self.requests > _MOST_STEPS:
            raise Astray(f"{name} is the {self.requests}th state that is asked for: the path has no end")
        result: Json = self.stepfunctions.test_state(**request)
        return result


def _looked_at(times: int) -> Iterator[int]:
    """Yield the retries after which a failure is looked at: none, all but one, and all."""
    yield from sorted({0, max(times - 2, 0), times - 1})
