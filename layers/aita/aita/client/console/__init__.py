"""The console: a server on this computer's loopback that shows pages, and passes their calls on to the stack's API."""
