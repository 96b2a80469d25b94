"""Trials on a cluster of Ray."""
