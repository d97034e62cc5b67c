"""Privacy and accountability: retention of rows, deletion with its proof, and the audit bundle."""
