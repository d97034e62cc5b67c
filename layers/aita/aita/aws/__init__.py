"""Adapters of AWS behind the ports: the only package that imports boto3."""
