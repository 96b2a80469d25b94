"""Trials for other programs to show."""
