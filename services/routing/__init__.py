"""Where a case is handled, who works on it, under which clock, and where its papers are."""
