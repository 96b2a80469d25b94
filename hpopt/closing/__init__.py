"""What ends a run: the closing steps, from the confirmed best to the summary."""
