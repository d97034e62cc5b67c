"""The simulated model's replies, by the kind of request."""
