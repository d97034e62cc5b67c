"""Runs: start, resume and cancel, planning, collection, queries, and cost estimates."""
