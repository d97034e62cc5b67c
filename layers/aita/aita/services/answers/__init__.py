"""A student's answers: found on the pages by the questions' labels, put together, and told from blank ones."""
