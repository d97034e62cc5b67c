"""The Lambda functions: each parses its event, calls one service and returns."""
