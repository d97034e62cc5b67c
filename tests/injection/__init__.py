"""Instructions in answers: known attempts, and what becomes of them."""
