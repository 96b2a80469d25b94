"""The kind `image`: pixels as uint8, and the files that they are read from."""
