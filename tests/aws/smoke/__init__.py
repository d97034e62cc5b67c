"""``make aws-smoke``: a stack under a name of its own, the sample exam, checks, and nothing left."""
