"""Tasks: requests to a model and the validation of its replies, one module for each kind."""
