"""Gradebooks in the columns of other systems, and all criteria of all answers as JSON Lines."""
