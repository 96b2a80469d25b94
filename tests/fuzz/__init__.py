"""Configs, journals, tables, command lines and requests from nobody in their right mind.

`python -m tests.fuzz --minutes 60` makes cases until the time is up, runs each in this process
without TensorFlow, and keeps what ends in a traceback, takes for ever or gives a wrong exit code.
A case is its target and its seed: `python -m tests.fuzz --case configs:17` runs one again.
"""
