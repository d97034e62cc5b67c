"""The ``aita`` command."""
