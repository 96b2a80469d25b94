"""Searchers: from a space and the trials so far to the params to try next. Nothing of networks."""
