"""A student's answers: cut at the questions' labels, assembled across pages, and checked for blank ones."""
