"""From a source of rows to the float arrays that a network is fitted on. No TensorFlow here."""
