"""moto's interpreter takes every path of the state machine's definition, with functions that answer by a script.

It does not share a line with the emulator's, which takes the same paths in ``tests/local/test_paths.py``. Its waits
are left out.
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from tests.aws import scripted
from tests.aws.interpreted import FUNCTIONS, TABLE, Interpreter, check, hurried, hurried_definition, script
from tests.aws.path import BUCKET, NO_ANSWER, Answer, Path, Thrown
from tests.aws.paths import PATHS
from tests.integration.stack import LambdaRefuses, Stack
from tests.integration.table import make_table


def is_unanswered(answer: Answer) -> bool:
    return isinstance(answer, Thrown) and answer.error == NO_ANSWER


HURRIED = tuple(hurried(path) for path in PATHS if not any(map(is_unanswered, path.tries("RunItem"))))
"""All paths but where Step Functions itself gives up waiting: moto lets no function end in an error of that kind."""


def play(folder: File, function: str, event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer by the script, with an error as Lambda and moto tell it."""
    try:
        return scripted.answer(folder, function, event)
    except scripted.Raised as error:
        name = str(error)
        if name.startswith("Lambda."):
            raise LambdaRefuses(name.removeprefix("Lambda.")) from error
        raise type(name, (Exception,), {})("a message that may quote a student") from error


@pytest.fixture(scope="module")
def interpreter(module_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    folder = tmp_path_factory.mktemp("paths")
    (folder / "script.json").write_text(json.dumps(script(HURRIED)))
    module_stack.s3.create_bucket(Bucket=BUCKET)
    make_table(module_stack.dynamodb, TABLE)
    role = boto3.client("iam").get_role(RoleName="test")["Role"]["Arn"]

    def create(table: str) -> str:
        made = module_stack.stepfunctions.create_state_machine(
            name=f"paths-{table}", definition=hurried_definition(table), roleArn=role
        )
        return str(made["stateMachineArn"])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: None))
        patched.setattr(WaitFunction, "_wait_interval", lambda self, env, wait_seconds: None)
        for name in FUNCTIONS.values():
            patched.setitem(module_stack.handlers, name, functools.partial(play, folder, name))
        yield Interpreter(folder, module_stack.s3, module_stack.dynamodb, module_stack.stepfunctions, create)


@pytest.mark.parametrize("path", HURRIED, ids=lambda path: path.name)
def test_motos_interpreter_takes_the_path(interpreter: Interpreter, path: Path) -> None:
    check(path, interpreter.run(path))
