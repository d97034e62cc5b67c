"""What aita does, in verbs: submit, plan, split, execute, collect, status. Free of AWS and of any LLM library."""
