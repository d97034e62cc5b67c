"""The content of the class's and the students' reports; ``aita.reports`` writes it as HTML."""
