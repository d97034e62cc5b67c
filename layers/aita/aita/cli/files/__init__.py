"""The files that the commands read, upload, download and write."""
