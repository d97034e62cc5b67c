"""Model behind an OpenAI-compatible API. Only this package imports openai."""
