"""The laptop's stack: the emulator and the simulated model."""
