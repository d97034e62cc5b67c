"""The work that aita does, a package for each part of it. Free of AWS and of any LLM library."""
