"""Reports for people, as HTML: each one file that opens offline, with no script and nothing from outside."""
