"""The search space: dimensions, who is active when, and params on the unit cube."""
