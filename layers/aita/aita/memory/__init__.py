"""Stores in memory behind the ports: for tests and benchmarks, and as the ports' plainest reading."""
