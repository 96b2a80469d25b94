"""What carries a run from its configuration through the search."""
