"""Pydantic models of the data that aita reads, writes and sends; of the rest of aita they import the errors only."""
