"""Benchmarks: what the design must reach, measured against an ideal or a peer in the same run."""
