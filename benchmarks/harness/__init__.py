"""What the cases are measured with: stacks, models, clients, scans and the table of results."""
