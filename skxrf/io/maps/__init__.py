"""Maps: readers and writers, one module a format, and the tables of both."""
