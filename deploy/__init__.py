"""Ways of running the three houses."""
