"""The model that people carry away."""
