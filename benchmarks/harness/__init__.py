"""Harness of the cases: stacks, models, clients, scans and the table of results."""
