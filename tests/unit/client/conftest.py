"""The client's fixtures: those of the command line."""

from tests.support.command_fixtures import aita, environment, stack

__all__ = ["aita", "environment", "stack"]
