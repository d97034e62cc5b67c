"""The command line's fixtures."""

from tests.support.command_fixtures import aita, environment, opened, stack

__all__ = ["aita", "environment", "opened", "stack"]
