"""Applications: the command line. They hold no science."""
