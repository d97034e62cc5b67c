"""The AWS adapters behind the ports: the one place that imports boto3."""
