"""An OpenAI-compatible server on loopback that knows the sample exam only."""
