"""Subcommands: each reads its arguments, calls the API, and passes the result to the output."""
