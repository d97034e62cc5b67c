"""Draws the sample exam: its layout, the blank PDF, the handwriting, and the scanner that sees it."""
