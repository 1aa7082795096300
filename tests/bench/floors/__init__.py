"""What each figure stands beside: the same work by hand, as small as it can honestly be."""
