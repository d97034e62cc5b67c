"""Gradebooks in the columns that other systems import, and every criterion of every answer as JSON Lines."""
