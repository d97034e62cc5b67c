"""The stack from outside: its API, its files, and the operations of its owner. No function imports it."""
