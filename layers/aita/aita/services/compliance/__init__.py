"""Privacy and accountability: how long rows are kept, deletion with its proof, and the audit's bundle."""
