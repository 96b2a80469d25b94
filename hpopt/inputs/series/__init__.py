"""The kind `series`: measurements over time, also of different lengths."""
