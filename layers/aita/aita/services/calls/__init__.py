"""Calls of the model: admitted at the provider's rate, paid once, cached, and made again until a reply is usable."""
