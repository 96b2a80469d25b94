"""The network families: functions that build an uncompiled Keras model from keyword arguments."""
