"""The kinds of inputs: what raw rows are, and how they become what a network is given."""
