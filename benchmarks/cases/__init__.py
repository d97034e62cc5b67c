"""Parts of the benchmarks, each a module."""
