"""Replies of the simulated model, by the kind of request."""
