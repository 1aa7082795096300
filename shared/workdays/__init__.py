"""Which days the law counts, where, and how sure that is."""
