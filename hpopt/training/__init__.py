"""From params to a scored network: the metrics, the fit, and the objective that joins them."""
