"""Grades: inputs of grading, cells from several graders, the gradebook, review, and the student's view."""
