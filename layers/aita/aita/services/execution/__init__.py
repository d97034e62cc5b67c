"""Execution of a stage's items: tasks, tasks that share a call, scans to split, reports."""
