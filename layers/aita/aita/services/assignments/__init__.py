"""An assignment: where its objects are in the bucket, what the instructor uploads, the roster, files of tasks."""
