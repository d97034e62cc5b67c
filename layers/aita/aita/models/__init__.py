"""The data that aita reads, writes and sends, as pydantic models; imports nothing else of aita but errors."""
