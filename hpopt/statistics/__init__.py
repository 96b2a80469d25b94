"""How sure a score is: intervals, comparisons, calibration. NumPy and SciPy; no TensorFlow."""
