"""Content of the class's and the students' reports, which ``aita.reports`` writes as HTML."""
