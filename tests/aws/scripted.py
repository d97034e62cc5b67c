#!/usr/bin/env python3
"""Functions that answer by a script: Plan, an item's and Collect.

The emulator runs this file alone, in a process of its own, so it imports nothing of the project. It is Lambda's
bootstrap, as a function in Python can't choose the name of its error there.
"""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

FOLDER = "AITA_PATHS"
"""Environment variable with the folder of ``script.json``, where the calls are written too."""

Json = dict[str, Any]


class Raised(Exception):
    """The error of a function; its argument is the error's name."""


def answer(folder: Path, function: str, event: Json) -> Json:
    """Answer by the script: each run's functions have a list of ``[answer, times]``, taken in order.

    Raises
    ------
    Raised
        If the script has an error, or no more answers.
    """
    calls = folder / f"{event['run_id']}.{function}"
    with calls.open("a+") as log:
        log.write(json.dumps(event) + "\n")
        log.seek(0)
        number = sum(1 for _ in log)
    for given, times in json.loads((folder / "script.json").read_text())[event["run_id"]].get(function, ()):
        if number <= times:
            if "error" in given:
                raise Raised(given["error"])
            payload: Json = given["payload"]
            return payload
        number -= times
    raise Raised("CalledOnceMoreThanThePathHasIt")


def serve() -> None:
    """Answer invocations by Lambda's Runtime API, until the process is ended."""
    invocation = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    folder, function = Path(os.environ[FOLDER]), os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        with direct.open(f"{invocation}/next") as given:
            request, event = given.headers["Lambda-Runtime-Aws-Request-Id"], json.load(given)
        try:
            kind, told = "response", answer(folder, function, event)
        except Raised as error:
            kind, told = "error", {"errorType": str(error), "errorMessage": "a message that may quote a student"}
        direct.open(f"{invocation}/{request}/{kind}", json.dumps(told).encode()).close()


if __name__ == "__main__":
    serve()
