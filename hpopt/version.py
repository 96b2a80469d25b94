"""The version of hpopt, in its one place."""

VERSION = "0.1.0"
