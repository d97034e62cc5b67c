"""The sample exam, as the simulated model knows it."""
