"""Executors of the framework: batches of tasks, in process or on the stack."""
