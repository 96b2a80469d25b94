"""Tables: columns of numbers and of texts, each treated by what it is."""
