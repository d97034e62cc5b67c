"""The subcommands: each reads its arguments, calls the API, and hands what it got to the output."""
