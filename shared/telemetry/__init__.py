"""What operations see of a running house: logs, metrics, traces."""
