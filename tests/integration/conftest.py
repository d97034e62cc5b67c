"""One deployed stack for each module; each test has its own assignment."""

import uuid
from collections.abc import Iterator

import pytest

from tests.integration.material import right
from tests.integration.stack import Stack, deployed


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    with deployed() as stack:
        yield stack


@pytest.fixture
def stack(module_stack: Stack) -> Stack:
    module_stack.provider.answer = right
    module_stack.provider.requests.clear()
    module_stack.provider.began.clear()
    module_stack.before = lambda function, event: None
    module_stack.invocations.clear()
    return module_stack


@pytest.fixture
def assignment() -> str:
    return f"exam-{uuid.uuid4().hex[:8]}"
