"""Commands of AWS's own command line, ``aws SERVICE OPERATION --option value``, read by AWS's model of each service."""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.session import Session

CUSTOM = {"configure", "s3", "sso"}
"""Commands that are made of several operations, which no model has."""

_OF_ALL = {"--query", "--output", "--region", "--profile"}
_SERVICES = {"s3api": "s3"}


class WrongCommand(Exception):
    """Raised for a command that AWS's command line would not take; its argument says why."""


@dataclass
class AwsCommand:
    """A command: its service, the operation in Python's spelling, and its parameters.

    ``waits_for`` is the state of a ``wait`` command, which has no operation.
    """

    service: str
    operation: str
    parameters: dict[str, Any] = field(default_factory=dict)
    waits_for: str = ""

    @classmethod
    def read(cls, words: list[str]) -> "AwsCommand | None":
        """Read the words after ``aws``; a command that is none of one operation is ``None``.

        Raises
        ------
        WrongCommand
            If there is no such service, operation, waiter or option, or a required option is missing.
        """
        if not words or words[0] in CUSTOM:
            return None
        model, operation, *options = _model(words[0]), *words[1:]
        waits_for = ""
        if operation == "wait":
            waits_for, *options = options
            operation = _waited(model, waits_for)
        found = _operation(model, operation)
        return cls(model.service_name, xform_name(found.name), _parameters(found, options), waits_for)

    def run(self, client: Any) -> dict[str, Any]:
        """Run it by a client of its service."""
        if self.waits_for:
            client.get_waiter(self.waits_for.replace("-", "_")).wait(**self.parameters)
            return {}
        answer: dict[str, Any] = getattr(client, self.operation)(**self.parameters)
        return answer


@cache
def _session() -> Session:
    return Session()


@cache
def _model(name: str) -> ServiceModel:
    try:
        return _session().get_service_model(_SERVICES.get(name, name))
    except UnknownServiceError as error:
        raise WrongCommand(f"there is no service {name}") from error


def _operation(model: ServiceModel, name: str) -> OperationModel:
    names = {xform_name(each, "-"): each for each in model.operation_names}
    if name not in names:
        raise WrongCommand(f"{model.service_name} has no {name}")
    return model.operation_model(names[name])


def _waited(model: ServiceModel, name: str) -> str:
    """Return the operation that a waiter asks."""
    waiters = _session().get_waiter_model(model.service_name)
    names = {xform_name(each, "-"): each for each in waiters.waiter_names}
    if name not in names:
        raise WrongCommand(f"{model.service_name} waits for no {name}")
    return xform_name(waiters.get_waiter(names[name]).operation, "-")


def _parameters(operation: OperationModel, words: list[str]) -> dict[str, Any]:
    shape = operation.input_shape
    members: dict[str, tuple[str, Shape]] = (
        {f"--{xform_name(name, '-')}": (name, member) for name, member in shape.members.items()} if shape else {}
    )
    parameters: dict[str, Any] = {}
    left = list(words)
    while left:
        option = left.pop(0)
        positive = f"--{option.removeprefix('--no-')}" if option.startswith("--no-") else option
        if option in _OF_ALL:
            left.pop(0)
        elif positive in members:
            name, member = members[positive]
            parameters[name] = positive == option if member.type_name == "boolean" else _value(member, left.pop(0))
        else:
            raise WrongCommand(f"{operation.name} has no {option}")
    if missing := set(shape.required_members if shape else ()) - set(parameters):
        raise WrongCommand(f"{operation.name} needs {', '.join(sorted(missing))}")
    return parameters


def _value(shape: Shape, word: str) -> Any:
    return json.loads(word) if shape.type_name in ("structure", "list", "map", "integer", "long") else word
