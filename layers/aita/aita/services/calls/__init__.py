"""Calls of the model: admission, cost cap, reply cache, and the conversation with its retries."""
