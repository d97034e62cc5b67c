"""Reports for people, as HTML: each is one file that opens offline, without scripts and external resources."""
