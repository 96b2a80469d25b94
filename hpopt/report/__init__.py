"""What a run found, in words, from its folder alone."""
