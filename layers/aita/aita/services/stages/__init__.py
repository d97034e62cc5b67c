"""Stages of the pipelines, one module each, and their base classes."""
