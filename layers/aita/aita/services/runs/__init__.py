"""Runs: started, resumed and cancelled, planned, collected, queried, and estimated before they start."""
