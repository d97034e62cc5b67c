"""Work of the console's server that the command line does, too: lists with names, exports, uploads, rubrics."""
