"""The model behind an OpenAI-compatible API: the one place that imports openai."""
