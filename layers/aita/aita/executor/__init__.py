"""The framework's executors: batches of tasks, in process or on the stack."""
