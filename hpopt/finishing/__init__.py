"""The closing steps that fit networks: which params are the best, and their last network."""
