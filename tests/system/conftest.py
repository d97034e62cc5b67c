"""What whole runs start from: the stacks of the integration tests."""

from tests.integration.conftest import assignment, module_stack, stack

__all__ = ["assignment", "module_stack", "stack"]
