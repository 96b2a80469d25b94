"""From a YAML text to a checked configuration, with the line of everything that is wrong in it."""
