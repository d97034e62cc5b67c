"""The simulated model's knowledge of the sample exam."""
