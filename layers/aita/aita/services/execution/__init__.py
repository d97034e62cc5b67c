"""One item of a stage, as its function runs it: a task, tasks that share a call, a scan to split, a report."""
