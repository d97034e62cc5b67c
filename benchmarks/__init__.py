"""Benchmarks of the design's goals, measured against an ideal or a peer in the same run."""
