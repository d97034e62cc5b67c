"""Answers that are read wrongly on order: how often a second look at the page keeps them from a wrong grade."""
