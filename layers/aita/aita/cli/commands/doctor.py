"""Command that checks the preconditions of a successful run."""

from collections.abc import Callable
from functools import partial

import typer
from rich.text import Text

from aita.cli import exit_codes
from aita.cli.model_check import ModelCheck
from aita.cli.session import Session
from aita.cli.views.terminal_escape import printable
from aita.client.account_checks import account_of, concurrency_left, is_set, running_executions
from aita.client.owner_operations import explained, make_purger
from aita.client.polling import AWS, LOCAL
from aita.client.stack_outputs import Stack
from aita.errors import AitaError, StackError
from aita.executor.chat_runs import ChatRuns
from aita.models.model_role import ModelRole
from aita.models.names import DOCTOR as ASSIGNMENT
from aita.services.runs.lambda_concurrency import ASK_FOR_MORE, BESIDE_TASKS, shortage, wanted
from aita.version import VERSION


def doctor(context: typer.Context) -> None:
    """Check credentials, region, stack, version, key, quotas and the model (a few calls), and say what to fix."""
    session = Session.of(context)
    checks: list[dict[str, str | bool]] = []
    for name, check in _REQUIRED_CHECKS.items():
        _run_check(session, checks, name, check)
    reached = all(check["ok"] for check in checks)
    if reached:  # the further checks need a stack
        for name, check in (_STACK_CHECKS | _role_checks(session.stack)).items():
            _run_check(session, checks, name, check)
    healthy = all(check["ok"] for check in checks)
    not_checked = [] if reached else list(_STACK_CHECKS)
    closing = "All is well" if healthy else f"Fix what is marked, then run '{session.command('doctor')}' again"
    if not_checked:
        closing = f"Not checked: {', '.join(not_checked)}. {closing}"
    document = {"ok": healthy, "checks": checks, "not_checked": not_checked}
    session.output.result(document, Text(closing))
    if not healthy:
        raise typer.Exit(exit_codes.FAILED)


def _run_check(
    session: Session, checks: list[dict[str, str | bool]], name: str, check: Callable[[Session], str]
) -> None:
    """Run a check, show its finding, and add it to ``checks``."""
    try:
        found, healthy = check(session), True
    except AitaError as error:
        found, healthy = str(error), False
    checks.append({"check": name, "ok": healthy, "found": found})
    word = ("ok      ", "green") if healthy else ("problem ", "bold red")
    session.output.show(Text.assemble(word, f"{name}: ", printable(session.output.pasteable.complete(found))))


def _credentials(session: Session) -> str:
    return f"of account {account_of(session.place)}"


def _stack(session: Session) -> str:
    found = f"{session.stack.name} is deployed, with up to {session.stack.max_concurrency} calls at once for each run"
    if session.stack.is_protected or session.place.local:
        return found
    return f"{found}. Its table can still be deleted: 'sam deploy --parameter-overrides DeletionProtection=true'"


def _region(session: Session) -> str:
    return session.stack.region


def _version(session: Session) -> str:
    deployed = session.api.version()
    if deployed != VERSION:
        raise StackError(
            f"the stack is aita {deployed}, and this command is {VERSION}: deploy the stack again, or install the "
            "command of its version"
        )
    return f"{VERSION}, the stack's and this command's"


def _secret(session: Session, role: ModelRole | None = None) -> str:
    stack = session.stack
    secret, more = (stack.api_key_secret, ()) if role is None else (stack.role_secrets[role], ("--for", role))
    if secret is None:
        return "none is needed: the model is Amazon Bedrock's, which the functions call by their role"
    if not is_set(session.place, secret):
        raise StackError(f"the secret {secret} has no key: set it with '{session.command('key', 'set', *more)}'")
    return f"the secret {secret} is set"


def _quota(session: Session) -> str:
    left, tasks = concurrency_left(session.place), session.stack.max_concurrency
    if left < (one_run := wanted(tasks, runs=1)):
        smaller = f"sam deploy --parameter-overrides MaxConcurrency={left - BESIDE_TASKS}"
        less = f", or have fewer tasks at once ({smaller})" if left > BESIDE_TASKS else ""
        raise StackError(
            f"Lambda runs {left} functions at once in this region, and a run needs {one_run} ({tasks} tasks and "
            f"{BESIDE_TASKS} beside them): {ASK_FOR_MORE}{less}"
        )
    running = running_executions(session.place, session.stack)
    if together := shortage(left, tasks, running):
        raise StackError(together)
    at_once = (left - BESIDE_TASKS) // tasks
    return (
        f"Lambda runs {left} functions at once, and a run needs {one_run}: enough for {at_once} runs at a time, "
        f"{running} are at work"
    )


def _model(session: Session, role: ModelRole | None = None) -> str:
    pace = LOCAL if session.place.local else AWS
    check = ModelCheck(ChatRuns(session.api, session.transfer, ASSIGNMENT, session.pause, pace, role=role))
    check.examine()
    left = _clean_up(session)
    if check.problems:
        needs = "pages are pictures, prompts are long, and replies are JSON"
        raise StackError(f"{check.summary()}. Choose a model that does: {needs}{left}")
    return f"{check.summary()}{left}"


def _clean_up(session: Session) -> str:
    """Delete the traces of this check and earlier ones; return a note if they can't be deleted, which is no fault."""
    try:
        with explained(session.place):
            purger = make_purger(session.place, session.stack)
            purger.check_idle(ASSIGNMENT)
            purger.erase(purger.of_assignment(ASSIGNMENT))
    except AitaError as error:
        return f"; what it left stays ('aita purge --assignment {ASSIGNMENT}' deletes it): {error}"
    return ""


def _role_checks(stack: Stack) -> dict[str, Callable[[Session], str]]:
    """Return the checks of the roles' own keys and models."""
    checks: dict[str, Callable[[Session], str]] = {}
    checks |= {f"{role}'s key": partial(_secret, role=role) for role in stack.role_secrets}
    return checks | {role: partial(_model, role=role) for role in stack.role_models}


_REQUIRED_CHECKS: dict[str, Callable[[Session], str]] = {"credentials": _credentials, "stack": _stack}
_STACK_CHECKS: dict[str, Callable[[Session], str]] = {
    "region": _region,
    "version": _version,
    "key": _secret,
    "quota": _quota,
    "model": _model,
}
