"""The run folder: the truth about a run, readable without TensorFlow."""
