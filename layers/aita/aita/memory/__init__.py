"""Stores in memory behind the services' protocols: for tests and benchmarks, and as the protocols' plainest reading."""
