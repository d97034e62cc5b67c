"""Grades: the inputs of grading, cells of several graders, the gradebook, review, and what a student is shown."""
