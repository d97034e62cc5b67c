"""Files that the commands read, upload, download and write."""
