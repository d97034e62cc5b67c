"""aita: a serverless AI teaching assistant for handwritten exams."""
