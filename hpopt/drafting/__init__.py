"""The first configs: to run as they are, and to edit."""
