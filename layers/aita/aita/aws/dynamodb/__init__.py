"""DynamoDB table of the stack: runs, tasks, decisions, rate limits and prompt caches."""
