"""What a search can be run for: the metrics, and the same with rows that count several times."""
