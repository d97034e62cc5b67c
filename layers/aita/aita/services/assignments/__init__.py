"""An assignment: the keys of its objects in the bucket, the instructor's files, the roster, and files of tasks."""
