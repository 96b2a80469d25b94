"""A run as a page to look at in a browser: one file, or served while the run goes on."""
