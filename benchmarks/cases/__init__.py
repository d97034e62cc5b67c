"""The cases that are measured, each a module."""
