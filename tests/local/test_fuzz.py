"""Requests that nobody would send, made from the API's own OpenAPI document: none may make the API fail.

Half of them name an assignment, a run and a cell that are there.
"""

from typing import Any

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.result import Ok

from tests.local.stack import PATIENCE, SAMPLES, LocalStack

ASSIGNMENT = "fuzzed"
EXAMPLES = 30
"""Requests of each kind for each operation: about a minute in all."""

MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


class Signed(requests.auth.AuthBase):
    """Signs a request as it goes out."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed = AWSRequest(request.method, request.url, data=request.body)
        SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(signed)
        request.headers.update(dict(signed.headers))
        return request


@pytest.fixture(scope="module")
def there(fresh_stack: LocalStack) -> dict[str, str]:
    """What there is to ask for, by the name of its path parameter."""
    fresh_stack.run("upload", str(SAMPLES / "exam"), "--assignment", ASSIGNMENT)
    run = fresh_stack.run("exam", "--assignment", ASSIGNMENT)
    cell = fresh_stack.run("review", "list", "--assignment", ASSIGNMENT)["cells"][0]["cell_id"]
    return {"assignment": ASSIGNMENT, "run_id": run["run_id"], "cell_id": cell}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_no_request_makes_the_api_fail(stack: LocalStack, there: dict[str, str], mode: Any) -> None:
    schema = schemathesis.openapi.from_dict(stack.api.request("GET", "openapi.json"))
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    if mode is schemathesis.GenerationMode.NEGATIVE:  # any text may stand in a path
        operations = [each for each in operations if [*each.query, *each.body]]
    assert len(operations) > 8
    answered: set[int] = set()
    with requests.Session() as session:
        session.trust_env = False  # no proxy of this machine's
        for operation in operations:
            answered |= fuzz(operation.as_strategy(generation_mode=mode), there, stack, session)
    assert {200, 400, 404} <= answered, "the requests did not get far: nothing is proven"


def fuzz(cases: Any, there: dict[str, str], stack: LocalStack, session: requests.Session) -> set[int]:
    """Send an operation's requests, check the answers, and return their statuses."""
    answered: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, real=st.booleans())
    def send(case: schemathesis.Case[Any], real: bool) -> None:
        if real:
            case.path_parameters = {
                name: there.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        response = case.call(base_url=stack.deployed.api_url, session=session, auth=Signed(), timeout=PATIENCE)
        answered.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    send()
    return answered
