"""The stack's DynamoDB table: runs, tasks, decisions, rate limits and prompt caches."""
