"""Files that people hand in or receive: sealed each with a key of its own, in any object store."""
