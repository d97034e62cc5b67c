"""Output of the commands in its form for people."""
