"""The command line's fixtures."""

from tests.support.command_fixtures import aita, environment, stack

__all__ = ["aita", "environment", "stack"]
