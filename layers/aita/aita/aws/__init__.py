"""The AWS adapters behind the services' protocols: the one place that imports boto3."""
