"""Who is calling, what they may do, and how what they entrust to us is kept."""
