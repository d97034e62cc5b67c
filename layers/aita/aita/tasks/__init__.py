"""What is asked of a model, and how its replies are judged: one module for each kind of task."""
