"""In-memory implementations of ports, for executors in process, tests and benchmarks."""
